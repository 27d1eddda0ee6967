"""One file per command of `promptnoise`."""
