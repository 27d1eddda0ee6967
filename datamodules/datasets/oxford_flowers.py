"""Oxford Flowers: 102 species (Nilsback and Zisserman 2008)."""

from datamodules.formats.coop import SplitFile
from datamodules.formats.hub import Hub

ALSO_CALLED = ("Flowers102", "Oxford Flowers 102", "flowers")
TEMPLATE = "a photo of a {}, a type of flower."
SIZE = {"classes": 102, "tests": 2463}
GROUP = "coop11"
SOURCE = SplitFile(
    folder="oxford_flowers",
    images="jpg",
    split="split_zhou_OxfordFlowers.json",
    get="unpack 102flowers.tgz (robots.ox.ac.uk/~vgg/data/flowers/102)",
)
HUB = Hub("dpdl-benchmark/oxford_flowers102")
