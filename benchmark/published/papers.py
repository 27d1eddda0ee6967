"""What papers and public re-runs report, and where it may stand beside our own numbers."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.published.protocols import Point
from datamodules import reading

if TYPE_CHECKING:
    import pandas as pd

#: What stands behind the cell and the method, which come first in a leaderboard.
COLUMNS = ["ours", "std", "seeds", "published", "published_std", "gap", "remark", "source"]
FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Published:
    """One reported accuracy in percent, under our names; None where the protocol has no such number.

    `backbone` names OpenAI's weights; `noise` is "none" for the paradigms without wrong labels; `std` is None where
    it is not reported; `remark` is "uncertain" or says what the source leaves open; `file` is where it is kept.
    """

    dataset: str
    noise: str
    rate: float
    shots: int | None
    epochs: int | None
    backbone: str
    paradigm: str
    method: str
    accuracy: float
    std: float | None
    remark: str
    source: str
    file: str

    def matches(self, row: Any) -> bool:
        """Whether a row of the leaderboard was made under the same protocol."""
        return (
            _identity(row) == (self.dataset, self.rate, self.backbone, self.paradigm, self.method)
            and self.noise in (row.noise, "none")
            and self.shots in (row.shots, None)
            and self.epochs in (row.epochs, None)
        )


def comparison(board: pd.DataFrame) -> pd.DataFrame:
    """Ours, theirs and the gap (ours minus theirs, points) for every cell with a published counterpart.

    Columns are those of the leaderboard up to the method, then `COLUMNS`. A cell that several sources report has a row
    for each; where nothing matches, the table is empty.
    """
    import pandas as pd  # workers read this file, too, and need none

    cell = [*board.columns[: list(board).index("method")], "method"]
    rows = []
    row: Any
    for row in board.itertuples(index=False):
        for other in _by_identity().get(_identity(row), ()):
            if other.matches(row):
                ours = (*(getattr(row, name) for name in cell), row.mean, row.std, row.seeds)
                gap = row.mean - other.accuracy
                rows.append((*ours, other.accuracy, other.std, gap, other.remark, other.source))
    return pd.DataFrame(rows, columns=[*cell, *COLUMNS]).astype({"published_std": float})


def zero_shot(dataset: str, backbone: str) -> list[Published]:
    """What is reported for zero-shot CLIP on all classes of a data set."""
    return [
        other
        for other in published()
        if (other.method, other.dataset, other.paradigm) == ("zero_shot", dataset, "fewshot")
        and other.backbone == architecture(backbone)
    ]


def reported(point: Point, files: Sequence[str]) -> Published | None:
    """The number of a cell in these files, whatever weights ours were trained on."""
    paradigm = "fewshot" if point.paradigm == "ul" else point.paradigm
    for other in published():
        if (
            other.file in files
            and (other.method, other.dataset, other.rate) == (point.label, point.dataset, point.rate)
            and (point.rate == 0 or other.noise == point.noise)
            and (other.backbone, other.paradigm) == (architecture(point.backbone), paradigm)
            and other.shots in (point.shots, None)
        ):
            return other
    return None


@cache
def published() -> tuple[Published, ...]:
    """Every number that the suite can be compared with, under our names of methods and paradigms.

    Rows in which shots or epochs are empty stand for any number of them. What uses no labels stands among the few-shot
    runs, as in our tables.
    """
    return tuple(_row(row, file.name) for file in sorted(FOLDER.glob("*.csv")) for row in _rows(file))


def _identity(row: Any) -> tuple[Any, ...]:
    return (row.dataset, row.rate, architecture(row.backbone), row.paradigm, row.method)


@cache
def _by_identity() -> dict[tuple[Any, ...], list[Published]]:
    found: dict[tuple[Any, ...], list[Published]] = defaultdict(list)
    for other in published():
        found[other.dataset, other.rate, other.backbone, other.paradigm, other.method].append(other)
    return dict(found)


def architecture(backbone: str) -> str | None:
    """The name that papers use for a backbone with OpenAI's weights; no published number has other weights."""
    name, _, weights = backbone.partition("/")
    return name.removesuffix("-quickgelu") if weights == "openai" else None


def _row(row: Mapping[str, str], file: str) -> Published:
    std, remark = row.get("std"), row.get("remark") or ("q is not stated" if row["method"] == "gce" else "")
    return Published(
        row["dataset"], row["noise_type"], float(row["noise_rate"]), int(row["shots"] or 0) or None,
        int(row["epochs"] or 0) or None, row["backbone"], row.get("paradigm", "fewshot"), row["method"],
        float(row["accuracy"]), float(std) if std else None, remark, row["source"], file,
    )  # fmt: skip


def _rows(file: Path) -> Iterator[dict[str, str]]:
    yield from csv.DictReader(io.StringIO(reading.read_text(file), newline=""))
