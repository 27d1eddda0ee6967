"""From an audit to training on its corrected labels: what is audited, and where its table is read from."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmark.__main__ import main
from benchmark.audit.corrupted import opened
from benchmark.audit.doubtful import Doubtful, open_doubtful
from benchmark.audit.next_step import next_step
from datamodules.catalog import open_dataset
from datamodules.errors import DataError
from datamodules.formats.labellings import image_names
from datamodules.formats.tables import tables_folder
from tests.benchmark.audit.test_doubtful import saved_table, split_folder
from tests.support import coop_folders as make


def coop_folder(root: Path) -> str:
    make.make_split_file(root, "dtd")
    return "dtd"


WAYS: list[Callable[[Path], str]] = [split_folder, coop_folder, saved_table]


def write_table(data: Doubtful, labels: np.ndarray, folder: Path, leave_out: str = "") -> Path:
    """The table of a person who gave the images these labels."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [(name, data.values[n]) for name, n in zip(data.files, labels.tolist(), strict=True) if name != leave_out]
    with (folder / "audited.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "audited_label"), *rows])
    return folder / "audited.csv"


@pytest.mark.parametrize("way", WAYS)
def test_the_corrected_table_of_any_data_set_is_read_from_where_the_audit_says(
    way: Callable[[Path], str], tmp_path: Path
) -> None:
    spec = way(tmp_path)
    data, before = open_doubtful(spec, tmp_path), open_dataset(spec, tmp_path)
    assert before.has_clean_labels and not before.given
    folder = tables_folder(spec, tmp_path)
    assert folder is not None and f" into {folder}/ and run: promptnoise bench " in next_step(spec, tmp_path)
    table = write_table(data, (data.given + 1) % len(data.classes), folder)
    dataset = open_dataset(spec, tmp_path)
    assert dataset.given["audited"].tolist() == ((before.train.labels + 1) % len(data.classes)).tolist()
    assert not dataset.has_clean_labels, "its own labels are no longer taken for the truth"
    labelled = opened(spec, tmp_path, "human[labels=audited]", 0.0, 0, 1)[1]
    assert labelled.true is None and labelled.values == data.values
    absent = image_names(before.train.images)[0]
    write_table(data, data.given, folder, leave_out=absent)
    with table.open("a") as file:
        file.write("another.png,0\n")
    with pytest.raises(
        DataError, match=rf"has no line for training image {absent} \(1 are left out\); it has one for another.png"
    ) as error:
        open_dataset(spec, tmp_path)
    assert "\n" not in str(error.value)


def test_bench_without_the_table_says_where_it_is_read_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    coop_folder(tmp_path)
    words = ["bench", "--methods=ce", "--datasets=dtd", "--noise_type=human[labels=audited]", "--seeds=1"]
    assert main([*words, "--shots=1", f"--data={tmp_path}", f"--out={tmp_path / 'out'}", "--devices=cpu"]) == 2
    said = capsys.readouterr().err
    assert f"it is read from a CSV table in {tmp_path / 'labellings/dtd'}" in said and said.count("\n") == 1


def test_a_table_of_an_audit_of_train_fits_where_train_is_split_by_itself(tmp_path: Path) -> None:
    make.make_class_folders(tmp_path, {"train": 4})
    data = open_doubtful(str(tmp_path))
    write_table(data, 1 - data.given, tmp_path / "train")
    dataset = open_dataset(f"folder:{tmp_path / 'train'}[split=0.5]")
    assert dataset.given["audited"].tolist() == [1, 1, 0, 0]
