"""Food-101N: dishes with noisy web labels, tested on Food-101 (Lee et al. 2018, arXiv:1711.07131).

The true labels of its training images are unknown, so the noise rate cannot be measured; the paper estimates 20 %.
"""

from __future__ import annotations

from pathlib import Path

from datamodules import reading
from datamodules.dataset import Dataset
from datamodules.datasets.food101 import SOURCE as FOOD101
from datamodules.datasets.food101 import TEMPLATE as TEMPLATE
from datamodules.errors import DataError
from datamodules.formats.checks import checked
from datamodules.formats.coop import as_split
from datamodules.formats.picture_places import require_files
from datamodules.formats.source import Layout

SIZE = {"classes": 101, "tests": 30300}
LIST = "meta/imagelist.tsv"


class WebLabels:
    """Source with Food-101N's training images, listed in `meta/imagelist.tsv`, and Food-101's test images."""

    layout = Layout(
        folder="Food-101N_release",
        parts=("images/", LIST),
        get="unpack Food-101N_release.zip (kuanghuei.github.io/Food-101N)",
    )

    def missing(self, root: Path | None) -> str | None:
        """Returns what to do to get the data, or None if it is there."""
        return self.layout.missing(root) or FOOD101.missing(root)

    def open(self, name: str, template: str, root: Path | None, download: bool = False) -> Dataset:
        """Reads both lists; the web labels are also the labelling `web`.

        Raises DataError: files missing or inconsistent.
        """
        folder = self.layout.locate(name, root)
        clean = FOOD101.open(name, template, root)
        numbers = {shown.replace(" ", "_"): number for number, shown in enumerate(clean.classes)}
        images = reading.read_text(folder / LIST, reading.TABLE).split()[1:]
        if strange := [image for image in images if image.partition("/")[0] not in numbers]:
            raise DataError(f"{folder / LIST}: {strange[0]} is in no class of Food-101")
        found = require_files(folder / "images", images, LIST)
        train = as_split(folder / "images", [(image, numbers[image.partition("/")[0]], "") for image in found])
        given = {"web": train.labels}
        return checked(Dataset(name, clean.classes, template, train, clean.test, None, given, has_clean_labels=False))


SOURCE = WebLabels()
