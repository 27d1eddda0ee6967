"""What a run predicted of each image, as a Parquet file: one row for each image."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmark.records.checksummed import BadRecord

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

#: `split` is train or test, `file` an image's path in its data set or its number; `true` is null where nobody knows.
COLUMNS = ("split", "file", "true", "given", "predicted", "probability")


@dataclass(frozen=True)
class Predictions:
    """The images of one split [n]: files, true and given labels, predicted classes and their probabilities, 0 to 1.

    Labels and predictions are class numbers; `true` is None where the true labels are not known.
    """

    split: str
    files: Sequence[str]
    true: NDArray[np.int64] | None
    given: NDArray[np.int64]
    predicted: NDArray[np.generic]
    probability: NDArray[np.generic]


def pack(classes: Sequence[str], parts: Sequence[Predictions]) -> bytes:
    """The content of a Parquet file with the rows of all parts; classes are written by name, from a dictionary."""
    import pyarrow as pa
    from pyarrow import parquet

    names = pa.array(classes, pa.string())

    def named(numbers: Any, count: int) -> Any:
        index = pa.nulls(count, pa.int32()) if numbers is None else pa.array(numbers.astype("int32"))
        return pa.DictionaryArray.from_arrays(index, names)

    tables = []
    for part in parts:
        count = len(part.files)
        labels = [named(numbers, count) for numbers in (part.true, part.given, part.predicted)]
        split = pa.array([part.split] * count, pa.string()).dictionary_encode()
        columns = [split, pa.array(part.files, pa.string()), *labels, pa.array(part.probability.astype("float32"))]
        tables.append(pa.table(columns, names=list(COLUMNS)))
    content = io.BytesIO()
    parquet.write_table(pa.concat_tables(tables).unify_dictionaries(), content, compression="zstd")
    return content.getvalue()


def unpack(content: bytes) -> pd.DataFrame:
    """The rows in a Parquet file that `pack` made. Raises BadRecord: it is none."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(io.BytesIO(content)).select(list(COLUMNS))
    except (pa.ArrowException, OSError, KeyError) as error:
        raise BadRecord(f"it is no table of predictions: {str(error).splitlines()[0]}") from None
    frame: pd.DataFrame = table.to_pandas()
    return frame


def mistakes(frame: pd.DataFrame, split: str, count: int) -> pd.DataFrame:
    """The images of a split whose given label is not what was predicted, at most `count`, the surest predictions first.

    A test image's given label is its true one.
    """
    own = frame[frame["split"] == split]
    wrong = own[own["predicted"].astype(str) != own["given"].astype(str)]
    return wrong.sort_values("probability", ascending=False, kind="stable").head(count)
