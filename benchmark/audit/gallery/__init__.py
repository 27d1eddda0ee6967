"""The page of an audit: one HTML file with the pictures in it."""
