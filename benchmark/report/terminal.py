"""The leaderboard in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.table import Table
from rich.text import Text

from benchmark.analysis.results import Results
from benchmark.plan.method_names import printed
from benchmark.records.failures import Failure
from benchmark.report.blocks import MISSING, Block, Cell, blocks
from benchmark.screen import Screen, table
from datamodules.names import number_of

#: More data sets than this show as their mean only.
MOST_DATASETS = 6
MOST_NAMED = 10


def show(campaign: Results, console: Screen, failures: Sequence[Failure] = ()) -> None:
    """Print a table per setting and kind of noise, the best of each column marked, then what went wrong, by name."""
    for _, group in groupby(blocks(campaign.board), key=lambda block: block.terms):
        shown = list(group)
        console.print(Text(shown[0].terms, style="bold"), soft_wrap=True)
        views, with_std = tables(shown, console.width)
        for view in views:
            console.print(view)
        console.print(Text(note(shown, with_std), style="dim italic"), soft_wrap=True)
    if not campaign.records:
        console.print("No finished runs.")
    for line in campaign.doubts():
        console.say(line, "dim")
    diverged = [record for record in campaign.records if record.status == "diverged"]
    _name("diverged", [f"{record.run}{': ' + record.hint if record.hint else ''}" for record in diverged], console)
    _name("failed", [f"{failure.run}: {failure.cause}" for failure in failures], console)


def tables(group: Sequence[Block], width: int = 100) -> tuple[list[Table], bool]:
    """One setting's blocks under each other; accuracy in percent, `*` the best of a column; and whether it shows ±.

    Where one table would be wider than `width` it goes without ±, and then has the rates in several tables.
    """
    columns = _columns(group)
    for with_std in (True, False):
        if _width(view := _table(group, columns, with_std, True)) <= width:
            return [view], with_std and any(cell.std is not None for b in _shown(group) for cell in b.cells.values())
    views = []
    while columns:
        fitting = [n for n in range(1, len(columns)) if _width(_table(group, columns[:n], False, False)) <= width]
        count = len(columns) if _width(_table(group, columns, False, True)) <= width else max(fitting, default=1)
        views.append(_table(group, columns[:count], False, count == len(columns)))
        columns = columns[count:]
    return views, False


def note(group: Sequence[Block], with_std: bool) -> str:
    """What the signs of such a table mean."""
    meanings = dict.fromkeys(meaning for block in _shown(group) for meaning in block.notes)
    parts = [f"accuracy in %{', mean ± std over seeds' * with_std}", "* best of its column", *meanings]
    if all(cell.std is None for block in group if block.dataset for cell in block.cells.values()):
        parts.append("one seed: differences of a few points are not significant")
    return "; ".join(parts)


def _table(group: Sequence[Block], columns: Sequence[str], with_std: bool, with_drop: bool) -> Table:
    rates = [group[0].label(column) for column in columns]
    rows: list[list[str | Text]] = []
    for block in _shown(group):
        measured = [Text(block.beneath(column), "cyan") + " " for column in columns]
        rows.append([Text(block.name, "bold cyan"), *measured, *[""] * with_drop])
        for method in block.methods:
            cells = [_cell(block.cells.get((method, column)), with_std) for column in columns]
            drop = block.change(method)
            rows.append([printed(method), *cells, *(["" if drop is None else f"{drop:z.1f}"] * with_drop)])
    first, last = ("labels", "gain") if group[0].is_audited else ("wrong labels", "drop")
    return table([first, *rates, *[last] * with_drop], rows, rigid=True)


def _width(view: Table) -> int:
    """Characters that a table takes where nothing is cut or wrapped."""
    return Screen(width=9999).measure(view).maximum


def _shown(group: Sequence[Block]) -> list[Block]:
    return [block for block in group if block.dataset is None or len(block.datasets) <= MOST_DATASETS]


def _columns(group: Sequence[Block]) -> list[str]:
    return list(dict.fromkeys(column for block in _shown(group) for column in block.columns))


def _cell(cell: Cell | None, with_std: bool) -> Text:
    if cell is None:
        return Text(MISSING, "dim") + " "
    std = f" ±{cell.std:5.2f}" if with_std and cell.std is not None else ""
    text = f"{cell.marks}{cell.mean:.2f}{std}{cell.in_brackets}"
    return Text(f"{text}*", "bold green") if cell.rank == 1 else Text(f"{text} ")


def _name(what: str, lines: Sequence[str], console: Screen) -> None:
    if lines:
        console.print()
        console.print(f"[bold red]{number_of(len(lines), 'run')} {what}[/]")
        for line in lines[:MOST_NAMED]:
            console.say(f"  {line}")
        if len(lines) > MOST_NAMED:
            console.print(f"  and {len(lines) - MOST_NAMED} more")
