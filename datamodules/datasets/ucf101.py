"""UCF101: 101 actions, each video by its middle frame (Soomro et al. 2012, arXiv:1212.0402)."""

import re
from collections.abc import Sequence

from datamodules.formats.coop import SplitFile
from datamodules.formats.hub import Hub

TEMPLATE = "a photo of a person doing {}."
SIZE = {"classes": 101, "tests": 3783}
GROUP = "coop11"
SOURCE = SplitFile(
    folder="ucf101", images="UCF-101-midframes", split="split_zhou_UCF101.json", get="unpack UCF-101-midframes.zip"
)


def rename(classes: Sequence[str]) -> list[str]:
    """CoOp's class names, split into words: `ApplyEyeMakeup` is Apply Eye Makeup."""
    return [" ".join(re.findall("[A-Z][^A-Z]*", name)) or name for name in classes]


HUB = Hub("flwrlabs/ucf101", rename=rename, middle_of=("video_id", "clip_id"))
