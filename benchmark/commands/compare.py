"""`promptnoise compare`: tell whether two results folders say the same.

Two versions, two machines, or a reference and one's own results.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from annotated_types import Ge
from rich.table import Table

from benchmark.analysis.leaderboard import from_csv, leaderboard
from benchmark.errors import BadInput
from benchmark.plan.axes import CELL
from benchmark.plan.method_names import printed
from benchmark.records.record import Record
from benchmark.records.store import Store
from benchmark.screen import Screen, table
from datamodules import reading
from datamodules.names import number_of

GROUP = "read"

#: Cells that differ by less, in points, count as reproduced: other hardware and library versions round otherwise.
TOLERANCE = 0.5
MOST_SHOWN = 20


@dataclass(frozen=True)
class Options:
    """Compare the leaderboards of two results folders: two versions, two machines, or results/reference and yours."""

    first: Path
    """A results folder."""

    second: Path
    """Another one."""

    tolerance: Annotated[float, Ge(0)] = TOLERANCE
    """Largest difference of a cell, in points of accuracy."""


def main(options: Options) -> int:
    """Prints the differences; 0 if every cell of a is in b and agrees, else 1."""
    comparison = compare(options.first, options.second, options.tolerance)
    show(comparison, Screen())
    return 0 if comparison.agrees else 1


@dataclass(frozen=True)
class Comparison:
    """Cells of two leaderboards side by side.

    `cells` has `CELL`, method, `mean_a`, `mean_b`, `std_a`, `std_b` (percent) and `gap` (b minus a, points), the
    largest gap first; `only_a` and `only_b` count cells that the other lacks; `notes` says what to know first.
    """

    cells: pd.DataFrame
    only_a: int
    only_b: int
    notes: tuple[str, ...]
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Whether b has every cell of a, and none differs by more than the tolerance."""
        return self.only_a == 0 and len(self.cells) > 0 and bool((self.cells["gap"].abs() <= self.tolerance).all())


def compare(a: Path, b: Path, tolerance: float = TOLERANCE) -> Comparison:
    """Compare the leaderboards of two folders, from their records or, where there are none, from `leaderboard.csv`.

    Raises BadInput: A folder has neither, or its `leaderboard.csv` is none.
    """
    left, first, notes_a = _board(a)
    right, second, notes_b = _board(b)
    key = [*CELL, "method"]
    both = left.merge(right, on=key, how="outer", suffixes=("_a", "_b"), indicator="where")
    cells = both[both["where"] == "both"].copy()
    cells["gap"] = (cells["mean_b"] - cells["mean_a"]).round(6)
    cells = cells.iloc[cells["gap"].abs().argsort(kind="stable")[::-1]]
    counts = both["where"].value_counts()
    notes = [*notes_a, *notes_b, *_other_weights(first, second)]
    protocols = [sorted(set(board["protocol"])) for board in (left, right)]
    if protocols[0] != protocols[1]:
        names = ["/".join(map(str, protocol)) for protocol in protocols]
        notes.append(f"protocol {names[0]} against {names[1]}: results of different protocols are expected to differ")
    if other := int((cells["seeds_a"] != cells["seeds_b"]).sum()):
        notes.append(f"means over another number of seeds in the second folder: {number_of(other, 'cell')}")
    shown = cells[[*key, "mean_a", "mean_b", "std_a", "std_b", "gap"]].reset_index(drop=True)
    return Comparison(shown, int(counts["left_only"]), int(counts["right_only"]), tuple(notes), tolerance)


def _other_weights(first: Sequence[Record], second: Sequence[Record]) -> list[str]:
    """What to know of backbones whose weights differ between two folders."""
    ours, theirs = ({record.run.backbone_name: record.weights for record in records} for records in (first, second))
    return [
        f"other weights under the name {name}: {own[:12] or 'unknown'} in the first folder, "
        f"{theirs[name][:12] or 'unknown'} in the second"
        for name, own in sorted(ours.items())
        if theirs.get(name, own) != own
    ]


def _board(folder: Path) -> tuple[pd.DataFrame, list[Record], list[str]]:
    """A folder's leaderboard, its records, and what was left out."""
    records, problems = Store(folder).load()
    if records:
        return leaderboard(records), records, problems
    file = folder / "leaderboard.csv"
    if not file.exists():
        wrong = "has neither records of finished runs nor a leaderboard.csv"
        if not folder.is_dir():
            wrong = "is no folder; compare takes two results folders, `promptnoise report --methods=A,B` methods"
        raise BadInput(f"{folder} {wrong}")
    try:
        return from_csv(reading.read_text(file, reading.TABLE)), [], problems
    except ValueError as error:
        raise BadInput(f"{file}: {error}") from error


def show(comparison: Comparison, console: Screen) -> None:
    """Print the verdict, and the cells that differ most."""
    for note in comparison.notes:
        console.say(note, "yellow")
    cells, far = comparison.cells, comparison.cells[comparison.cells["gap"].abs() > comparison.tolerance]
    if len(far):
        console.print(_table(far.head(MOST_SHOWN)))
        if len(far) > MOST_SHOWN:
            console.print(f"and {number_of(len(far) - MOST_SHOWN, 'cell')} more")
    for count, who in ((comparison.only_a, "first"), (comparison.only_b, "second")):
        if count:
            console.print(f"only in the {who} folder: {number_of(count, 'cell')}", highlight=False)
    if not len(cells):
        console.print("the two have no cell in common", style="bold red")
        return
    largest, mean = cells["gap"].abs().max(), cells["gap"].abs().mean()
    text = f"{number_of(len(cells), 'cell')} in common: mean difference {mean:.2f}, largest {largest:.2f} points"
    console.print(text, highlight=False)
    good = f"the second folder reproduces the first within {comparison.tolerance:g} points"
    bad = f"not reproduced: {number_of(len(far), 'cell')} apart by more than {comparison.tolerance:g} points"
    lacking = f"not reproduced: the second folder lacks {number_of(comparison.only_a, 'cell')} of the first"
    verdict = good if comparison.agrees else bad if len(far) else lacking
    console.print(verdict, style="bold green" if comparison.agrees else "bold red", highlight=False)


def _table(cells: pd.DataFrame) -> Table:
    row: Any
    rows = []
    for row in cells.itertuples(index=False):
        rate = "measured" if pd.isna(row.rate) else f"{100 * row.rate:g} %"
        numbers = (_number(row.mean_a, row.std_a), _number(row.mean_b, row.std_b), f"{row.gap:+.2f}")
        rows.append((row.dataset, printed(row.method), row.noise, rate, *numbers))
    return table(("data set", "method", "noise", "wrong", "first", "second", "gap"), rows, left=4)


def _number(mean: float, std: float) -> str:
    return f"{mean:.2f}" if pd.isna(std) else f"{mean:.2f} ± {std:.2f}"
