"""Tables as spreadsheets and other tools write them: read whole, or named and left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datamodules import notices
from datamodules.dataset import Split
from datamodules.errors import DataError
from datamodules.formats.images import FileImages
from datamodules.formats.labellings import read_labellings

PICTURES = ("train/a/1.png", "train/a/2.png", "train/b/1.png", "train/b/2.png")
TRUE = np.array([0, 0, 1, 1])


@pytest.fixture(autouse=True)
def nothing_said() -> None:
    notices._said.cache_clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in PICTURES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def read(folder: Path, text: str | bytes, name: str = "labels.csv") -> dict[str, list[int]]:
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    found = read_labellings(folder, Split(FileImages(folder, PICTURES), TRUE), ("a", "b"))
    return {name: labels.tolist() for name, labels in found.items()}


def table(head: str, between: str = ",", values: tuple[str, ...] = ("b", "a", "b", "a")) -> str:
    lines = [f"{name}{between}{value}" for name, value in zip(PICTURES, values, strict=True)]
    return "\n".join([head.replace(",", between), *lines]) + "\n"


@pytest.mark.parametrize("between", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_are_read_as_spreadsheets_write_them(folder: Path, between: str, encoding: str) -> None:
    text = table("file,web_label", between).replace("\n", "\r\n")
    assert read(folder, text.encode(encoding)) == {"web": [1, 0, 1, 0]}


@pytest.mark.parametrize("head", ["filename", "path", "Image", "image_path", " file "])
def test_the_column_of_files_may_be_called_as_other_tools_do(folder: Path, head: str) -> None:
    assert read(folder, table(f"{head},web_label")) == {"web": [1, 0, 1, 0]}


@pytest.mark.parametrize("values", [("1", "0", "1", "0"), ("1.0", "0.0", "1.0", "0.0"), (" b", "a ", "b", " a ")])
def test_values_may_be_numbers_with_a_fraction_of_0_or_have_blanks(folder: Path, values: tuple[str, ...]) -> None:
    assert read(folder, table("file,web_label", values=values)) == {"web": [1, 0, 1, 0]}


def test_backslashes_in_paths_are_slashes(folder: Path) -> None:
    assert read(folder, table("file,web_label").replace("/", "\\")) == {"web": [1, 0, 1, 0]}


def test_a_suffix_in_capitals_is_a_tables(folder: Path) -> None:
    assert read(folder, table("file,web_label"), "labels.CSV") == {"web": [1, 0, 1, 0]}


def test_cleanlabs_table_is_used_for_its_labels_and_its_scores_are_named(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [f"{name},False,0.{number},{name[6]},b" for number, name in enumerate(PICTURES)]
    found = read(folder, "\n".join(["file,is_label_issue,label_score,given_label,predicted_label", *rows]))
    assert found == {"given": TRUE.tolist(), "predicted": [1, 1, 1, 1]}
    assert "not used, as there are no classes in them: is_label_issue, label_score" in caplog.text


def test_a_table_of_another_tool_that_does_not_fit_stands_in_nobodys_way(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert read(folder, "file,label_quality,given_label\nelsewhere/1.png,0.3,zebra\n") == {}
    assert "labels.csv is not used, as it is another tool's: " in caplog.text


def test_a_table_of_our_own_that_does_not_fit_is_refused(folder: Path) -> None:
    with pytest.raises(DataError, match=r"has no line for training image train/a/1\.png"):
        read(folder, "file,web_label\ntrain/a/2.png,a\n")


def test_images_that_an_audit_has_no_line_for_keep_their_labels(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = "\n".join(line for line in table("file,audited_label").splitlines() if "b/1" not in line)
    assert read(folder, text, "audited.csv") == {"audited": [1, 0, 1, 0]}
    assert "has no line for 1 images (train/b/1.png ...): they keep their labels" in caplog.text


def test_a_table_without_labels_is_named(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert read(folder, "file,width\ntrain/a/1.png,30\n") == {}
    assert "labels.csv is not used: no column 'label' among file, width" in caplog.text


def test_tables_that_are_not_csv_are_named(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "results.xlsx").write_bytes(b"")
    (folder / "other.tsv").write_text("a\tb\n")
    assert read(folder, table("file,human_label"))
    assert "not read, as labels are looked for in CSV: other.tsv, results.xlsx" in caplog.text


@pytest.mark.parametrize(
    ("values", "hint"), [(("B", "a", "B", "a"), "did you mean 'b'"), (("1", "2", "1", "2"), "these count from 1")]
)
def test_a_label_that_is_no_class_is_told_with_what_it_may_mean(
    folder: Path, values: tuple[str, ...], hint: str
) -> None:
    with pytest.raises(DataError, match=hint):
        read(folder, table("file,human_label", values=values))
