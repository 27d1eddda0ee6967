"""The report: one self-contained page that needs no network."""

from benchmark.report.page.assemble import build

__all__ = ["build"]
