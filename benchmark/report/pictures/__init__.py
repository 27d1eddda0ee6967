"""The pictures of a results folder, drawn from its records: PNG for the screen, SVG for print."""

from benchmark.report.pictures.campaign_pictures import draw_all

__all__ = ["draw_all"]
