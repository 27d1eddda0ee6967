"""Pure functions: losses, transport, mixtures, pseudo-labels."""
