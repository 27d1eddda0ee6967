"""Validation labels as doubtful as the training labels: choosing by them needs no clean label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from datamodules import noise
from datamodules.dataset import Dataset, Labels
from datamodules.epoch_plan import TrainingSet
from datamodules.fewshot import few_shot_val
from datamodules.noise import Floats
from datamodules.paradigms import Pool
from datamodules.run_spec import RunSpec, noisy_labels
from datamodules.seeds import rng


def noisy_validation(
    dataset: Dataset, run: RunSpec, seen: np.ndarray, features: Callable[[], Floats], zero_shot: Callable[[],
    Floats] | None,
) -> TrainingSet:  # fmt: skip
    """CoOp's draw of the val split, images of the `seen` [C] classes only, under the noise of the training labels.

    `features` gives the unit features [n, E] of the val split, `zero_shot` the class weights [C, E] times the logit
    scale, to kinds of noise that need them. Empty where no such labels can be had: without a val split, for a run
    without labels, and where people or the web gave the training labels.
    """
    split, given = dataset.val, run.noise != "none" and "given" in noise.needs(run.noise)
    if split is None or run.label_free or given or not dataset.has_clean_labels:
        return TrainingSet(np.empty(0, np.int64), np.empty(0, np.int64))
    drawn = few_shot_val(dataset.train.labels, split.labels, run.shots, run.seed)
    drawn = drawn[seen[split.labels[drawn]]]
    pool = Pool(drawn, np.empty(0, np.int64), seen)
    return noisy_labels(replace(dataset, train=split), run, pool, features, zero_shot)


def hold_out(given: TrainingSet, share: float, seed: int) -> tuple[TrainingSet, TrainingSet]:
    """Splits a training set: what is left for training, and that share, 0 to 1, of the images of each given label.

    The numbers are rounded down, but at least one image of each label that has two or more is held out.

    >>> kept, held = hold_out(TrainingSet(np.arange(8), np.repeat([0, 1], 4)), 0.25, seed=1)
    >>> kept.labels.tolist(), held.labels.tolist()
    ([0, 0, 0, 1, 1, 1], [0, 1])
    """
    out = np.zeros(len(given.labels), bool)
    draw = rng(seed, "hold out")
    for label in np.unique(given.labels) if share > 0 else ():
        places = np.flatnonzero(given.labels == label)
        count = max(1, noise.count(share, len(places))) if len(places) > 1 else 0
        out[draw.permutation(places)[:count]] = True
    return (TrainingSet(given.images[~out], given.labels[~out]), TrainingSet(given.images[out], given.labels[out]))


def side_by_side(sets: Sequence[TrainingSet]) -> tuple[Labels, Labels]:
    """Images [R, n] and labels [R, n] of R sets, filled up with a set's first image, or 0, and labels of -1.

    >>> sets = [TrainingSet(np.array([5, 7]), np.array([0, 1])), TrainingSet(np.array([6]), np.array([1]))]
    >>> images, labels = side_by_side(sets)
    >>> images.tolist(), labels.tolist()
    ([[5, 7], [6, 6]], [[0, 1], [1, -1]])
    """
    width = max((len(part.images) for part in sets), default=0)
    images, labels = np.zeros((len(sets), width), np.int64), np.full((len(sets), width), -1)
    for row, part in enumerate(sets):
        count = len(part.images)
        images[row], labels[row, :count] = part.images[0] if count else 0, part.labels
        images[row, :count] = part.images
    return images, labels
