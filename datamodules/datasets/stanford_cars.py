"""Stanford Cars: 196 models (Krause et al. 2013)."""

from datamodules.formats.coop import SplitFile
from datamodules.formats.hub import Hub

ALSO_CALLED = ("cars196", "cars")
TEMPLATE = "a photo of a {}."
SIZE = {"classes": 196, "tests": 8041}
GROUP = "coop11"
SOURCE = SplitFile(
    folder="stanford_cars",
    images="",
    split="split_zhou_StanfordCars.json",
    get="unpack cars_train.tgz and cars_test.tgz of Stanford Cars",
)
HUB = Hub("tanganke/stanford_cars")
