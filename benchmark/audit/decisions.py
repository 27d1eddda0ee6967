"""What users bring to an audit: decisions about single images, and probabilities of a classifier of their own."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.audit.doubtful import Doubtful
from benchmark.errors import BadInput
from datamodules import reading
from datamodules.dataset import Labels
from datamodules.formats.csv_table import read_table

#: How far probabilities may be from a sum of 1, and the fraction of labels that what did not learn them will miss.
NEAR, MISSED = 0.01, 0.005
#: Bytes of the largest file.
MOST = 2**33


def read_decisions(path: Path, data: Doubtful) -> Labels:
    """The true classes [P] of a table with columns `file` and `label`, -1 where an image has no line.

    Raises BadInput: another table, a file that is not audited, or a label that no class has.
    """
    table = read_table(path)
    for column in ("file", "label"):
        if column not in table.columns:
            raise BadInput(f"{path} has no column {column!r}; decisions need the columns file and label")
    rows = {file: row for row, file in enumerate(data.files)}
    classes = {value: number for number, value in enumerate(data.values)}
    if bad := table.line_of("label", lambda cell: cell not in classes):
        raise BadInput(f"{path}, line {bad[0]}: no class is called {bad[1]!r} (there are {', '.join(data.values[:8])})")
    found = np.full(len(data.files), -1, np.int64)
    for file, row in table.by_file(None, rows.__contains__).items():
        if file not in rows:
            raise BadInput(f"{path}: {file} is not among the {len(rows)} images of {data.name}")
        found[rows[file]] = classes[row["label"]]
    return found


def read_probabilities(path: Path, data: Doubtful) -> NDArray[np.float32]:
    """Probabilities [P, C] of the classes by a classifier of the user's own, out of fold, as cleanlab takes them.

    Raises BadInput: not an array of numbers of this shape whose rows sum to 1, or one of what learned all labels.
    """
    wanted = (len(data.given), len(data.classes))
    how = f"it should hold {wanted[1]} probabilities for each of the {wanted[0]} images, in the order of the data"
    try:
        found = np.load(io.BytesIO(reading.read_bytes(path, MOST)), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise BadInput(f"{path} is no array as numpy saves them ({error}); {how}") from None
    if found.shape != wanted or found.dtype.kind != "f":
        raise BadInput(f"{path} holds {found.dtype} of shape {list(found.shape)}; {how}")
    bad = ~((found >= 0).all(1) & (abs(found.sum(1) - 1) < NEAR))
    if bad.any():
        raise BadInput(f"{path}, row {int(bad.argmax())}: no probabilities that sum to 1; {how}")
    if (found.argmax(1) != data.given)[data.given >= 0].sum() + 1 <= MISSED * (data.given >= 0).sum():
        raise BadInput(f"{path} predicts all labels, as what learned them does; make it out of fold, or leave it out")
    return np.asarray(found, np.float32)
