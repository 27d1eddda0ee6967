"""The files of an audit."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from benchmark.audit.audit_result import AuditResult
from benchmark.audit.copies import KINDS, Copies
from benchmark.audit.doubtful import Doubtful
from datamodules.formats.csv_table import as_csv
from datamodules.formats.labellings import AUDITED


def files(data: Doubtful, result: AuditResult, copies: Copies, correct: float = 0.0) -> dict[str, str | bytes]:
    """The files by name, with `audited.csv` where a fraction `correct` of the labels shall be corrected."""
    missing, data = data.unlabelled_files(), data.labelled()
    tables = {
        "labels.csv": label_table(data, result),
        "confusion.csv": confusion_table(data, result),
        "duplicates.csv": duplicate_table(data, copies),
        "misfits.csv": misfit_table(data, result),
        "questions.csv": question_table(data, result),
        "left_out.csv": [["file", "why"], *data.left_out],
        "issues.csv": [["file", "issue"], *((file, "of one colour") for file in data.constant), *data.issues.items()],
    }
    if missing:
        tables["unlabelled.csv"] = unlabelled_table(missing, data.values, result)
    if correct:
        tables[f"{AUDITED}.csv"] = corrected_table(data, result, correct)
    buffer = io.BytesIO()
    np.save(buffer, result.probabilities.astype(np.float32))
    return {
        **{name: as_csv(rows) for name, rows in tables.items()},
        "pred_probs.npy": buffer.getvalue(),
        "summary.json": json.dumps(summary(data, result, copies), indent=1, ensure_ascii=False) + "\n",
    }


def label_table(data: Doubtful, result: AuditResult) -> Iterable[Sequence[Any]]:
    """A line per image, most suspicious first: file, given and suggested class, probability, rank, scores."""
    yield ["file", "given", "suggested", "p_wrong", "rank", "isolation", *result.scores]
    for rank, row in enumerate(result.order.tolist(), 1):
        given, suggested = data.values[data.given[row]], data.values[result.suggested[row]]
        own = [float(score[row]) for score in result.scores.values()]
        yield [data.files[row], given, suggested, float(result.wrong[row]), rank, float(result.isolation[row]), *own]


def confusion_table(data: Doubtful, result: AuditResult) -> Iterable[Sequence[Any]]:
    """Estimated shares of images by true class (rows) and given class (columns), which sum to 1."""
    yield ["true", *data.values]
    for value, row in zip(data.values, result.confusion.tolist(), strict=True):
        yield [value, *row]


def duplicate_table(data: Doubtful, copies: Copies) -> Iterable[Sequence[Any]]:
    """Copies, those with different labels first, then those of test images, then exact ones, then the most alike."""
    yield ["file", "given", "other_file", "other_given", "labels", "other_is_in", "copy", "cosine", "correlation"]
    other = data.test or data
    pairs = [(copy, data, "audit") for copy in copies.within] + [(copy, other, "test") for copy in copies.in_test]
    rows = []
    for copy, place, name in pairs:
        given, of = data.values[data.given[copy.first]], place.values[place.given[copy.second]]
        labels = "same" if given == of else "different"
        own = [data.files[copy.first], given, place.files[copy.second], of, labels, name]
        rows.append([*own, copy.kind, copy.cosine, copy.correlation])
    yield from sorted(rows, key=lambda row: (row[4], row[5] == "audit", row[6]))


def misfit_table(data: Doubtful, result: AuditResult) -> Iterable[Sequence[Any]]:
    """Images that fit no class, most isolated first."""
    yield ["file", "given", "isolation"]
    for row in result.misfits.tolist():
        yield [data.files[row], data.values[data.given[row]], float(result.isolation[row])]


def question_table(data: Doubtful, result: AuditResult) -> Iterable[Sequence[Any]]:
    """The images that a decision about would tell most, with the class that every explanation suggests."""
    others = [f"if_{100 * rival.fraction:.0f}_percent_are_wrong" for rival in result.rivals]
    yield ["file", "given", "suggested", *others]
    for row in result.questions.tolist():
        suggested = [result.suggested, *(rival.suggested for rival in result.rivals)]
        yield [data.files[row], *(data.values[labels[row]] for labels in (data.given, *suggested))]


def unlabelled_table(files: Sequence[str], values: Sequence[str], result: AuditResult) -> Iterable[Sequence[Any]]:
    """The images without a label: the likeliest class and its probability."""
    yield ["file", "suggested", "probability"]
    for file, label, probability in zip(files, *(part.tolist() for part in result.unlabelled), strict=True):
        yield [file, values[label], probability]


def corrected_table(data: Doubtful, result: AuditResult, fraction: float) -> Iterable[Sequence[Any]]:
    """Every image with its label, that of the `fraction` of most suspicious ones replaced by the suggestion."""
    labels = data.given.copy()
    doubtful = result.order[: int(fraction * len(labels) + 1e-9)]
    labels[doubtful] = result.suggested[doubtful]
    yield ["file", f"{AUDITED}_label"]
    for file, label in zip(data.files, labels.tolist(), strict=True):
        yield [file, data.values[label]]


def summary(data: Doubtful, result: AuditResult, copies: Copies) -> dict[str, Any]:
    """The numbers of an audit as a whole."""
    same = copies.same(data.given)
    return {
        "data": data.name, "images": len(data.given), "classes": list(data.values),
        "wrong_share": result.fraction.estimate, "wrong_share_interval": [result.fraction.low, result.fraction.high],
        "other_explanations": [rival.fraction for rival in result.rivals],
        "looks_like": {data.values[one]: data.values[other] for one, other in result.exchanged},
        "copies_with_different_labels": {kind: copies.count(~same, kind) for kind in KINDS},
        "copies_with_the_same_label": {kind: copies.count(same, kind) for kind in KINDS},
        "copies_in_the_test_set": {kind: sum(copy.kind == kind for copy in copies.in_test) for kind in KINDS},
        "fit_no_class": len(result.misfits), "left_out": Counter(why for _, why in data.left_out),
        "of_one_colour": list(data.constant), "weights": result.weights,
    }  # fmt: skip
