"""Caltech-101: 100 classes of objects, with CoOp's class names (Fei-Fei et al. 2004)."""

from collections.abc import Sequence

from datamodules.formats.coop import SplitFile
from datamodules.formats.hub import Hub

ALSO_CALLED = ("Caltech",)
TEMPLATE = "a photo of a {}."
SIZE = {"classes": 100, "tests": 2465}
GROUP = "coop11"
SOURCE = SplitFile(
    folder="caltech-101",
    images="101_ObjectCategories",
    split="split_zhou_Caltech101.json",
    get="unpack 101_ObjectCategories.tar.gz (data.caltech.edu/records/mzrjq-6wc02)",
)
NAMES = {"airplanes": "airplane", "faces": "face", "leopards": "leopard", "motorbikes": "motorbike"}


def rename(classes: Sequence[str]) -> list[str]:
    """CoOp's class names for the folder names."""
    return [NAMES.get(name.casefold(), name) for name in classes]


HUB = Hub("dpdl-benchmark/caltech101", rename=rename)
