"""Food-101: 101 dishes (Bossard et al. 2014)."""

from datamodules.formats.coop import SplitFile
from datamodules.formats.hub import Hub

TEMPLATE = "a photo of {}, a type of food."
SIZE = {"classes": 101, "tests": 30300}
GROUP = "coop11"
SOURCE = SplitFile(
    folder="food-101",
    images="images",
    split="split_zhou_Food101.json",
    get="unpack food-101.tar.gz (data.vision.ee.ethz.ch/cvl/datasets_extra/food-101)",
)
HUB = Hub("ethz/food101")
