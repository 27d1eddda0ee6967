"""What is to be run; imports no torch."""
