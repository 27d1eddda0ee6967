"""What methods did on data sets with known wrong labels, as a table by which any rule can be judged."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from benchmark.outputs import OneFile
from datamodules import reading
from methods.options.former_names import renamed

Place = tuple[str, str, float, int]
"""Data set, kind and rate of noise, seed."""


@dataclass(frozen=True)
class Trial:
    """What one method did on one data set with wrong labels: percent, points, and its test accuracy with all labels."""

    dataset: str
    noise: str
    rate: float
    seed: int
    dominant: float
    method: str
    agreement: float
    lead: float
    error: float
    accuracy: float

    @property
    def place(self) -> Place:
        """Which data set with wrong labels it was."""
        return self.dataset, self.noise, self.rate, self.seed


def read_trials(path: Path) -> list[Trial]:
    """The trials in a table; none where there is no such file."""
    if not path.is_file():
        return []
    kinds: dict[str, Callable[[str], Any]] = {"dataset": str, "noise": str, "method": renamed, "seed": int}
    rows = csv.DictReader(reading.read_text(path, reading.TABLE).splitlines())
    return [Trial(**{f.name: kinds.get(f.name, float)(row[f.name]) for f in fields(Trial)}) for row in rows]


def write_trials(path: Path, trials: Iterable[Trial]) -> None:
    """Writes a table of trials, in one step.

    Raises:
        BadInput: a file of another kind stands there.
    """
    names = [field.name for field in fields(Trial)]
    rows = [[f"{v:.4f}" if isinstance(v, float) else str(v) for v in asdict(trial).values()] for trial in trials]
    header = ",".join(names)
    OneFile(path, f"^{header}\n".encode()).write("\n".join([header, *map(",".join, rows)]) + "\n")
