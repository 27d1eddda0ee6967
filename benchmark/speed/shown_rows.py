"""Rows of the speed benchmark, as a terminal shows them."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from benchmark.speed.cases import Row


def line_of(row: Row) -> str:
    """What a row found, as soon as it is there."""
    what = f"{row.case}, {row.backbone}, {row.classes} classes, {row.runs} runs, against {row.against}"
    if row.ratio_median is not None:
        return f"{what}: {row.ratio_median:.1f} times"
    return f"{what}: {row.suite_mib:,.0f} MiB" if row.suite_mib else f"{what}: {row.suite_s:,.0f} s"


def table_of(rows: list[Row]) -> Table:
    """All rows, for the terminal."""
    table = Table(title="times faster, per run", caption="of peak: of the measured speed of a matrix product")
    for column in ("case", "against", "classes", "runs", "shots", "times", "target", "operations", "of peak", "MiB"):
        table.add_column(column, justify="left" if column in ("case", "against") else "right")
    for row in rows:
        times = "" if row.ratio_median is None else f"{row.ratio_median:.1f} ({row.ratio_min:.1f}-{row.ratio_max:.1f})"
        counts = (row.classes, row.runs, row.shots)
        shares = (row.floor and f"{row.floor:.1f}", row.share and f"{row.share:.0%}")
        words = (*counts, times, row.target, *shares, row.suite_mib and f"{row.suite_mib:,.0f}")
        about = map(escape, (f"{row.case}, {row.backbone}", row.against))
        table.add_row(*about, *("" if word is None else str(word) for word in words))
    return table
