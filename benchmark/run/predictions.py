"""What each run of a trained pack predicted of its test and training images, as the content of files."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from benchmark.records.prediction_file import Predictions, pack
from datamodules.datamodule import NoisyFewShot
from datamodules.dataset import Images, Labels
from datamodules.formats.images import FileImages
from methods.core.module import RunsModule


def pack_all(module: RunsModule, data: NoisyFewShot) -> list[bytes]:
    """One Parquet file's content per run, after `test` with `keep_predictions`: the training images, then the test's.

    Training images are those that the run was given, with the labels that it was given, without what cannot be read.
    """
    dataset, rows = data.dataset, data.test_rows
    files, labels = file_names(dataset.test.images, rows), dataset.test.labels[rows]
    packed = []
    for row in range(len(data.runs)):
        predicted, probability = _row(module.test_predictions, row)
        test = Predictions("test", files, labels, labels, predicted, probability)
        packed.append(pack(dataset.classes, [_training_images(module, data, row), test]))
    return packed


def _training_images(module: RunsModule, data: NoisyFewShot, row: int) -> Predictions:
    dataset, given = data.dataset, data.given[row]
    describe, skipped = dataset.train.images.describe, data.bank.skipped
    kept = np.array([describe(image) not in skipped for image in given.images.tolist()], bool)
    predicted, probability = (values[: len(kept)][kept] for values in _row(module.train_predictions, row))
    images = given.images[kept]
    true = dataset.train.labels[images] if dataset.has_clean_labels else None
    files = file_names(dataset.train.images, images)
    return Predictions("train", files, true, given.labels[kept], predicted, probability)


def file_names(images: Images, rows: Labels) -> list[str]:
    """The paths of images in their data set's folder, or their numbers in the split where they are no files."""
    if isinstance(images, FileImages):
        return [images.paths[row] for row in rows.tolist()]
    return [str(row) for row in rows.tolist()]


def _row(predictions: tuple[Tensor, Tensor], row: int) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    """A run's predicted classes [n] and their probabilities [n]; none where no run had an image."""
    predicted, probability = (values[row] if len(values) else values.flatten() for values in predictions)
    return predicted.numpy(), probability.numpy()
