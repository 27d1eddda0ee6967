"""Tables of an audit: no cell is a formula of a spreadsheet, and corrected labels come back as they were written."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from datamodules.dataset import Split
from datamodules.formats.csv_table import as_csv
from datamodules.formats.images import FileImages
from datamodules.formats.labellings import read_labellings

FILES = ("=x.png", "'=x.png", "''=x.png", "'z.png", "+1.png", "-a,b.png", '@"q".png', "tab\t.png", "\tb.png", "c.png")
CLASSES = ("=cat", "'=cat", "-1")


@pytest.mark.parametrize("folder", ["", "train/"])
def test_a_table_of_audited_labels_reads_back_whatever_files_and_classes_are_called(
    tmp_path: Path, folder: str
) -> None:
    paths = tuple(folder + file for file in FILES)
    labels = np.arange(len(FILES)) % len(CLASSES)
    rows = [(path, CLASSES[label]) for path, label in zip(paths, labels.tolist(), strict=True)]
    text = as_csv([("file", "audited_label"), *rows])
    (tmp_path / "audited.csv").write_text(text, encoding="utf-8")
    assert not any(cell.startswith(tuple("=+-@\t\r")) for row in csv.reader(text.splitlines()) for cell in row)
    read = read_labellings(tmp_path, Split(FileImages(tmp_path, paths), labels), CLASSES)
    assert read["audited"].tolist() == labels.tolist()


def test_numbers_stay_numbers() -> None:
    assert as_csv([["=a", -0.5, -3]]) == "'=a,-0.5,-3\n"
