"""The data of the page: everything it shows, as plain JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from benchmark import PROTOCOL
from benchmark.published.papers import comparison
from benchmark.records.failures import Failure
from benchmark.report.blocks import Block, blocks, rate_name
from benchmark.report.campaign import Campaign
from benchmark.report.page.runs import mean_cells, number, packed_runs
from benchmark.report.palette import line_styles


def payload(
    campaign: Campaign, differences: pd.DataFrame, caveats: Sequence[str], failures: Sequence[Failure]
) -> dict[str, Any]:
    """All that `app.js` reads; percentages with two decimals."""
    records = sorted(campaign.records, key=lambda record: str(record.run))
    board = campaign.board
    style = {
        m: {"colour": look.colour, "dash": list(look.dash)} for m, look in line_styles(board["method"].unique()).items()
    }
    return {
        "protocol": PROTOCOL,
        "looks": style,
        "blocks": [_block(block, board) for block in blocks(board)],
        "differences": _rows(differences),
        "caveats": list(caveats),
        "published": _rows(comparison(board)),
        "classes": {record.run.dataset: list(record.classes) for record in records},
        "cells": mean_cells(records),
        "runs": packed_runs(records),
        "failures": [{"run": str(failure.run), "cause": failure.cause} for failure in failures],
        "problems": list(campaign.problems),
    }


def _block(block: Block, board: pd.DataFrame) -> dict[str, Any]:
    shots, recipe, backbone, paradigm = block.setting
    rows = board[(board["noise"] == block.noise) & (board["realised"].notna())]
    measured = rows.groupby([rate_name(rate) for rate in rows["rate"]])["realised"].mean()
    cells = {
        method: [_cell(block, method, column) for column in block.columns]
        for method in block.methods
        if any((method, column) in block.cells for column in block.columns)
    }
    return {
        "noise": block.noise, "setting": f"{shots} shots, recipe {recipe}, {paradigm}", "backbone": backbone,
        "dataset": block.dataset, "name": block.name, "columns": list(block.columns),
        "x": [number(100 * float(measured.get(c, math.nan) if c == "measured" else c)) for c in block.columns],
        "cells": cells, "missing": [method for method in block.methods if method not in cells],
        "notes": block.notes, "drops": {method: number(block.drop(method), 4) for method in cells},
    }  # fmt: skip


def _cell(block: Block, method: str, column: str) -> dict[str, Any] | None:
    cell = block.cells.get((method, column))
    if cell is None:
        return None
    return {"mean": number(cell.mean), "std": number(cell.std), "place": cell.place, "marks": cell.marks}


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A table's rows as JSON, with `setting` in one field as everywhere on the page."""
    rows: Any = table.astype(object).where(table.notna(), None).to_dict("records")
    for row in rows:
        row["setting"] = f"{row['shots']} shots, recipe {row['recipe']}, {row['paradigm']}"
    return [{name: number(v, 4) if isinstance(v, float) else v for name, v in row.items()} for row in rows]
