"""Describable Textures: 47 textures (Cimpoi et al. 2014, arXiv:1311.3618)."""

from datamodules.formats.coop import SplitFile
from datamodules.formats.hub import Hub

ALSO_CALLED = ("describable_textures",)
TEMPLATE = "{} texture."
SIZE = {"classes": 47, "tests": 1692}
GROUP = "coop11"
SOURCE = SplitFile(
    folder="dtd",
    images="images",
    split="split_zhou_DescribableTextures.json",
    get="unpack dtd-r1.0.1.tar.gz (robots.ox.ac.uk/~vgg/data/dtd)",
)
HUB = Hub("tanganke/dtd")
