"""What choices have cost where the truth is known: of single ones, and what is to be expected of one like them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from benchmark.choose.typed_table import read_rows, write_rows

#: The committed table; docs/choosing.md tells how it was made.
TABLE = Path(__file__).parents[2] / "results" / "reference" / "choose" / "regret.csv"


@dataclass(frozen=True)
class Place:
    """A draw of labels with known truth: data set, kind and rate of noise, seed."""

    dataset: str
    noise: str
    rate: float
    seed: int

    @property
    def place(self) -> tuple[str, str, float, int]:
        """All four."""
        return self.dataset, self.noise, self.rate, self.seed


@dataclass(frozen=True)
class Regret(Place):
    """What one choice cost on labels of known truth: accuracies on the test split in percent, trained on all labels.

    `said` is the estimated fraction of wrong labels.
    """

    said: float
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


def read_table(path: Path = TABLE) -> list[Regret]:
    """The regrets in a table; none where there is no such file."""
    return read_rows(path, Regret)


def write_table(path: Path, rows: Iterable[Regret]) -> None:
    """Writes a table of regrets by data set, noise and seed."""
    write_rows(path, Regret, sorted(rows, key=lambda row: row.place))


def add_to_table(path: Path, new: Regret) -> None:
    """Adds a row to a table, in the place of one of the same cell and seed."""
    write_table(path, [row for row in read_table(path) if row.place != new.place] + [new])


def expectation(table: Iterable[Regret], by: str, default: str) -> str:
    """A sentence on what choices made in the same way with the same default have cost; "" where there are none."""
    like = [row for row in table if (row.by, row.default.partition("[")[0]) == (by, default.partition("[")[0])]
    costs = [row.regret for row in like]
    if not costs:
        return ""
    settings = len(by_setting(like))
    return (
        f"choices like this one ({by}) were {mean(costs):.1f} points of accuracy"
        f" below the best method in the mean, {max(costs):.1f}"
        f" at worst, in {len(costs)} runs of {settings} settings of the benchmark where the truth is known"
    )


def by_setting(table: Iterable[Regret]) -> Mapping[tuple[str, str, float], list[Regret]]:
    """The regrets by data set, kind and rate of noise."""
    found: dict[tuple[str, str, float], list[Regret]] = {}
    for row in table:
        found.setdefault(row.place[:3], []).append(row)
    return found
