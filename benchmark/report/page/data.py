"""What the page is told: everything it shows, as plain JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from benchmark import PROTOCOL
from benchmark.published.papers import comparison
from benchmark.records.failures import Failure
from benchmark.records.record import Record
from benchmark.report.blocks import Block, blocks, rate_name
from benchmark.report.leaderboard import leaderboard
from benchmark.report.palette import line_styles

#: Longer curves are thinned to this many points.
POINTS = 60


def payload(
    records: Sequence[Record],
    differences: pd.DataFrame,
    caveats: Sequence[str],
    failures: Sequence[Failure],
    problems: Sequence[str],
) -> dict[str, Any]:
    """All that `app.js` reads; percentages with two decimals."""
    records = sorted(records, key=lambda record: (str(record.run), record.key))
    board = leaderboard(records)
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
        "runs": [_run(record) for record in records],
        "failures": [{"run": str(failure.run), "cause": failure.cause} for failure in failures],
        "problems": list(problems),
    }


def _block(block: Block, board: pd.DataFrame) -> dict[str, Any]:
    shots, epochs, backbone, paradigm = block.setting
    rows = board[(board["noise"] == block.noise) & (board["realised"].notna())]
    measured = rows.groupby([rate_name(rate) for rate in rows["rate"]])["realised"].mean()
    cells = {
        method: [_cell(block, method, column) for column in block.columns]
        for method in block.methods
        if any((method, column) in block.cells for column in block.columns)
    }
    return {
        "noise": block.noise, "setting": f"{shots} shots, {epochs} epochs, {paradigm}", "backbone": backbone,
        "dataset": block.dataset, "name": block.name, "columns": list(block.columns),
        "x": [_number(100 * float(measured.get(c, math.nan) if c == "measured" else c)) for c in block.columns],
        "cells": cells, "missing": [method for method in block.methods if method not in cells],
        "drops": {method: _number(block.drop(method), 4) for method in cells},
    }  # fmt: skip


def _cell(block: Block, method: str, column: str) -> dict[str, Any] | None:
    cell = block.cells.get((method, column))
    if cell is None:
        return None
    return {"mean": _number(cell.mean), "std": _number(cell.std), "place": cell.place, "diverged": cell.diverged}


def _run(record: Record) -> dict[str, Any]:
    run = record.run
    paradigm = "fewshot" if record.label_free else run.paradigm
    return {
        "key": run.key, "dataset": run.dataset, "method": run.method, "noise": run.noise, "rate": run.rate,
        "seed": run.seed, "backbone": run.backbone, "paradigm": run.paradigm, "labels": not record.label_free,
        "setting": f"{run.shots} shots, {run.epochs} epochs, {paradigm}", "status": record.status,
        "accuracy": _number(record.accuracy), "score": _number(record.score),
        "oracle": _number(record.oracle_best_accuracy), "oracle_epoch": record.oracle_best_epoch,
        "zero_shot": _number(record.zero_shot_accuracy), "ece": _number(record.ece),
        "harmonic_mean": _number(record.harmonic_mean),
        "per_class": [_number(value) for value in record.per_class_accuracy],
        "curves": {name: _thinned(curve) for name, curve in record.curves.items()},
        "realised": record.noise.realised, "wrong": record.noise.wrong, "images": record.noise.images,
        "labels_sha256": record.noise.labels_sha256, "hashes": dict(record.hashes), "versions": dict(record.versions),
        "device": record.device, "seconds": _number(record.seconds), "parameters": record.parameters,
        "hint": record.hint,
    }  # fmt: skip


def _thinned(curve: Sequence[float | None]) -> dict[str, list[Any]]:
    """Epochs, counted from 1, and values."""
    count = min(len(curve), POINTS)
    kept = sorted({round(i * (len(curve) - 1) / max(count - 1, 1)) for i in range(count)})
    return {"x": [i + 1 for i in kept], "y": [_number(curve[i], 4) for i in kept]}


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A table's rows as JSON, with `setting` in one field as everywhere on the page."""
    rows: list[dict[str, Any]] = table.astype(object).where(table.notna(), None).to_dict("records")
    for row in rows:
        row["setting"] = f"{row['shots']} shots, {row['epochs']} epochs, {row['paradigm']}"
    return [{name: _number(v, 4) if isinstance(v, float) else v for name, v in row.items()} for row in rows]


def _number(value: float | None, digits: int = 2) -> float | None:
    return None if value is None or math.isnan(value) else round(float(value), digits)
