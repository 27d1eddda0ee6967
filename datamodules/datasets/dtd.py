"""Describable Textures: 47 textures (Cimpoi et al. 2014, arXiv:1311.3618)."""

from datamodules.coop_layout import SplitFile
from datamodules.hub import Hub

TEMPLATE = "{} texture."
SOURCE = SplitFile(
    folder="dtd",
    images="images",
    split="split_zhou_DescribableTextures.json",
    get="unpack dtd-r1.0.1.tar.gz (robots.ox.ac.uk/~vgg/data/dtd)",
)
HUB = Hub("tanganke/dtd")
