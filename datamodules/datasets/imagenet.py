"""ImageNet: 1,000 classes with CLIP's names, tested on the validation set (Russakovsky et al. 2015, arXiv:1409.0575).

CoOp takes each class's images in the file system's order, so its draws differ between machines; here they are sorted.
Two pairs of classes share a name, as in CLIP's list.
"""

from collections.abc import Sequence

from datamodules.formats.coop import GUIDE
from datamodules.formats.folder import ClassFolders
from datamodules.formats.hub import Hub

ALSO_CALLED = ("ImageNet-1k", "ILSVRC2012", "ILSVRC")
TEMPLATE = "a photo of a {}."
SIZE = {"classes": 1000, "tests": 50000}
GROUP = "coop11"
SOURCE = ClassFolders(
    folder="imagenet", train="images/train", test="images/val", val="images/held-out", extra=("classnames.txt",),
    get=f"unpack the images (image-net.org), one folder per class; {GUIDE}", same_names=True,
)  # fmt: skip


def rename(classes: Sequence[str]) -> list[str]:
    """CLIP's class names instead of lists of synonyms."""
    from open_clip import IMAGENET_CLASSNAMES  # slow to import, and only needed here

    return list(IMAGENET_CLASSNAMES) if len(classes) == len(IMAGENET_CLASSNAMES) else list(classes)


HUB = Hub("ILSVRC/imagenet-1k", test="validation", rename=rename, same_names=True)
