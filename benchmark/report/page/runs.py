"""The runs of a report page, packed: a page of 20,000 runs must stay small enough to open."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

import numpy as np

from benchmark.analysis.curves import mean_curve
from benchmark.plan.axes import SETTING, setting_phrase
from benchmark.records.record import Record

#: Longer curves are thinned to this many points.
POINTS = 20
#: Up to this many values the page has the curves of single runs; beyond, only the means of cells.
MOST_VALUES = 100_000
#: Significant digits of a point of a curve.
DIGITS = 3


def packed_runs(records: Sequence[Record]) -> dict[str, Any]:
    """What the page tells of each run, column by column; `unpack` in state.js makes objects of it."""
    values = sum(POINTS * len(record.curves) for record in records)
    return pack([_run(record, values <= MOST_VALUES) for record in records])


def pack(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Rows with equal keys as columns: a list of values, or where many are equal {of: values, at: numbers of them}."""
    columns: dict[str, Any] = {}
    for name in rows[0] if rows else ():
        values = [row[name] for row in rows]
        first: dict[str, tuple[int, Any]] = {}
        at = [first.setdefault(repr(value), (len(first), value))[0] for value in values]
        few = 2 * len(first) <= len(values)
        columns[name] = {"of": [value for _, value in first.values()], "at": at} if few else values
    return {"count": len(rows), "columns": columns}


def _run(record: Record, with_curves: bool) -> dict[str, Any]:
    run = record.run
    return {
        "key": run.key, **place(record), "seed": run.seed, "status": record.status,
        "accuracy": number(record.accuracy), "oracle": number(record.oracle_best_accuracy),
        "oracle_epoch": record.oracle_best_epoch, "zero_shot": number(record.zero_shot_accuracy),
        "ece": number(record.ece), "harmonic_mean": number(record.harmonic_mean),
        "seen": number(record.seen_accuracy), "unseen": number(record.unseen_accuracy),
        "curves": {name: thinned(curve) for name, curve in record.curves.items()} if with_curves else None,
        "realised": number(record.noise.realised, 4), "wrong": record.noise.wrong, "images": record.noise.images,
        "labels_sha256": record.noise.labels_sha256[:12], "hashes": dict(record.hashes),
        "versions": dict(record.versions), "device": record.device, "precision": record.precision,
        "seconds": number(record.seconds, 1), "parameters": record.parameters, "hint": record.hint,
    }  # fmt: skip


def place(record: Record) -> dict[str, Any]:
    """Where a run stands in the tables of the page."""
    run = record.run
    return {
        "dataset": run.dataset, "method": run.method, "noise": run.noise, "rate": run.rate, "backbone": run.encoder,
        "labels": not record.label_free,
        "setting": _setting(attrgetter(*SETTING)(run.shown)),
    }  # fmt: skip


@cache
def _setting(values: tuple[object, ...]) -> str:
    return setting_phrase(values, usual=True)


def mean_cells(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Mean curves and per-class accuracies over the seeds of each method, data set and noise.

    Each curve is {x: epochs, y: means, n: number of runs that each mean is of}.
    """
    groups: dict[tuple[Any, ...], list[Record]] = {}
    for record in records:
        groups.setdefault(tuple(place(record).values()), []).append(record)
    return [
        {**place(own[0]), "curves": _means(own), "per_class": mean_of([record.per_class_accuracy for record in own])}
        for own in groups.values()
    ]


def _means(records: Sequence[Record]) -> dict[str, dict[str, list[Any]]]:
    names = dict.fromkeys(name for record in records for name in record.curves)
    return {name: mean_of([record.curves.get(name, ()) for record in records], thin=True) for name in names}


def mean_of(curves: Sequence[Sequence[float | None]], thin: bool = False) -> dict[str, list[Any]]:
    """Means over curves, point by point, of the values that there are."""
    mean, count = mean_curve(curves)
    kept = _few(np.flatnonzero(count).tolist()) if thin else range(len(mean))
    return {"x": [i + 1 for i in kept], "y": [short(float(mean[i])) for i in kept], "n": [int(count[i]) for i in kept]}


def thinned(curve: Sequence[float | None]) -> dict[str, list[Any]]:
    """Epochs in which there is a value, counted from 1, and values."""
    kept = _few([epoch for epoch, value in enumerate(curve) if value is not None])
    return {"x": [i + 1 for i in kept], "y": [short(curve[i]) for i in kept]}


def _few(known: Sequence[int]) -> list[int]:
    return [known[place] for place in points(len(known))]


@cache
def points(length: int) -> list[int]:
    """Which points of a curve are kept: the first, the last and some between."""
    count = min(length, POINTS)
    return sorted({round(i * (length - 1) / max(count - 1, 1)) for i in range(count)})


def short(value: float | None) -> float | None:
    """A value with few digits."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.{DIGITS}g}")


def number(value: float | None, digits: int = 2) -> float | None:
    """A rounded value; None where there is none."""
    return None if value is None or math.isnan(value) else round(float(value), digits)
