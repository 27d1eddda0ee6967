"""The files of an audit."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from benchmark.audit.doubtful import Doubtful
from benchmark.audit.finding import Finding
from datamodules.foreign import to_cell
from datamodules.formats.labellings import AUDITED


def files(data: Doubtful, finding: Finding, correct: float = 0.0) -> dict[str, str | bytes]:
    """The files by name, with `audited.csv` where a share `correct` of the labels shall be corrected."""
    tables = {
        "labels.csv": label_table(data, finding),
        "confusion.csv": confusion_table(data, finding),
        "duplicates.csv": duplicate_table(data, finding),
        "misfits.csv": misfit_table(data, finding),
    }
    if correct:
        tables[f"{AUDITED}.csv"] = corrected_table(data, finding, correct)
    buffer = io.BytesIO()
    np.save(buffer, finding.probabilities.astype(np.float32))
    return {
        **{name: as_csv(rows) for name, rows in tables.items()},
        "pred_probs.npy": buffer.getvalue(),
        "summary.json": json.dumps(summary(data, finding), indent=1, ensure_ascii=False) + "\n",
    }


def as_csv(rows: Iterable[Sequence[Any]]) -> str:
    """Rows as a table, numbers with six significant digits, texts as no spreadsheet takes them for formulas."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        writer.writerow(
            [
                f"{cell:.6g}" if isinstance(cell, float) else to_cell(cell) if isinstance(cell, str) else cell
                for cell in row
            ]
        )
    return text.getvalue()


def label_table(data: Doubtful, finding: Finding) -> Iterable[Sequence[Any]]:
    """A line per image, most suspicious first: file, given and suggested class, probability, rank, scores."""
    yield ["file", "given", "suggested", "p_wrong", "rank", "isolation", *finding.scores]
    for rank, row in enumerate(finding.order.tolist(), 1):
        given, suggested = data.values[data.given[row]], data.values[finding.suggested[row]]
        own = [float(score[row]) for score in finding.scores.values()]
        yield [data.files[row], given, suggested, float(finding.wrong[row]), rank, float(finding.isolation[row]), *own]


def confusion_table(data: Doubtful, finding: Finding) -> Iterable[Sequence[Any]]:
    """Estimated shares of images by true class (rows) and given class (columns), which sum to 1."""
    yield ["true", *data.values]
    for value, row in zip(data.values, finding.confusion.tolist(), strict=True):
        yield [value, *row]


def duplicate_table(data: Doubtful, finding: Finding) -> Iterable[Sequence[Any]]:
    """Near-duplicates with different classes, most similar first."""
    yield ["file", "given", "other_file", "other_given", "cosine"]
    for first, second, cosine in finding.duplicates:
        of = [(data.files[row], data.values[data.given[row]]) for row in (first, second)]
        yield [*of[0], *of[1], cosine]


def misfit_table(data: Doubtful, finding: Finding) -> Iterable[Sequence[Any]]:
    """Images that fit no class, most isolated first."""
    yield ["file", "given", "isolation"]
    for row in finding.misfits.tolist():
        yield [data.files[row], data.values[data.given[row]], float(finding.isolation[row])]


def corrected_table(data: Doubtful, finding: Finding, share: float) -> Iterable[Sequence[Any]]:
    """Every image with its label, that of the `share` of most suspicious ones replaced by the suggestion."""
    labels = data.given.copy()
    doubtful = finding.order[: int(share * len(labels) + 1e-9)]
    labels[doubtful] = finding.suggested[doubtful]
    yield ["file", f"{AUDITED}_label"]
    for file, label in zip(data.files, labels.tolist(), strict=True):
        yield [file, data.values[label]]


def summary(data: Doubtful, finding: Finding) -> dict[str, Any]:
    """The numbers of an audit as a whole."""
    return {
        "data": data.name,
        "images": len(data.given),
        "classes": list(data.values),
        "wrong_share": finding.share.estimate,
        "wrong_share_interval": [finding.share.low, finding.share.high],
        "near_duplicates_with_different_labels": len(finding.duplicates),
        "fit_no_class": len(finding.misfits),
        "weights": finding.weights,
    }
