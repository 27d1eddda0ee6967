"""Pure functions: losses, optimal transport, Gaussian mixtures, pseudo-labels."""
