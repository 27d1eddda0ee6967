"""Results and draws of wrong labels as data sets that others can load and cite."""

#: The folder below a results folder, and what it always holds.
HUB, HUB_FILES = "hub", ("README.md", "runs.parquet", "draws.parquet", "croissant.json")
