"""One module per data set: TEMPLATE with SOURCE (files), HUB (hub version) or `load()`; the folder is the registry."""
