"""Specs and label tables of any content: used as they are meant, or refused in one line."""

import csv
import io
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as some

from datamodules.dataset import Split
from datamodules.errors import DataError
from datamodules.formats.images import FileImages
from datamodules.formats.labellings import read_labellings
from datamodules.names import parse_spec

FEW = settings(max_examples=150, deadline=None)
WORD = some.from_regex(r"\A[a-z_][a-z0-9_]{0,6}\Z")
VALUE = some.from_regex(r"\A[a-z0-9.+ {}]{0,5}[a-z0-9.+{}]\Z").map(str.strip).filter(bool)
CLASSES = ("cat", "dog", "eel")


@FEW
@given(WORD, some.dictionaries(WORD, VALUE, max_size=4))
def test_a_spec_that_is_written_as_told_reads_back(name: str, options: dict[str, str]) -> None:
    inside = ",".join(f"{key}={value}" for key, value in options.items())
    assert parse_spec(f"{name}[{inside}]" if options else name) == (name, options)


@FEW
@given(some.text(max_size=30))
def test_any_spec_is_read_or_refused_in_one_line(text: str) -> None:
    try:
        name, options = parse_spec(text)
    except DataError as error:
        assert "\n" not in str(error)
        return
    assert name and all(key and value for key, value in options.items())


def labellings(content: str | bytes) -> dict[str, np.ndarray]:
    with tempfile.TemporaryDirectory() as folder:
        images = FileImages(Path(folder), ["a.png", "b.png", "c.png"])
        path = Path(folder, "labels.csv")
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_labellings(Path(folder), Split(images, np.arange(3)), CLASSES)


@FEW
@given(
    some.lists(
        some.tuples(
            some.sampled_from(["a.png", "b.png", "c.png", "d.png"]),
            some.sampled_from([*CLASSES, "0", "2", "", "x", "3"]),
        ),
        max_size=6,
    )
)
def test_a_table_of_labels_is_used_whole_or_refused(rows: list[tuple[str, str]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([("file", "human_label"), *rows])
    last = dict(rows)
    numbers = {**{name: i for i, name in enumerate(CLASSES)}, "0": 0, "2": 2}
    meant = [numbers.get(last.get(image, "missing")) for image in ("a.png", "b.png", "c.png")]
    try:
        given_labels = labellings(text.getvalue())
    except DataError as error:
        assert "\n" not in str(error)
        assert None in meant or len(last) < len(rows)
        return
    if rows:
        assert given_labels["human"].tolist() == meant


@FEW
@given(some.one_of(some.binary(max_size=80), some.text(max_size=80).map(lambda text: "file,a_label\n" + text)))
def test_any_file_of_labels_is_read_or_refused_in_one_line(content: str | bytes) -> None:
    try:
        labellings(content)
    except DataError as error:
        assert "\n" not in str(error)
