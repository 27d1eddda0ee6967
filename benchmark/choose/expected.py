"""What a choice like this one has cost where the truth is known, from the benchmark's own table of regrets."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from statistics import mean
from typing import Any

from benchmark.errors import BadInput
from benchmark.outputs import OneFile
from datamodules import reading
from datamodules.foreign import from_cell, to_cell

#: The committed table; docs/choosing.md tells how it was made.
TABLE = Path(__file__).parents[2] / "results" / "reference" / "choose" / "regret.csv"


@dataclass(frozen=True)
class Regret:
    """What one choice cost on labels of known truth: accuracies on the test split in percent, trained on all labels."""

    dataset: str
    noise: str
    rate: float
    seed: int
    dominant: float
    by: str
    chosen: str
    accuracy: float
    best: str
    best_accuracy: float
    default: str
    default_accuracy: float

    @property
    def regret(self) -> float:
        """Points below the best of the methods that were compared."""
        return self.best_accuracy - self.accuracy


HEADER = ",".join(field.name for field in fields(Regret))
MARK = f"^{HEADER}\n".encode()


def read_table(path: Path = TABLE) -> list[Regret]:
    """The regrets in a table; none where there is no such file.

    Raises:
        BadInput: a file that is not a table of regrets.
    """
    if not path.is_file():
        return []
    kinds: dict[str, Callable[[str], Any]] = {"rate": float, "seed": int, "dominant": float}
    kinds |= {field.name: float for field in fields(Regret) if field.name.endswith("accuracy")}
    try:
        rows = csv.DictReader(io.StringIO(reading.read_text(path, reading.TABLE), newline=""))
        return [
            Regret(**{field.name: kinds.get(field.name, from_cell)(row[field.name]) for field in fields(Regret)})
            for row in rows
        ]
    except (KeyError, ValueError, TypeError, csv.Error) as error:
        raise BadInput(f"{path} is not a table of regrets: {type(error).__name__} {error}") from None


def check_table(path: Path) -> None:
    """Accept a table to add rows to, or that there is none.

    Raises:
        BadInput: a file of another kind stands there.
    """
    OneFile(path, MARK).check()


def add_to_table(path: Path, new: Regret) -> None:
    """Adds a row to a table, in the place of one of the same cell and seed."""
    write_table(path, [row for row in read_table(path) if place(row) != place(new)] + [new])


def write_table(path: Path, rows: Iterable[Regret]) -> None:
    """Writes a table of regrets in one step, by data set, noise and seed.

    Raises:
        BadInput: a file of another kind stands there.
    """
    text = io.StringIO()
    lines = [[_cell(value) for value in astuple(row)] for row in sorted(rows, key=place)]
    csv.writer(text, lineterminator="\n").writerows([[field.name for field in fields(Regret)], *lines])
    OneFile(path, MARK).write(text.getvalue())


def place(row: Regret) -> tuple[str, str, float, int]:
    """Data set, kind and rate of noise, seed."""
    return row.dataset, row.noise, row.rate, row.seed


def _cell(value: object) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else to_cell(str(value))


def expectation(table: Iterable[Regret], by: str, default: str) -> str:
    """A sentence on what choices made in the same way with the same default have cost; "" where there are none."""
    like = [row for row in table if (row.by, row.default) == (by, default)]
    costs = [row.regret for row in like]
    if not costs:
        return ""
    settings = len({(row.dataset, row.noise, row.rate) for row in like})
    return (
        f"choices like this one ({by}) were {mean(costs):.1f} points of accuracy"
        f" below the best method in the mean, {max(costs):.1f}"
        f" at worst, in {len(costs)} runs of {settings} settings of the benchmark where the truth is known"
    )


def by_setting(table: Iterable[Regret]) -> Mapping[tuple[str, str, float], list[Regret]]:
    """The regrets by data set, kind and rate of noise."""
    found: dict[tuple[str, str, float], list[Regret]] = {}
    for row in table:
        found.setdefault((row.dataset, row.noise, row.rate), []).append(row)
    return found
