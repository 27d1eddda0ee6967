"""Columns and splits as people's data sets on the hub have them: taken, or one line that says what would be right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from datamodules import catalog, notices
from datamodules.errors import CorruptImage, DataError

datasets = pytest.importorskip("datasets")
NAMES = ["red", "green", "blue"]


@pytest.fixture(autouse=True)
def nothing_said() -> None:
    notices._said.cache_clear()


def pictures(n: int = 9) -> list[Image.Image]:
    return [Image.fromarray(np.random.default_rng(i).integers(0, 256, (6, 6, 3), dtype=np.uint8)) for i in range(n)]


def saved(
    folder: Path, labels: dict[str, list[Any]], kind: Any, image: Any = None, **more: tuple[Any, list[Any]]
) -> str:
    """A data set on the disk; `labels` by split, further columns by name."""
    kinds = {"image": image[0] if image else datasets.Image(), "label": kind, **{k: v[0] for k, v in more.items()}}
    tables = {}
    for part, own in labels.items():
        rows = {"image": image[1] if image else pictures(), "label": own, **{k: v[1] for k, v in more.items()}}
        tables[part] = datasets.Dataset.from_dict(rows, features=datasets.Features(kinds))
    datasets.DatasetDict(tables).save_to_disk(str(folder))
    return f"hf:{folder}"


def both(labels: list[Any]) -> dict[str, list[Any]]:
    return {"train": labels, "test": labels}


NUMBERS = [i % 3 for i in range(9)]
CLASSES = datasets.ClassLabel(names=NAMES)


@pytest.mark.parametrize(
    ("kind", "labels", "message"),
    [
        (CLASSES, [0, 1, None] * 3, "column 'label' has no label in train row 2"),
        (datasets.Sequence(CLASSES), [[i] for i in NUMBERS], r"has a list in train row 0, .*: \[label"),
        (CLASSES, [0, 1, -1] * 3, r"has no label in train row 2 \(3 of 9 rows have none"),
        (datasets.Value("string"), ["a", None, ""] * 3, r"no label in train row 1 \(6 of 9 rows have none"),
        (datasets.Value("int64"), NUMBERS, r"not class names; .*\[classes=cat\+dog\]"),
        (datasets.Value("bool"), [True, False, True] * 3, r"not class names; .*\[classes=cat\+dog\]"),
    ],
)  # fmt: skip
def test_labels_that_are_none_are_one_line(tmp_path: Path, kind: Any, labels: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message) as error:
        catalog.open_dataset(saved(tmp_path / "x", both(labels), kind))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("way", ["plus", "file", "beside"])
@pytest.mark.parametrize("kind", ["int64", "float32", "bool", "string"])
def test_numbers_get_their_names_from_an_option_or_a_file(tmp_path: Path, way: str, kind: str) -> None:
    names = NAMES if kind != "bool" else NAMES[:2]
    labels = [i % len(names) for i in range(9)]
    written = {"bool": [bool(i) for i in labels], "string": [str(i) for i in labels]}.get(kind, labels)
    spec = saved(tmp_path / "x", both(written), datasets.Value(kind))
    file = tmp_path / ("x/classnames.txt" if way == "beside" else "names.txt")
    file.write_text("\n".join(names) + "\n")
    option = {"plus": f"[classes={'+'.join(names)}]", "file": f"[classes={file}]", "beside": ""}[way]
    dataset = catalog.open_dataset(spec + option)
    assert dataset.classes == tuple(names) and dataset.train.labels.tolist() == labels


def test_numbers_in_a_column_of_texts_without_names_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    catalog.open_dataset(saved(tmp_path / "x", both([str(i) for i in NUMBERS]), datasets.Value("string")))
    assert "classes are called by numbers, which say nothing to CLIP; name them, [classes=cat+dog]" in caplog.text


def test_a_column_within_a_column_is_named_with_a_point(tmp_path: Path) -> None:
    inner = {"id": datasets.Value("int64"), "name": datasets.Value("string")}
    spec = saved(tmp_path / "x", both([{"id": i, "name": NAMES[i]} for i in NUMBERS]), inner)
    with pytest.raises(DataError, match=r"columns are image, label\.id, label\.name; name one: \[label=COLUMN\]"):
        catalog.open_dataset(spec)
    assert catalog.open_dataset(f"{spec}[label=label.name]").classes == tuple(sorted(NAMES))


def test_too_few_names_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"label 2 is out of range 0 ... 1"):
        catalog.open_dataset(saved(tmp_path / "x", both(NUMBERS), datasets.Value("int64")) + "[classes=red+green]")


@pytest.mark.parametrize("kind", ["paths", "bytes"])
def test_columns_of_paths_or_bytes_are_pictures(tmp_path: Path, kind: str) -> None:
    values: list[Any] = []
    for number, picture in enumerate(pictures()):
        picture.save(tmp_path / f"{number}.png")
        values.append(str(tmp_path / f"{number}.png") if kind == "paths" else (tmp_path / f"{number}.png").read_bytes())
    image = (datasets.Value("string" if kind == "paths" else "binary"), values)
    dataset = catalog.open_dataset(saved(tmp_path / "x", both(NUMBERS), CLASSES, image))
    assert (np.asarray(dataset.train.images[4]) == np.asarray(pictures()[4])).all()
    assert len(dataset.train.images.fingerprint) == 64


def test_a_row_without_a_picture_is_named_when_it_is_read(tmp_path: Path) -> None:
    image = (datasets.Image(), [None, *pictures(8)])
    dataset = catalog.open_dataset(saved(tmp_path / "x", both(NUMBERS), CLASSES, image))
    assert len(dataset.train.images.fingerprint) == 64
    with pytest.raises(CorruptImage, match=r"train row 0 cannot be read as a picture: there is none"):
        dataset.train.images[0]


@pytest.mark.parametrize("without", [-1, None])
def test_a_test_split_without_labels_gives_way_to_the_validation_split(
    tmp_path: Path, without: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    spec = saved(tmp_path / "x", {"train": NUMBERS, "validation": NUMBERS[::-1], "test": [without] * 9}, CLASSES)
    dataset = catalog.open_dataset(spec)
    assert dataset.test.labels.tolist() == NUMBERS[::-1] and dataset.val is None
    assert "the split 'test' has no labels; 'validation' is the test split instead" in caplog.text


def test_only_splits_without_labels_to_test_on_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"test have no labels; test on 20 % of each class: \[split=0.2\]"):
        catalog.open_dataset(saved(tmp_path / "x", {"train": NUMBERS, "test": [-1] * 9}, CLASSES))


def test_class_names_that_no_image_has_are_left_out_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    kind = datasets.ClassLabel(names=["red", "never", "green", "blue"])
    dataset = catalog.open_dataset(saved(tmp_path / "x", both([(0, 2, 3)[i] for i in NUMBERS]), kind))
    assert dataset.classes == ("red", "green", "blue") and dataset.train.labels.tolist() == NUMBERS
    assert "1 classes without any image are left out: never" in caplog.text


def test_a_further_labelling_may_be_names(tmp_path: Path) -> None:
    names = [NAMES[(i + 1) % 3] for i in NUMBERS]
    spec = saved(tmp_path / "x", both(NUMBERS), CLASSES, web_label=(datasets.Value("string"), names))
    given = catalog.open_dataset(f"{spec}[given=web_label]").given["web"]
    assert given.tolist() == [(i + 1) % 3 for i in NUMBERS]
    names[4] = None  # type: ignore[call-overload]
    spec = saved(tmp_path / "y", both(NUMBERS), CLASSES, web_label=(datasets.Value("string"), names))
    with pytest.raises(DataError, match="column 'web_label' has no label in train row 4"):
        catalog.open_dataset(f"{spec}[given=web_label]")
