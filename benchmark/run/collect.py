"""What a trained pack has to say about each of its runs: the fields of a record, and what was learned."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import asdict
from pathlib import PurePath
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from benchmark.plan.axes import Run
from benchmark.records.option_files import file_hashes
from benchmark.records.record import Noise
from benchmark.run.devices import device_name
from benchmark.run.environment import versions
from benchmark.run.predictions import pack_all
from datamodules import noise, paradigms
from datamodules.datamodule import NoisyFewShot
from datamodules.formats.labellings import AUDITED
from methods.core.base import BaseMethod
from methods.core.pack_module import PackModule


class Result(NamedTuple):
    """What a run leaves: its record's fields, what it learned, and its predictions as a file's content, if kept."""

    fields: dict[str, Any]
    learned: dict[str, Any]
    predictions: bytes = b""


def collect(runs: Sequence[Run], module: PackModule, data: NoisyFewShot, device: str, seconds: float) -> list[Result]:
    """One result per run, after `fit` and `test`."""
    diverged = module.diverged()
    skipped = _left_out(data.bank.skipped)
    hashes = {
        "weights": module.members[0].task.backbone.identity,
        "split": noise.fingerprint(data.dataset.train.labels, data.dataset.test.labels),
    }
    shared = {
        "zero_shot_accuracy": zero_shot_accuracy(module.members[0], data), "classes": list(data.dataset.classes),
        "precision": module.members[0].task.backbone.precision, "versions": versions(), "device": device_name(device),
        "seconds": round(seconds, 3),
    }  # fmt: skip
    predicted = pack_all(module, data) if module.keep_predictions else [b""] * len(runs)
    results: list[Result] = []
    for member, weights in zip(module.members, module.evaluated_weights, strict=True):
        for index in range(len(member.task.seeds)):
            row = member.rows.start + index
            curves = _curves(module, row) if member.trainable else {}
            fields = {
                **shared,
                "hashes": {**hashes, **file_hashes(runs[row])},
                "settings": asdict(runs[row].settings),
                "status": "diverged" if diverged[row] else "ok",
                "hint": "; ".join(filter(None, [diverged[row], skipped])),
                "accuracy": _percent(module.accuracy[row]),
                "per_class_accuracy": [_percent(value) for value in module.class_accuracy[row]],
                "ece": _percent(module.calibration_error[row]),
                "curves": curves,
                "noise": asdict(_noise(data, row, runs[row])),
                "parameters": sum(parameter[0].numel() for parameter in member.parameters()),
                **(_seen_and_unseen(module.class_accuracy[row], data, row) if runs[row].has_unseen_classes else {}),
                **_oracle(curves),
            }
            results.append(Result(fields, _learned(member, index, weights[index]), predicted[row]))
    return results


def _left_out(images: Collection[str]) -> str:
    names = [PurePath(image).name for image in sorted(images)[:3]]
    more = f"{', '.join(names)}{' ...' if len(images) > len(names) else ''}"
    return f"{len(images)} images could not be read and were left out: {more}" if images else ""


def _curves(module: PackModule, row: int) -> dict[str, list[float | None]]:
    """One value per epoch; accuracies in percent, None where there was nothing to measure."""
    curves = {}
    for name, epochs in module.curves.items():
        factor = 100 if "accuracy" in name else 1
        values = [factor * float(values[row]) for values in epochs]
        curves[name] = [round(value, 4) if math.isfinite(value) else None for value in values]
    return curves


def _oracle(curves: dict[str, list[float | None]]) -> dict[str, Any]:
    """The best epoch by test accuracy, counted from 1: an oracle, since nobody can know it without test labels."""
    known = [(value, -epoch) for epoch, value in enumerate(curves.get("test_accuracy", []), 1) if value is not None]
    if not known:
        return {}
    accuracy, epoch = max(known)
    return {"oracle_best_accuracy": accuracy, "oracle_best_epoch": -epoch}


def _seen_and_unseen(class_accuracy: Tensor, data: NoisyFewShot, row: int) -> dict[str, float]:
    """The accuracies on images of classes with and without labelled images, and their harmonic mean, percent."""
    counts = np.bincount(data.dataset.test.labels, minlength=len(class_accuracy)).astype(np.int64)
    seen, unseen = paradigms.seen_unseen(class_accuracy.numpy(), counts, data.pools[row].seen)
    mean = paradigms.harmonic_mean(seen, unseen)
    return {"seen_accuracy": _percent(seen), "unseen_accuracy": _percent(unseen), "harmonic_mean": _percent(mean)}


def _noise(data: NoisyFewShot, row: int, run: Run) -> Noise:
    """What became of the given labels; a run that has none has no wrong ones.

    Where the data set's own training labels are not to be trusted, nobody knows how many are wrong: an audit has an
    estimate for them as they are given, else nothing is said.
    """
    given = data.given[row]
    true, sha256 = data.dataset.train.labels[given.images], noise.fingerprint(given.images, given.labels)
    if not data.dataset.has_clean_labels:
        audited = data.dataset.given.get(AUDITED) if run.noise == "none" else None
        changed = None if audited is None or not len(true) else float((given.labels != audited[given.images]).mean())
        return Noise(changed, images=len(true), labels_sha256=sha256)
    rate = noise.realised_rate(given.labels, true) if len(true) else 0.0
    return Noise(rate, int((given.labels != true).sum()), len(true), sha256)


def _learned(member: BaseMethod, index: int, weights: Tensor) -> dict[str, Any]:
    """The run's parameters and, where they tell all, class weights [C, E] and logit scale, as float32 arrays."""
    if not member.fits:
        return {}
    arrays = {name: parameter[index] for name, parameter in member.named_parameters()}
    if member.is_linear:
        arrays |= {"class_weights": weights, "logit_scale": torch.tensor(member.task.backbone.scale)}
    return {name: array.detach().float().cpu().numpy() for name, array in arrays.items()}


def zero_shot_accuracy(member: BaseMethod, data: NoisyFewShot) -> float | None:
    """Accuracy of zero-shot CLIP on the test split, percent; None for features without text features."""
    outputs = data.dataset.outputs
    if outputs is not None and outputs.texts is None:
        return None
    weights = member.zero_shot().T
    hits = [(part.features[0] @ weights).argmax(-1) == part.labels[0] for part in data.test_images()]
    return _percent(torch.cat(hits).float().mean())


def _percent(share: Tensor | float) -> float:
    return round(100 * float(share), 4)
