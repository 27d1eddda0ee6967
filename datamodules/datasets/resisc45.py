"""RESISC45: 45 classes of aerial scenes (Cheng et al. 2017, arXiv:1703.00121)."""

from datamodules.formats.hub import Hub

ALSO_CALLED = ("NWPU-RESISC45",)
TEMPLATE = "satellite imagery of {}."
SIZE = {"classes": 45, "tests": 6300}
SOURCE = HUB = Hub("timm/resisc45")
