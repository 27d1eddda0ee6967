"""Tables of files and labels as competitions and other tools write them."""

from __future__ import annotations

import gzip
import json
import logging
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from benchmark.audit.doubtful import open_doubtful
from datamodules.errors import UserError

PLACES = ("images/a.png", "images/b.png", "images/c.jpg", "images/d.jpg")
NAMES = [Path(place).stem for place in PLACES]
LABELS = ("cat", "dog", "cat", "dog")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    for i, place in enumerate(PLACES):
        Image.new("RGB", (8, 8), (60 * i, 10, 10)).save(tmp_path / place)
    return tmp_path


def lines(head: str, row: str) -> str:
    """A table whose rows are `row` with the place {p}, name {n}, file {f} and label {l} of each picture."""
    named = zip(PLACES, NAMES, LABELS, strict=True)
    return "\n".join([head, *(row.format(p=p, n=n, f=Path(p).name, l=label) for p, n, label in named)]) + "\n"


#: A table, its encoding, and what stands behind its path.
TABLES = {
    "ours": (lines("file,label", "{p},{l}"), "utf-8", ""),
    "competition's ids": (lines("id,breed", "{n},{l}"), "utf-8", ""),
    "image_id": (lines("image_id,label", "{f},{l}"), "utf-8", ""),
    "words with blanks": (lines("Image Name,Class", "{f},{l}"), "utf-8", ""),
    "an index": (lines(",filename,category", "0,{p},{l}"), "utf-8", ""),
    "semicolons": (lines("file;label", "{p};{l}"), "utf-8", ""),
    "tabs": (lines("file\tlabel", "{p}\t{l}"), "utf-8", ""),
    "UTF-16": (lines("file,label", "{p},{l}"), "utf-16", ""),
    "a byte order mark": (lines("file,label", "{p},{l}"), "utf-8-sig", ""),
    "backslashes": (lines("path,target", "{p},{l}").replace("/", "\\"), "utf-8", ""),
    "another machine's paths": (lines("path,label", "C:\\data\\{f},{l}"), "utf-8", ""),
    "another machine's folders": (lines("path,label", "/kaggle/input/x/{f},{l}"), "utf-8", ""),
    "columns named": (lines("which,what,label", "{p},{l},x"), "utf-8", "[file=which,label=what]"),
    "one column named": (lines("which,label", "{p},{l}"), "utf-8", "[file=which]"),
    "quotes": (lines("file,label", '"{p}","{l}"'), "utf-8", ""),
    "an audit's own": (lines("file,audited_label", "{p},{l}"), "utf-8", ""),
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_is_read_whatever_it_calls_files_and_labels(kind: str, folder: Path) -> None:
    text, encoding, behind = TABLES[kind]
    (folder / "t.csv").write_bytes(text.encode(encoding))
    data = open_doubtful(f"{folder}/t.csv{behind}")
    assert data.values == ("cat", "dog") and data.given.tolist() == [0, 1, 0, 1]
    assert data.files == PLACES


@pytest.mark.parametrize(
    ("text", "behind", "said"),
    [
        (
            lines("which,what", "{p},{l}"),
            "",
            r"no column 'file'; .* are which, what; say which: '.*\[file=COLUMN",
        ),
        (
            lines("file,class,label2,target", "{p},{l},x,{l}"),
            "",
            "no column 'label'; .*file, class, label2, target",
        ),
        (lines("file,label", "{p},{l}"), "[file=no]", "has no column 'no'; columns are file, label$"),
        (lines("file,label", "{p},{l}"), "[files=no]", "has no option 'files'; it has: file, label$"),
        (lines("id,label", "x{n},{l}"), "", r"lists .*xa, which is not there \(4 of 4 are absent\)$"),
        ("", "", "has no column 'file'; .* there are none"),
        (lines("", "{p},{l}").lstrip(), "", "no column 'file'; .*; write file,label above the first line$"),
        (lines("file,cat,dog", "{p},1,0"), "", r"one column per class \(cat, dog\) is not read: write the largest"),
        (lines("file,cat,dog", "{p},0.75,2.5e-1"), "", "one column per class"),
        (lines("file,label", "https://a.org/{p},{l}"), "", "line 2: https://a.org/.* is an address; download"),
        ("file,label\n", "", "has one line, file, label; below it there must be one per file$"),
    ],
)
def test_columns_that_cannot_be_told_are_asked_for(text: str, behind: str, said: str, folder: Path) -> None:
    (folder / "t.csv").write_text(text)
    with pytest.raises(UserError, match=said):
        open_doubtful(f"{folder}/t.csv{behind}")


def test_a_table_that_is_not_in_utf_8_is_told_with_the_command_that_mends_it(folder: Path) -> None:
    (folder / "t.csv").write_bytes(lines("file,label", "{p},{l}\u00e9").encode("latin-1"))
    with pytest.raises(UserError, match=r"t.csv: .* CSV in UTF-8: .*; `iconv -f latin1 -t utf8 t.csv` writes it so$"):
        open_doubtful(f"{folder}/t.csv")


def test_blanks_around_labels_make_no_classes_and_a_column_of_parts_is_named(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "t.csv").write_text(lines("file,label,Split", "{p}, {l},test").replace("dog", "dog "))
    assert open_doubtful(f"{folder}/t.csv").values == ("cat", "dog")
    assert "t.csv: the column 'Split' is not used; leave out the lines of other parts" in caplog.text


@pytest.mark.parametrize("name", ["t.jsonl", "t.json", "t.parquet", "it's $mine.csv.gz", "map.json"])
def test_tables_of_other_kinds_are_read(name: str, folder: Path) -> None:
    table = pd.DataFrame({"file": PLACES, "label": LABELS})
    if name.endswith(".parquet"):
        table.to_parquet(folder / name)
    elif name.endswith(".gz"):
        (folder / name).write_bytes(gzip.compress(table.to_csv(index=False).encode()))
    elif name == "map.json":
        (folder / name).write_text(json.dumps(dict(zip(PLACES, LABELS, strict=True))))
    else:
        table.to_json(folder / name, orient="records", lines=name.endswith(".jsonl"))
    data = open_doubtful(f"{folder}/{name}")
    assert (data.values, data.given.tolist()) == (("cat", "dog"), [0, 1, 0, 1])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.zip", b"PK", "is an archive; unpack it"),
        ("t.xlsx", b"PK", "it cannot be read as a table"),
        ("t.json", b"[1, 2", "it cannot be read as a table"),
        ("t.csv.gz", b"no", "it cannot be read as a table"),
    ],
)
def test_what_is_no_table_is_one_line(name: str, content: bytes, said: str, folder: Path) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(UserError, match=said) as error:
        open_doubtful(f"{folder}/{name}")
    assert "\n" not in str(error.value)


def test_labels_of_several_classes_are_told_and_numbers_of_spreadsheets_are_whole(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name, labels in (
        ("several", ["cat", "cat", "cat; dog", "cat; dog"]),
        ("numbers", ["0.0", "1.0", "0.0", "1.0"]),
    ):
        rows = "".join(f"{place},{label}\n" for place, label in zip(PLACES, labels, strict=True))
        (folder / f"{name}.csv").write_text(f"file,label\n{rows}")
    with caplog.at_level(logging.WARNING):
        open_doubtful(f"{folder}/several.csv")
    assert "'cat; dog' names several classes, and a picture takes one" in caplog.text
    assert open_doubtful(f"{folder}/numbers.csv").values == ("0", "1")
