"""Tables of labels that contradict themselves: refused, with the lines that do; what is plain is used whole."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.__main__ import main
from datamodules.dataset import Split
from datamodules.errors import DataError
from datamodules.formats.cifar_n import read_cifar_n
from datamodules.formats.coop import class_names
from datamodules.formats.csv_table import read_table
from datamodules.formats.images import FileImages
from datamodules.formats.labellings import read_labellings
from tests.support.shared import SHARED, needs_shared
from tests.support.zygote import python

PICTURES = ("a/1.png", "a/2.png", "b/1.png", "b/2.png")
PLAIN = [f"{name},{name[0]}" for name in PICTURES]
#: Ways to write a/1.png once more, on line 6.
SPELLINGS = ("a/1.png", "./a/1.png", "a//1.png", "b/../a/1.png", "a/./1.png", "ROOT/a/1.png", '"a/1.png"')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in PICTURES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def labellings(folder: Path, lines: list[str], column: str = "human_label") -> dict[str, np.ndarray]:
    text = "\n".join([f"file,{column}", *lines]).replace("ROOT", str(folder))
    (folder / "labels.csv").write_text(text + "\n", encoding="utf-8")
    return read_labellings(folder, Split(FileImages(folder, PICTURES), np.array([0, 0, 1, 1])), ("a", "b"))


@pytest.mark.parametrize("label", ["a", "b"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_table_that_gives_one_file_two_lines_is_refused(folder: Path, spelling: str, label: str) -> None:
    with pytest.raises(DataError, match=r"labels.csv: lines 2 and 6 are both of a/1.png") as error:
        labellings(folder, [*PLAIN, f"{spelling},{label}"])
    assert ("'a' and 'b'" in str(error.value)) == (label == "b")


@pytest.mark.parametrize("label", ["a", "b"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_audit_refuses_such_a_table_too(
    folder: Path, spelling: str, label: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["file,label", *PLAIN, f"{spelling},{label}"]
    (folder / "t.csv").write_text("\n".join(lines).replace("ROOT", str(folder)) + "\n")
    assert main(["audit", str(folder / "t.csv"), f"--out={folder / 'out'}"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "lines 2 and 6 are both of a/1.png" in said


@pytest.mark.parametrize("value", ["nan", "NaN", "", "  ", "<NA>", "None", "null", "N/A"])
def test_a_missing_label_is_no_class(folder: Path, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "t.csv").write_text("\n".join(["file,label", *PLAIN[:3], f"b/2.png,{value}"]) + "\n")
    assert main(["audit", str(folder / "t.csv"), f"--out={folder / 'out'}"]) == 2
    # an empty cell is an image without a label, which an audit leaves for a suggestion: here one of b is left
    expected = "t.csv, line 5: " if value.strip() else "class 'b' has one image; an audit needs 2 of each class"
    assert expected in capsys.readouterr().err
    with pytest.raises(DataError, match=r"line 5: .* is neither a class nor its number"):
        labellings(folder, [*PLAIN[:3], f"b/2.png,{value}"])


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_file_is_the_same_however_its_path_is_written(folder: Path, spelling: str) -> None:
    assert labellings(folder, [f"{spelling},b", *PLAIN[1:]])["human"].tolist() == [1, 0, 1, 1]


def test_names_that_differ_in_case_are_one_file_where_the_file_system_says_so(folder: Path) -> None:
    lines = ["file,label", "a/1.png,a", "a/1.PNG,b"]
    (folder / "t.csv").write_text("\n".join(lines) + "\n")
    table = read_table(folder / "t.csv")
    assert len(table.by_file(folder, lambda name: True)) == 2  # the other one does not exist
    (folder / "a/1.PNG").hardlink_to(folder / "a/1.png")  # as a file system that knows no case shows it
    with pytest.raises(DataError, match="lines 2 and 3 are both of"):
        table.by_file(folder, lambda name: True)


@pytest.mark.parametrize("way", ["../{}/a/1.png", "linked/1.png", "../{}/linked/1.png"])
def test_a_file_has_one_line_whatever_way_leads_to_its_folder(folder: Path, way: str) -> None:
    (folder / "linked").symlink_to("a")
    (folder / "t.csv").write_text(f"file,label\na/1.png,a\n{way.format(folder.name)},b\n")
    with pytest.raises(DataError, match=r"lines 2 and 3 are both of .*, with the label 'a' and 'b'"):
        read_table(folder / "t.csv").by_file(folder, lambda name: True)


def test_a_folder_that_no_file_system_can_have_is_a_name_like_others(folder: Path) -> None:
    (folder / "t.csv").write_text("file,label\na/1.png,a\na\0/1.png,a\n")
    assert len(read_table(folder / "t.csv").by_file(folder, lambda name: True)) == 2


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["file,human_label,human_label", "a/1.png,a,b"], "has the column 'human_label' twice"),
        (["file,human_label", "a/1.png,a,b"], "line 2: it has 3 cells, and the table 2 columns"),
        (["file,human_label", "", "a/1.png"], "line 3: it has 1 cells"),
        (["file,x_label,label_x", *(f"{name},a,b" for name in PICTURES)], "two columns of the labelling 'x'"),
    ],
)
def test_lines_and_columns_that_do_not_fit_are_refused(folder: Path, lines: list[str], message: str) -> None:
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match=message):
        read_labellings(folder, Split(FileImages(folder, PICTURES), np.array([0, 0, 1, 1])), ("a", "b"))


def test_a_quote_that_does_not_end_takes_no_lines_with_it(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert labellings(folder, [PLAIN[0], 'a/2.png,"a', *PLAIN[2:]]) == {}
    assert "labels.csv is not used" in caplog.text and "it cannot be read as a table" in caplog.text


def test_two_tables_that_disagree_are_refused(folder: Path) -> None:
    (folder / "again.csv").write_text("\n".join(["file,human_label", *PLAIN]) + "\n")
    assert list(labellings(folder, PLAIN)) == ["human"]
    with pytest.raises(DataError, match=r"labels.csv and .*again.csv give images different labels"):
        labellings(folder, [*PLAIN[:3], "b/2.png,a"])


@pytest.mark.parametrize(
    "values", [np.array([0.0, np.nan]), np.array([0.5, 1]), np.array(["0", "1"]), np.array([[0, 1]]), [0, None]]
)
def test_labels_of_cifar_n_that_are_no_whole_numbers_are_refused(tmp_path: Path, values: object) -> None:
    torch.save({"worse_label": values}, tmp_path / "x.pt")
    with pytest.raises(DataError, match="is not a file of CIFAR-N's labels"):
        read_cifar_n(tmp_path / "x.pt", np.array([0, 1]))


def test_labels_of_cifar_n_are_of_one_name_once(tmp_path: Path) -> None:
    torch.save({"worse_label": np.array([1, 0])}, tmp_path / "x.pt")
    assert read_cifar_n(tmp_path / "x.pt", np.array([0, 1]))["worse"].tolist() == [1, 0]
    torch.save({"worse_label": np.array([1, 0]), "label_worse": np.array([1, 1])}, tmp_path / "x.pt")
    with pytest.raises(DataError, match="'worse' twice"):
        read_cifar_n(tmp_path / "x.pt", np.array([0, 1]))


@needs_shared
def test_a_line_that_repeats_with_another_label_is_told_with_both_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Case I1 of the shared inputs."""
    make = [python(), str(SHARED / "cases/inputs.py"), "I1", str(tmp_path / "case")]
    made = subprocess.run(make, capture_output=True, text=True, check=True).stdout
    assert main(shlex.split(made)[1:]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "are both of train/red/0.png" in said and "'red' and 'green'" in said


def test_a_split_file_that_gives_one_image_two_labels_is_refused() -> None:
    parts = {"train": [("a/1.jpg", 0, "a"), ("b/1.jpg", 1, "b")], "test": [("./a//1.jpg", 1, "b")]}
    with pytest.raises(DataError, match="has two labels, 0 and 1"):
        class_names(parts, Path("split.json"))
    assert class_names({"train": parts["train"]}, Path("split.json")) == ("a", "b")
