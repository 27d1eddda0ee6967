"""Images of any source under the names that they have in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmark.audit.doubtful import open_doubtful
from datamodules.catalog import open_dataset
from datamodules.errors import DataError
from tests.support import coop_folders as make


def split_folder(root: Path) -> str:
    make.make_class_folders(root / "pets", {"": 5})
    return f"folder:{root / 'pets'}[split=0.2]"


def saved_table(root: Path) -> str:
    datasets = pytest.importorskip("datasets")
    kinds = datasets.Features(image=datasets.Image(), label=datasets.ClassLabel(names=["cat", "red_dog"]))
    pictures = np.random.default_rng(0).integers(0, 256, (10, 6, 7, 3), dtype=np.uint8)
    rows = {"image": list(pictures), "label": [0, 1] * 5}
    datasets.Dataset.from_dict(rows, features=kinds).save_to_disk(root / "saved")
    return f"hf:{root / 'saved'}[split=0.2]"


def test_rows_of_a_split_table_keep_the_numbers_that_they_have_in_it(tmp_path: Path) -> None:
    spec = saved_table(tmp_path)
    dataset = open_dataset(spec)
    rows = [
        int(part.images.describe(n).split("row ")[1])
        for part in (dataset.train, dataset.test)
        for n in range(len(part.labels))
    ]
    assert sorted(rows) == list(range(10)) and len(dataset.test.labels) == 2
    pictures = np.random.default_rng(0).integers(0, 256, (10, 6, 7, 3), dtype=np.uint8)
    assert (np.asarray(dataset.test.images[1]) == pictures[rows[-1]]).all()
    assert open_doubtful(spec).files[0] == f"train row {rows[0]}"


def test_an_audit_takes_all_images_of_a_folder_that_is_split(tmp_path: Path) -> None:
    spec = split_folder(tmp_path)
    assert len(open_doubtful(spec).files) == 10
    make.make_class_folders(tmp_path / "pets", {"train": 2, "test": 1})
    with pytest.raises(DataError, match="leave out"):
        open_doubtful(spec)
