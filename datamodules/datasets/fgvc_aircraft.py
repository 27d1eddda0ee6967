"""FGVC Aircraft: 100 variants (Maji et al. 2013, arXiv:1306.5151), in its own text files as CoOp reads them."""

from __future__ import annotations

from pathlib import Path

from datamodules import reading
from datamodules.dataset import Dataset
from datamodules.errors import DataError
from datamodules.formats.checks import checked
from datamodules.formats.coop import Rows, as_split
from datamodules.formats.hub import Hub
from datamodules.formats.picture_places import require_files
from datamodules.formats.source import Layout

ALSO_CALLED = ("aircraft",)
TEMPLATE = "a photo of a {}, a type of aircraft."
SIZE = {"classes": 100, "tests": 3333}
GROUP = "coop11"
HUB = Hub("Donghyun99/FGVC-Aircraft")
LISTS = {part: f"images_variant_{part}.txt" for part in ("train", "val", "test")}


class VariantLists:
    """Source in text files: classes in `variants.txt`, "IMAGE CLASS" a line in `images_variant_*.txt`."""

    layout = Layout(
        folder="fgvc_aircraft",
        parts=("images/", "variants.txt", *LISTS.values()),
        get="unpack fgvc-aircraft-2013b.tar.gz (robots.ox.ac.uk/~vgg/data/fgvc-aircraft) and rename its data/",
    )

    def missing(self, root: Path | None) -> str | None:
        """Returns what to do to get the data, or None if it is there."""
        return self.layout.missing(root)

    def open(self, name: str, template: str, root: Path | None, download: bool = False) -> Dataset:
        """Reads the text files. Raises DataError: files missing or inconsistent."""
        folder = self.layout.locate(name, root)
        variants = [line.strip() for line in reading.read_text(folder / "variants.txt").splitlines()]
        rows = {part: _read(folder / path, variants) for part, path in LISTS.items()}
        for part, path in LISTS.items():
            found = require_files(folder / "images", [row[0] for row in rows[part]], path)
            rows[part] = [(file, *row[1:]) for file, row in zip(found, rows[part], strict=True)]
        train, val, test = (as_split(folder / "images", rows[part]) for part in LISTS)
        return checked(Dataset(name, tuple(variants), template, train, test, val))


def _read(path: Path, variants: list[str]) -> Rows:
    rows = []
    for line in reading.read_text(path, reading.TABLE).splitlines():
        image, _, variant = line.strip().partition(" ")
        if variant not in variants:
            raise DataError(f"{path}: image {image} is of variant {variant!r}, which variants.txt does not list")
        rows.append((f"{image}.jpg", variants.index(variant), variant))
    return rows


SOURCE = VariantLists()
