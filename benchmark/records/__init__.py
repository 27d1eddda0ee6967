"""What a finished run leaves on disk."""
