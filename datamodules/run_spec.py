"""What a run is given: which training images, with which labels, right or wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from datamodules import noise, paradigms
from datamodules.dataset import Dataset
from datamodules.epoch_plan import TrainingSet
from datamodules.errors import DataError
from datamodules.noise import Floats
from datamodules.paradigms import Pool


@dataclass(frozen=True)
class RunSpec:
    """What one run trains on: its few-shot draw, or what the paradigm labels, with `noise` of `rate` on the labels.

    The share `hold_out`, 0 to 1, of the labelled images is kept for validation. Under `ssl` and `trzsl`, `known` is the
    share of labelled images whose labels it knows, while it does not see the others; if `draw` is a seed, from 0 on,
    it replaces the run's own in that choice and in the draw of `ssl`.
    """

    seed: int
    shots: int
    noise: str = "none"
    rate: float | None = 0.0
    paradigm: str = "fewshot"
    hold_out: float = 0.0
    known: float = 1.0
    draw: int = -1

    @property
    def label_free(self) -> bool:
        """Whether it is given no label."""
        return self.paradigm == "ul"


def labelled(dataset: Dataset, run: RunSpec) -> Pool:
    """Which training images come with a label, and which without."""
    labels, classes = dataset.train.labels, len(dataset.classes)
    paradigm = run.paradigm
    seed = run.seed if run.draw < 0 else run.draw
    pool = paradigms.pool(paradigm, labels, classes, seed if paradigm == "ssl" else run.seed, run.shots)
    return paradigms.partly_known(pool, run.known, seed) if paradigm in ("ssl", "trzsl") else pool


def noisy_labels(
    dataset: Dataset, run: RunSpec, pool: Pool, features: Callable[[], Floats], zero_shot: Callable[[], Floats] | None
) -> TrainingSet:
    """The labelled images with their (possibly noisy) training labels; a wrong label, too, is one of the seen classes.

    `features` gives the unit features [P, E] of all training images to kinds of noise that need them, `zero_shot`
    zero-shot CLIP's class weights [C, E] times its logit scale. Raises DataError: noise that cannot be made, or that by
    itself names classes which are not seen.
    """
    labels, drawn = dataset.train.labels, pool.labelled
    if run.noise == "none" or not len(drawn):
        return TrainingSet(drawn, labels[drawn])
    if noise.measured(run.noise):
        context = noise.Context(drawn, labels, len(dataset.classes), given=dataset.given, names=dataset.classes)
        noisy = noise.corrupt(run.noise, context, run.rate, run.seed)
        if not pool.seen[noisy.labels].all():
            raise DataError(f"{run.noise} names classes that {run.paradigm} leaves without labelled images")
        return TrainingSet(noisy.indices, noisy.labels)
    seen = np.flatnonzero(pool.seen)
    numbers = np.full(len(pool.seen), -1)
    numbers[seen] = np.arange(len(seen))
    context = noise.Context(drawn, numbers[labels], len(seen))
    if noise.needs_model(run.noise):
        x, texts = features()[drawn], None if zero_shot is None else zero_shot()[seen]
        context = replace(context, features=x, texts=texts, logits=None if texts is None else x @ texts.T)
    noisy = noise.corrupt(run.noise, context, run.rate, run.seed)
    return TrainingSet(noisy.indices, seen[noisy.labels])
