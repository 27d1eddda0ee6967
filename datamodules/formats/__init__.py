"""How data sets on disk or on a hub are opened."""
