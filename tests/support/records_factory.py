"""Made-up records: what a small campaign would leave behind, without training anything."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.plan.axes import Run
from benchmark.records.checksummed import with_checksum
from benchmark.records.prediction_file import Predictions, pack
from benchmark.records.store import Store
from methods.recipes import recipe

DATASETS = {"flipped": 66.0, "tilted": 47.0, "digits": 57.0}
#: Method -> (gain over zero-shot, loss of accuracy per unit of noise rate); None where no given label is used.
METHODS: dict[str, tuple[float, float | None]] = {
    "zero_shot": (0.0, None),
    "coop": (14.0, 60.0),
    "gce[q=0.5]": (13.0, 4.0),
    "linear_probe": (9.0, 75.0),
}
CLASSES = ("arrow", "bell", "cup", "drum", "eye")


def run(
    method: str = "coop",
    dataset: str = "flipped",
    noise: str = "symmetric",
    rate: float | None = 0.5,
    seed: int = 1,
    **more: Any,
) -> Run:
    own = more.get("recipe") or str(recipe("embedded", more.get("epochs")))
    fields = {"backbone": "embedded", "shots": 16, "recipe": own, "epochs": 10, **more}
    return Run(dataset=dataset, method=method, noise=noise, rate=rate, seed=seed, **fields)


def result(accuracy: float = 70.0, run: Run | None = None, **more: Any) -> dict[str, Any]:
    """What the runner would report of a run that ended at `accuracy` percent."""
    wrong = int(80 * ((run and run.rate) or 0.0))
    epochs = [round(accuracy * (1 - 0.5 ** (epoch + 1)), 4) for epoch in range(10)]
    steps = [0.9**epoch for epoch in range(10)]
    fields = {
        "status": "ok",
        "accuracy": accuracy,
        "oracle_best_accuracy": min(100.0, accuracy + 1.5),
        "oracle_best_epoch": 7,
        "zero_shot_accuracy": DATASETS.get(run.dataset, 50.0) if run else 50.0,
        "ece": 5.0,
        "classes": list(CLASSES),
        "per_class_accuracy": [max(0.0, min(100.0, accuracy + 8 * (i - 2))) for i in range(len(CLASSES))],
        "curves": {
            "test_accuracy": epochs,
            "loss": [2 * step for step in steps],
            "grad_norm_correct": [0.6 * step for step in steps],
            "grad_norm_wrong": [0.9 - 0.3 * step for step in steps],
            "train_accuracy_given": [60 - 20 * step for step in steps],
            "train_accuracy_true": epochs,
            "auroc_wrong": [0.5 + 0.4 * (1 - step) for step in steps],
        },
        "noise": {
            "realised": wrong / 80,
            "wrong": wrong,
            "images": 80,
            "labels_sha256": f"{run.seed if run else 0}-{run.noise if run else ''}-{wrong}",
        },
        "hashes": {"weights": "w", "split": "s"},
        "versions": {"torch": "2.6.0"},
        "device": "cpu",
        "seconds": 1.5,
        "parameters": 1024,
    }
    return {**fields, **more}


def predictions(true_known: bool = True) -> bytes:
    """A file of two training images, the first with a wrong label, and three test images, the last two mistaken."""
    ones = np.ones(2, np.int64)
    train = Predictions("train", ("a.png", "b.png"), 0 * ones if true_known else None, ones, 0 * ones, 0.75 * ones)
    labels, predicted = np.array([0, 1, 2]), np.array([0, 3, 4])
    test = Predictions("test", ("c.png", "d.png", "[e].png"), labels, labels, predicted, np.array([0.9, 0.25, 0.5]))
    return pack(CLASSES, [train, test])


def campaign(
    rates: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75),
    seeds: tuple[int, ...] = (1, 2, 3),
    datasets: dict[str, float] = DATASETS,
    kinds: tuple[str, ...] = ("symmetric",),
) -> Iterator[tuple[Run, dict[str, Any]]]:
    """Every run of a grid with a result; equal on every machine."""
    for dataset, zero_shot in datasets.items():
        for method, (gain, slope) in METHODS.items():
            for kind in kinds:
                for rate in rates if slope is not None else (0.0,):
                    for seed in seeds:
                        paradigm = "ul" if slope is None else "fewshot"
                        work = run(method, dataset, kind if rate else "none", rate, seed, paradigm=paradigm)
                        spread = random.Random(work.key).uniform(-1, 1) if slope is not None else 0.0
                        accuracy = max(0.0, round(zero_shot + gain - (slope or 0.0) * rate + spread, 4))
                        yield work, result(accuracy, work, **({"curves": {}} if slope is None else {}))


def fill(out: Path, **options: Any) -> Store:
    """A results folder that holds a campaign."""
    store = Store(out)
    for work, outcome in campaign(**options):
        store.write(work, outcome)
    return store


def resealed(text: str | bytes) -> bytes:
    """The text of a record, edited, under a checksum that fits: what no accident does."""
    body = (text.encode() if isinstance(text, str) else text).rpartition(b',\n"sha256"')[0]
    return with_checksum(body)


def change(path: Path, edit: Callable[[Any], object]) -> None:
    """Edit the fields of a record in a file, and make its checksum fit."""
    record = json.loads(path.read_bytes())
    del record["sha256"]
    edit(record)
    path.write_bytes(with_checksum(json.dumps(record).removesuffix("}").encode()))
