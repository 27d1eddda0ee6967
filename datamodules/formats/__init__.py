"""Readers of data sets on disk or on the hub."""
