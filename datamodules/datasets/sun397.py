"""SUN397: 397 scenes (Xiao et al. 2010)."""

from datamodules.formats.coop import SplitFile
from datamodules.formats.hub import Hub

ALSO_CALLED = ("SUN",)
TEMPLATE = "a photo of a {}."
SIZE = {"classes": 397, "tests": 19850}
GROUP = "coop11"
SOURCE = SplitFile(
    folder="sun397",
    images="SUN397",
    split="split_zhou_SUN397.json",
    get="unpack SUN397.tar.gz (vision.princeton.edu/projects/2010/SUN)",
)
HUB = Hub("tanganke/sun397")
