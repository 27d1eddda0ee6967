"""What a run is given: which training images, with which labels, right or wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from datamodules import noise, paradigms
from datamodules.dataset import Dataset, Labels
from datamodules.fewshot import few_shot
from datamodules.noise import Floats
from datamodules.paradigms import Pool
from datamodules.plan import TrainingSet


@dataclass(frozen=True)
class Replica:
    """What one run trains on: its few-shot draw, or what the paradigm labels, with `noise` of `rate` on the labels."""

    seed: int
    shots: int
    noise: str = "none"
    rate: float | None = 0.0
    paradigm: str = "fewshot"


def labelled(dataset: Dataset, replica: Replica) -> Pool:
    """Which training images come with a label, and which without."""
    labels, classes = dataset.train.labels, len(dataset.classes)
    if replica.paradigm == "fewshot":
        return Pool(few_shot(labels, replica.shots, replica.seed), np.empty(0, np.int64), np.ones(classes, bool))
    return paradigms.pool(replica.paradigm, labels, classes, replica.seed, replica.shots)


def told(
    dataset: Dataset, replica: Replica, pool: Pool, features: Callable[[Labels], Floats], zero_shot: Floats | None
) -> TrainingSet:
    """The labelled images with the labels that the method is told.

    `features` gives the unit features [n, E] of training images [n] to kinds of noise that look at them, `zero_shot`
    are zero-shot CLIP's class weights [C, E] times its logit scale.
    """
    labels, drawn = dataset.train.labels, pool.labelled
    if replica.noise == "none" or not len(drawn):
        return TrainingSet(drawn, labels[drawn])
    context = noise.Context(drawn, labels, len(dataset.classes), given=dataset.given)
    if noise.needs(replica.noise) & {"features", "logits"}:
        seen = features(drawn)
        context = replace(context, features=seen, logits=None if zero_shot is None else seen @ zero_shot.T)
    noisy = noise.corrupt(replica.noise, context, replica.rate, replica.seed)
    return TrainingSet(noisy.indices, noisy.labels)
