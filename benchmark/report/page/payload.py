"""The data of the page: everything it shows, as plain JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pandas as pd

from benchmark import PROTOCOL
from benchmark.analysis import selection
from benchmark.analysis.results import Results
from benchmark.plan.axes import SETTING, setting_phrase
from benchmark.plan.method_names import printed
from benchmark.plan.short_names import percent, short_names, short_noise
from benchmark.published.papers import comparison
from benchmark.records.failures import Failure
from benchmark.report.blocks import Block, blocks, in_colour
from benchmark.report.headline import result_of
from benchmark.report.page.runs import mean_cells, number, packed_runs
from benchmark.report.palette import line_styles


def payload(
    campaign: Results, differences: pd.DataFrame, caveats: Sequence[str], failures: Sequence[Failure], place: str = "",
    links: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:  # fmt: skip
    """All that `app.js` reads; percentages with two decimals; the arguments are those of `build`."""
    records = sorted(campaign.records, key=lambda record: str(record.run))
    board = campaign.board
    style = {
        m: {"colour": look.colour, "dash": list(look.dash)} for m, look in line_styles(board["method"].unique()).items()
    }
    return {
        "protocol": PROTOCOL,
        "place": place,
        "links": {key: link for key, link in links.items() if link.startswith(("https://", "http://"))},
        "names": {
            **{axis: short_names(sorted(board[axis].unique())) for axis in ("dataset", "backbone")},
            "method": {method: printed(method) for method in board["method"].unique()},
            "noise": {noise: short_noise(noise) for noise in board["noise"].unique()},
        },
        "looks": style,
        "blocks": [_block(block, board) for block in blocks(board)],
        "differences": _rows(differences),
        "caveats": list(caveats),
        "published": _rows(comparison(board)),
        "choices": _rows(selection.by_cell(selection.chosen(records))),
        "classes": {record.run.dataset: list(record.classes) for record in records},
        "cells": mean_cells(records),
        "runs": packed_runs(records),
        "failures": [{"run": str(failure.run), "cause": failure.cause} for failure in failures],
        "problems": list(campaign.problems),
    }


def _block(block: Block, board: pd.DataFrame) -> dict[str, Any]:
    rows = board[(board["noise"] == block.noise) & (board[SETTING] == list(block.setting)).all(axis=1)]
    cells = {
        method: [_cell(block, method, column) for column in block.columns]
        for method in block.methods
        if any((method, column) in block.cells for column in block.columns)
    }
    return {
        "noise": block.noise, "setting": setting_phrase(block.setting, usual=True),
        "backbone": block.setting[SETTING.index("backbone")],
        "dataset": block.dataset, "name": block.name, "columns": list(block.columns),
        "headings": [_heading(block, c) for c in block.columns], "change": "Gain" if block.is_audited else "Drop",
        "x": [None if (rate := block.rate(c)) is None else number(100 * rate) for c in block.columns],
        "result": result_of(block), "ranks": {method: number(rank) for method, rank in block.ranks.items()},
        "coloured": in_colour(rows),
        "cells": cells, "missing": [method for method in block.methods if method not in cells],
        "notes": block.notes, "drops": {method: number(block.change(method), 4) for method in cells},
    }  # fmt: skip


def _heading(block: Block, column: str) -> str:
    if block.is_audited:
        return block.heading(column)
    if column != "measured":
        return percent(float(column))
    return "measured" if block.measured is None else f"{percent(block.measured)} measured"


def _cell(block: Block, method: str, column: str) -> dict[str, Any] | None:
    cell = block.cells.get((method, column))
    if cell is None:
        return None
    return {"mean": number(cell.mean), "std": number(cell.std), "rank": cell.rank, "marks": cell.marks,
            "in_brackets": cell.in_brackets}  # fmt: skip


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A table's rows as JSON, with `setting` in one field as everywhere on the page."""
    rows: Any = table.astype(object).where(table.notna(), None).to_dict("records")
    for row in rows:
        row["setting"] = setting_phrase([row[name] for name in SETTING], usual=True)
    return [{name: number(v, 4) if isinstance(v, float) else v for name, v in row.items()} for row in rows]
