"""The training images of a data set with labels made wrong, for measuring how well they are found."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmark.audit.doubtful import Doubtful, of_dataset, open_doubtful
from benchmark.errors import BadInput
from datamodules import catalog, noise
from datamodules.dataset import Dataset, Labels
from datamodules.fewshot import few_shot
from datamodules.formats.folder_layout import class_folders, parts_of
from datamodules.names import parse_spec
from datamodules.noise import Floats
from datamodules.notices import say_once
from datamodules.paradigms import Pool
from datamodules.run_spec import RunSpec, noisy_labels

logger = logging.getLogger(__name__)


def opened(
    spec: str, root: Path | None, kind: str, rate: float, shots: int, seed: int
) -> tuple[Dataset | None, Doubtful]:
    """The images with given labels, and, if labels are made wrong first, the data set whose own ones are the true ones.

    `shots` labelled images of each class are drawn, 0 for all images; the data set is None where its own labels are in
    doubt, too.

    Raises UserError: what cannot be opened, or noise that cannot be made.
    """
    measured = noise.measured(kind)
    if measured and rate:
        raise BadInput(f"{kind} has its own share of wrong labels, which is measured; leave out --noise")
    if not rate and not measured:
        data = open_doubtful(spec, root)
        return None, data.labelled().pick(_drawn(spec, data.labelled().given, shots, seed)) if shots else data
    dataset = catalog.open_dataset(f"folder:{spec}" if Path(spec).is_dir() else spec, root)
    if not dataset.has_clean_labels and "given" not in noise.needs(kind):
        raise BadInput(f"{spec}: nobody knows its true labels, so noise cannot be added to them; leave out --noise")
    data = corrupt_dataset(spec, dataset, kind, None if measured else rate, shots, seed)
    return (dataset, data) if dataset.has_clean_labels else (None, replace(data, true=None))


def corrupt_dataset(
    spec: str, dataset: Dataset, kind: str, rate: float | None, shots: int, seed: int,
    features: Floats | None = None, zero_shot: Floats | None = None,
) -> Doubtful:  # fmt: skip
    """The training images of an opened data set with label noise, and their true labels.

    Kinds that follow a model need the unit features [P, E] of all training images, and zero-shot class weights [C, E]
    times the logit scale.

    Raises UserError: noise that cannot be made, or that needs features where none are given.
    """
    pool = dataset.train.labels
    drawn = _drawn(spec, pool, shots, seed) if shots else np.arange(len(pool))
    if features is None and noise.needs_model(kind):
        raise BadInput(f"noise kind {kind!r} needs a model's outputs, which an audit does not make; take another kind")
    given = Pool(drawn, np.empty(0, np.int64), np.ones(len(dataset.classes), bool))
    run = RunSpec(seed, shots, kind, rate)
    noisy = noisy_labels(
        dataset, run, given, lambda: np.asarray(features), None if zero_shot is None else lambda: zero_shot
    )
    whole = of_dataset(spec, dataset)
    place = Path(parse_spec(spec)[0].removeprefix("folder:")).expanduser()
    if place.is_dir():
        whole = replace(whole, values=tuple(class_folders(place / (parts_of(place).train or ""))))
    picked = whole.pick(noisy.images)
    return replace(picked, given=noisy.labels, true=pool[noisy.images])


def _drawn(spec: str, labels: Labels, shots: int, seed: int) -> Labels:
    """So many images of each class, or all of a class that has fewer, which is said."""
    counts = np.bincount(labels)
    if shots > counts.min():
        many = f"{counts.min()} to {counts.max()} images"
        say_once(logger, f"{spec}: shots is {shots}, and classes have {many}; of those with fewer all are used")
    return few_shot(labels, shots, seed)
