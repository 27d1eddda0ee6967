"""The report: one self-contained page that needs no network."""

from benchmark.page.build import build

__all__ = ["build"]
