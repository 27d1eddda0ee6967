"""Plain, slow readings of the papers, one run at a time, that share no code with the suite but its random numbers."""
