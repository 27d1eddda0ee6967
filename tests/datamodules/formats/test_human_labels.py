"""Human labels of CIFAR-10N and CIFAR-100N: formats, rates, mismatches."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from datamodules import catalog, noise
from datamodules.dataset import Dataset
from datamodules.errors import DataError
from datamodules.fewshot import few_shot
from datamodules.formats.cifar_n import read_cifar_n
from datamodules.formats.images import FileImages
from tests.support import coop_folders as make
from tests.support.shared import SHARED, needs_shared

TABLE = {"aggre": "aggre_label", "worse": "worse_label", "random1": "random_label1"}


@pytest.fixture(scope="module")
def cifar() -> Dataset:
    return catalog.open_dataset(f"folder:{SHARED / 'data/cifar10_subset'}")


@needs_shared
@pytest.mark.parametrize(("labelling", "published"), [("aggre", 0.096), ("worse", 0.399), ("random1", 0.166)])
def test_human_noise_realises_the_rate_of_the_file(cifar: Dataset, labelling: str, published: float) -> None:
    with (SHARED / "data/cifar10_subset/cifar10n.csv").open() as file:
        rows = list(csv.DictReader(file))
    wrong = [row[TABLE[labelling]] != row["clean_label"] for row in rows]
    everything = np.arange(len(cifar.train.labels))
    context = noise.Context(everything, cifar.train.labels, 10, given=cifar.given)
    noisy = noise.corrupt(f"human[labels={labelling}]", context, None, 1)
    rate = noise.realised_rate(noisy.labels, cifar.train.labels)
    assert rate == sum(wrong) / len(wrong) == pytest.approx(published, abs=5e-4)


@needs_shared
def test_a_few_shot_draw_has_the_labels_that_the_table_gives_its_files(cifar: Dataset) -> None:
    with (SHARED / "data/cifar10_subset/cifar10n.csv").open() as file:
        by_file = {row["file"]: row for row in csv.DictReader(file)}
    drawn = few_shot(cifar.train.labels, 16, 1)
    noisy = noise.corrupt(
        "human[labels=worse]", noise.Context(drawn, cifar.train.labels, 10, given=cifar.given), None, 1
    )
    assert isinstance(cifar.train.images, FileImages)
    for index, label in zip(noisy.indices, noisy.labels, strict=True):
        assert by_file[cifar.train.images.paths[index]]["worse_label"] == str(label)


@needs_shared
def test_the_subset_has_its_five_labellings_and_classes_in_cifars_order(cifar: Dataset) -> None:
    assert list(cifar.given) == ["aggre", "worse", "random1", "random2", "random3"]
    assert cifar.classes[:3] == ("airplane", "automobile", "bird")
    assert (len(cifar.train.labels), len(cifar.test.labels)) == (1600, 1000)


def with_table(tmp_path: Path, lines: list[str]) -> Callable[[], Dataset]:
    make.make_class_folders(tmp_path, {"train": 2, "test": 1})
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n")
    return lambda: catalog.open_dataset(f"folder:{tmp_path}")


FILES = ["train/cat/00.png", "train/cat/01.png", "train/red_dog/00.png", "train/red_dog/01.png"]


def test_a_table_may_give_class_folders_instead_of_numbers_in_any_order(tmp_path: Path) -> None:
    lines = [
        "file,web_label,note",
        *(f"{file},{name},x" for file, name in zip(FILES, ["cat", 1, "cat", 1], strict=True)),
    ]
    dataset = with_table(tmp_path, [lines[0], *lines[:0:-1]])()
    assert {name: labels.tolist() for name, labels in dataset.given.items()} == {"web": [0, 1, 0, 1]}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["file,web_label", *(f"{file},0" for file in FILES[1:])], "has no line for training image train/cat/00"),
        (["file,web_label", *(f"{file},bird" for file in FILES)], "'bird' in 'web_label' is neither a class"),
        (["file,web_label", *(f"{file},2" for file in FILES)], "'2' in 'web_label' is neither a class"),
        (
            ["file,clean_label,web_label", *(f"{file},1,0" for file in FILES)],
            "clean labels are not those of the images",
        ),
    ],
)
def test_a_table_that_does_not_fit_the_images_is_refused(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        with_table(tmp_path, lines)()


def test_other_tables_in_the_folder_are_left_alone_and_those_with_labels_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert with_table(tmp_path, ["path,web_label", "x,1"])().given == {}
    assert "labels.csv is not used, as it is another tool's: " in caplog.text
    assert with_table(tmp_path, ["name,web_label", "x,1"])().given == {}
    assert "labels.csv is not used: no column 'file' among name, web_label" in caplog.text
    (tmp_path / "latin.csv").write_bytes(b"file,web_label\nch\xe2t,1\n")
    assert with_table(tmp_path, ["path,web", "x,1"])().given == {}
    assert "latin.csv is not used: it cannot be read as a table" in caplog.text


def test_cifar_ns_own_file_is_read_and_checked_against_the_images(tmp_path: Path) -> None:
    true = np.array([0, 1, 2, 3])
    columns = {"clean_label": true, "worse_label": true[::-1].copy(), "random_label1": true, "coarse_label": true}
    torch.save(columns, tmp_path / "CIFAR-10_human.pt")
    given = read_cifar_n(tmp_path / "CIFAR-10_human.pt", true)
    assert {name: labels.tolist() for name, labels in given.items()} == {"worse": [3, 2, 1, 0], "random1": [0, 1, 2, 3]}
    with pytest.raises(DataError, match="clean labels are not those of the images"):
        read_cifar_n(tmp_path / "CIFAR-10_human.pt", true[::-1])


class Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return exec, ("raise SystemExit('the pickle was executed')",)


def test_a_label_file_that_holds_code_is_refused_and_not_run(tmp_path: Path) -> None:
    torch.save({"clean_label": Bomb()}, tmp_path / "CIFAR-10_human.pt")
    with pytest.raises(DataError, match="is not a file of CIFAR-N's labels"):
        read_cifar_n(tmp_path / "CIFAR-10_human.pt", np.array([0]))


def test_cifar10n_may_lie_in_class_folders_with_a_table(tmp_path: Path) -> None:
    make.make_class_folders(tmp_path / "cifar10n", {"train": 2, "test": 1})
    (tmp_path / "cifar10n/labels.csv").write_text("file,worse_label\n" + "".join(f"{file},0\n" for file in FILES))
    dataset = catalog.open_dataset("cifar10n", tmp_path)
    assert dataset.given["worse"].tolist() == [0, 0, 0, 0]
    assert catalog.status("cifar10n", tmp_path) == "ready"
