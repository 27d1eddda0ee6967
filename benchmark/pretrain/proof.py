"""Trainings that repeat byte for byte, and the proof that two files of weights are the same or nearly so."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmark.pretrain.embedded_accuracy import DATASETS, accuracies, embedded_datasets
from benchmark.pretrain.vocabulary import WEIGHTS
from datamodules import reading

#: Points of zero-shot accuracy up to which two models count as the same.
CLOSE = 0.3


@contextmanager
def repeatable() -> Iterator[None]:
    """Computes on one thread with deterministic algorithms: with more, sums depend on how the work was split."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(strict)


@dataclass(frozen=True)
class Model:
    """SHA-256 of a model's weights, and its zero-shot accuracies in % on the test splits, by data set."""

    digest: str
    accuracies: dict[str, float]

    @classmethod
    def of(cls, folder: Path) -> Model:
        """Reads and measures an open_clip folder."""
        return cls(
            hashlib.sha256(reading.read_bytes(folder / WEIGHTS)).hexdigest(), accuracies(folder, embedded_datasets())
        )


def compare(shipped: Model | None, made: Model) -> list[str]:
    """Lines that say whether the made model is the shipped one, byte for byte or within `CLOSE` points, or another."""
    theirs = {} if shipped is None else shipped.accuracies
    lines = ["zero-shot accuracy on the test split, %:  shipped  retrained"]
    lines += [f"{name:>40} {theirs.get(name, float('nan')):8.1f} {made.accuracies[name]:10.1f}" for name in DATASETS]
    if shipped is None:
        return [*lines, f"sha256 {made.digest}; there are no shipped weights to compare with"]
    if shipped.digest == made.digest:
        return [*lines, f"the same bytes as the shipped weights: sha256 {made.digest}"]
    gap = max(abs(theirs[name] - made.accuracies[name]) for name in DATASETS)
    verdict = (
        f"the same model up to rounding: every accuracy is within {CLOSE} points"
        if gap <= CLOSE
        else f"another model: accuracies differ by up to {gap:.1f} points, more than the {CLOSE} that rounding may cost"
    )
    return [*lines, f"other bytes than the shipped weights: sha256 {made.digest}, shipped {shipped.digest}", verdict]
