"""RESISC45: 45 classes of aerial scenes (Cheng et al. 2017, arXiv:1703.00121)."""

from datamodules.formats.hub import Hub

TEMPLATE = "satellite imagery of {}."
SOURCE = HUB = Hub("timm/resisc45")
