"""Predictions as a Parquet file: what is written reads back, by the names of classes."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.records.checksummed import BadRecord
from benchmark.records.prediction_file import COLUMNS, Predictions, mistakes, pack, unpack

CLASSES = ("cat", "dog", "cow")


def part(split: str, true: np.ndarray | None, given: list[int], predicted: list[int]) -> Predictions:
    files = [f"{split} {n}" for n in range(len(given))]
    sure = np.linspace(0.5, 0.9, len(given))
    return Predictions(split, files, true, np.array(given), np.array(predicted, np.uint8), sure)


def test_rows_of_all_parts_read_back_by_the_names_of_classes() -> None:
    frame = unpack(pack(CLASSES, [part("train", None, [0, 2], [0, 1]), part("test", np.array([2]), [2], [0])]))
    assert list(frame.columns) == list(COLUMNS)
    assert frame["file"].tolist() == ["train 0", "train 1", "test 0"]
    assert frame["given"].tolist() == ["cat", "cow", "cow"] and frame["predicted"].tolist() == ["cat", "dog", "cat"]
    assert frame["true"].isna().tolist() == [True, True, False] and frame["true"][2] == "cow"
    assert frame["probability"].tolist() == pytest.approx([0.5, 0.9, 0.5])


def test_mistakes_are_the_surest_predictions_that_are_not_the_given_label() -> None:
    parts = [part("train", None, [0, 0, 0], [1, 1, 1]), part("test", None, [0, 1, 2, 2], [1, 1, 0, 1])]
    frame = unpack(pack(CLASSES, parts))
    assert mistakes(frame, "test", 2)["file"].tolist() == ["test 3", "test 2"]
    assert len(mistakes(frame, "test", 9)) == 3


@pytest.mark.parametrize("content", [b"", b"no parquet"])
def test_what_is_no_table_of_predictions_is_refused(content: bytes) -> None:
    with pytest.raises(BadRecord, match="it is no table of predictions: "):
        unpack(content)


def test_a_table_without_a_column_is_refused() -> None:
    import io

    import pyarrow as pa
    from pyarrow import parquet

    other = io.BytesIO()
    parquet.write_table(pa.table({"file": ["a"]}), other)
    with pytest.raises(BadRecord, match="it is no table of predictions"):
        unpack(other.getvalue())
