"""EuroSAT: 10 classes of land use in satellite images (Helber et al. 2019, arXiv:1709.00029)."""

from collections.abc import Sequence

from datamodules.formats.coop import SplitFile
from datamodules.formats.hub import Hub

ALSO_CALLED = ("EuroSAT-RGB",)
TEMPLATE = "a centered satellite photo of {}."
SIZE = {"classes": 10, "tests": 8100}
GROUP = "coop11"
SOURCE = SplitFile(
    folder="eurosat", images="2750", split="split_zhou_EuroSAT.json",
    get="unpack EuroSAT.zip (github.com/phelber/EuroSAT)", renamed="EuroSAT_RGB",
)  # fmt: skip
NAMES = {
    "AnnualCrop": "Annual Crop Land", "HerbaceousVegetation": "Herbaceous Vegetation Land",
    "Highway": "Highway or Road", "Industrial": "Industrial Buildings", "Pasture": "Pasture Land",
    "PermanentCrop": "Permanent Crop Land", "Residential": "Residential Buildings", "SeaLake": "Sea or Lake",
}  # fmt: skip


def rename(classes: Sequence[str]) -> list[str]:
    """CoOp's class names for the folder names."""
    return [NAMES.get(name, name) for name in classes]


HUB = Hub("tanganke/eurosat", rename=rename)
