"""One file per data set: `TEMPLATE`, `load()` and, where it can be missing, `ready()`; the folder is the registry."""
