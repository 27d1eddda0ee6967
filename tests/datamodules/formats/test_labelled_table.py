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
    "no line of names": (lines("", "{p},{l}").lstrip(), "utf-8", ""),
    "no names, labels first": (lines("", "{l},{p}").lstrip(), "utf-8", ""),
    "a hospital's": (lines("image_id,dx", "{f},{l}"), "utf-8", ""),
    "Label Studio's": (lines("image,id,choice", "/data/upload/1/0123abcd-{f},7,{l}"), "utf-8", ""),
    "Excel's separator": (lines("sep=;\nfile;label", "{p};{l}"), "utf-8-sig", ""),
    "comments": (lines("# made by a camera, 2024\n# 4 rows\nfile,label", "{p},{l}"), "utf-8", ""),
    "names behind a hash": (lines("# file,label", "{p},{l}").replace("# ", "#"), "utf-8", "[file=#file]"),
    "a list with blanks": (lines("", "{p} {l}").lstrip(), "utf-8", ""),
    "a comma at each end": (lines("file,label", "{p},{l},"), "utf-8", ""),
    "ids of classes": (lines("Path,ClassId", "{p},{l}"), "utf-8", ""),
    "another language's": (lines("Datei;Klasse", "{p};{l}"), "utf-16", ""),
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
            lines("which,what", "{l}{n},{l}"),
            "",
            r"no column 'file'; .* are which, what; say which: '.*\[file=COLUMN",
        ),
        (
            lines("file,class,label2,target", "{p},{l},x,{n}"),
            "",
            r"two columns of labels that differ, 'class' and 'target'; say which: '.*\[label=COLUMN\]'$",
        ),
        (lines("file,label", "{p},{l}"), "[file=no]", "has no column 'no'; columns are file, label$"),
        (lines("file,label", "{p},{l}"), "[files=no]", "has no option 'files'; it has: file, label, split$"),
        (lines("id,label", "x{n},{l}"), "", r"lists .*xa, which is not there \(4 of 4 are absent\)$"),
        ("", "", "has no column 'file'; .* there are none"),
        (
            lines("file,cat,dog", "{p},1,1"),
            "",
            "one column per class, cat, dog, .* not sum to 1 in line 2; .*label=COL",
        ),
        (lines("file,cat,dog", "{p},0.75,1e-1"), "", "one column per class"),
        (lines("file,label", "{p},{l}"), "[label=file+no]", "has no column 'no'; columns are file, label$"),
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
    with pytest.raises(UserError, match=r"t.csv: .* CSV in UTF-8: .*: iconv -f cp1252 -t utf8 t.csv > new && mv new t"):
        open_doubtful(f"{folder}/t.csv")


def test_blanks_around_labels_make_no_classes_and_a_column_of_parts_is_named(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "t.csv").write_text(lines("file,label,Split", "{p}, {l},test").replace("dog", "dog "))
    assert open_doubtful(f"{folder}/t.csv").values == ("cat", "dog")
    assert "t.csv: 'Split' is not used, as it does not tell training from test images" in caplog.text


@pytest.mark.parametrize(
    ("column", "parts"),
    [("split", ("train", "val", "test")), ("Usage", ("Training", "Dev", "PrivateTest")), ("is_test", ("0", "", "1"))],
)
def test_a_column_of_the_split_says_which_lines_are_audited_and_which_are_test_images(
    column: str, parts: tuple[str, ...], folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for i in range(4):
        Image.new("RGB", (8, 8)).save(folder / f"{i}.png")
    rows = "".join(f"{place},{label},{parts[0]}\n" for place, label in zip(PLACES, LABELS, strict=True))
    rows += "".join(f"{i}.png,{LABELS[i]},{parts[1 if i < 2 and parts[1] else 2]}\n" for i in range(4))
    (folder / "t.csv").write_text(f"file,label,{column}\n{rows}")
    data = open_doubtful(f"{folder}/t.csv")
    assert data.files == PLACES and data.test is not None
    assert data.test.files == (("2.png", "3.png") if parts[1] else tuple(f"{i}.png" for i in range(4)))
    assert f"by {column!r} there are 4 of train, " in caplog.text and "[split=none] takes all" in caplog.text
    assert len(open_doubtful(f"{folder}/t.csv[split=none]").files) == 8


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("file,cat,dog", "{p},{c},{d}"),
        ("file,cat,dog", "{p},0.{c}1,0.9"),
        ("file,label,name", "{p},{c},{l}"),
        ("file,label,x,breed", "{p},{c},y,{l}"),
    ],
)
def test_a_column_for_each_class_or_of_names_beside_numbers_says_the_labels(
    head: str, row: str, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cells = [(p, int(label == "cat"), int(label == "dog"), label) for p, label in zip(PLACES, LABELS, strict=True)]
    text = "".join(row.format(p=p, c=c, d=d, l=label) + "\n" for p, c, d, label in cells)
    (folder / "t.csv").write_text(f"{head}\n{text}".replace("0.11,0.9", "0.9,0.1").replace("0.01,0.9", "0.1,0.9"))
    data = open_doubtful(f"{folder}/t.csv")
    assert [data.values[label] for label in data.given] == [*LABELS]
    assert "t.csv: " in caplog.text


def test_of_two_columns_of_files_the_one_whose_files_are_there_counts(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "t.csv").write_text(lines("image_id,image,label", "no{n},{p},{l}"))
    assert open_doubtful(f"{folder}/t.csv").files == PLACES
    assert "'image' is the column of files" in caplog.text
    (folder / "t.csv").write_text("image,path,label\n" + "".join(f"{PLACES[i]},{PLACES[3 - i]},x\n" for i in range(4)))
    with pytest.raises(UserError, match=r"two columns that could name the files, 'image' \(.*\) and 'path' .*file=COL"):
        open_doubtful(f"{folder}/t.csv")


@pytest.mark.parametrize(
    "row",
    [
        "/kaggle/input/x/images/{f},{l}",
        "D:\\x\\images\\{f},{l}",
        "IMAGES/{f},{l}",
        "{p}.jpg,{l}",
        "/data/upload/1/0123abcd-{f},{l}",
    ],
)
def test_pictures_of_another_place_are_found_by_the_end_of_their_paths(row: str, folder: Path) -> None:
    other = folder / "other"
    other.mkdir()
    for place in PLACES if "{p}" not in row and "upload" not in row else ():
        Image.new("RGB", (8, 8)).save(other / Path(place).name)
    text = lines("file,label", row).replace(".png.jpg", ".jpg").replace(".jpg.jpg", ".jpeg")
    (folder / "t.csv").write_text(text)
    assert open_doubtful(f"{folder}/t.csv").files == PLACES


def test_a_picture_that_is_lacking_is_not_one_of_its_name_elsewhere(folder: Path) -> None:
    (folder / "images/b.png").unlink()
    Image.new("RGB", (8, 8)).save(folder / "b.png")
    for row in ("{p},{l}", "/data/images/{f},{l}"):
        (folder / "t.csv").write_text(lines("file,label", row))
        with pytest.raises(UserError, match=r"lists .*images/b\.png, which is not there$"):
            open_doubtful(f"{folder}/t.csv")


def test_numbers_of_spreadsheets_and_tables_in_a_folder_below_find_their_pictures(folder: Path) -> None:
    (folder / "below").mkdir()
    for i in range(8, 12):
        Image.new("RGB", (8, 8)).save(folder / f"{i:05d}.png")
    text = "id,label\n" + "".join(f"{i}.0,{LABELS[i - 8]}\n" for i in range(8, 12))
    (folder / "t.csv").write_text(text)
    assert open_doubtful(f"{folder}/t.csv").files == tuple(f"{i:05d}.png" for i in range(8, 12))
    (folder / "below/t.csv").write_text(lines("file,label", "{p},{l}"))
    assert open_doubtful(f"{folder}/below/t.csv").files == tuple(f"../{place}" for place in PLACES)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("classnames.txt", "0 red\n1 blue\n"),
        ("classnames.txt", "red\nblue\n"),
        ("class_names.txt", "red\nblue\n"),
        ("cat_to_name.json", '{"1": "blue", "0": "red"}'),
        ("class_indices.json", '{"red": 0,\n"blue": 1}'),
    ],
)
def test_numbers_get_their_names_from_a_list_beside_the_table(name: str, text: str, folder: Path) -> None:
    (folder / "t.csv").write_text("file,label\n" + "".join(f"{place},{i % 2}\n" for i, place in enumerate(PLACES)))
    (folder / name).write_text(text)
    assert open_doubtful(f"{folder}/t.csv").classes == ("red", "blue")


def test_numbers_without_names_are_told(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "t.csv").write_text("file,label\n" + "".join(f"{place},{i % 2}\n" for i, place in enumerate(PLACES)))
    assert open_doubtful(f"{folder}/t.csv").classes == ("0", "1")
    assert "called by numbers, which say nothing to CLIP; write lines of" in caplog.text


def test_comments_before_a_table_are_told(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "t.csv").write_text(lines("# 4 rows\nfile,label", "{p},{l}").replace("c.jpg,cat", "c.jpg,cat,"))
    with pytest.raises(UserError, match=r"t.csv, line 5: it has 3 cells"):
        open_doubtful(f"{folder}/t.csv")
    assert "t.csv: comments, not read as lines of the table: # 4 rows" in caplog.text


@pytest.mark.parametrize(
    "name", ["t.jsonl", "t.json", "t.parquet", "it's $mine.csv.gz", "map.json", "columns.json", "data.json"]
)
def test_tables_of_other_kinds_are_read(name: str, folder: Path) -> None:
    table = pd.DataFrame({"file": PLACES, "label": LABELS})
    if name.endswith(".parquet"):
        table.to_parquet(folder / name)
    elif name.endswith(".gz"):
        (folder / name).write_bytes(gzip.compress(table.to_csv(index=False).encode()))
    elif name == "columns.json":
        table.to_json(folder / name)
    elif name == "data.json":
        (folder / name).write_text(json.dumps({"version": 1, "samples": table.to_dict("records")}))
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
        ("t2.xlsx", b"PK\3\4", "it cannot be read as a table"),
        ("t2.json", b'{"classes": ["a"], "labels": {"1": 0}}', "t2.json"),
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
