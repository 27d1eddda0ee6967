"""What a frozen backbone makes of a data set, as the arrays of a file of features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from datamodules.dataset import Dataset, Split
from datamodules.errors import DataError
from datamodules.features.bank import FeatureBank
from datamodules.features.crops import Crop
from datamodules.formats.labellings import image_names
from methods.clip.backbone import Backbone, zero_shot_weights

Arrays = dict[str, NDArray[Any]]


def encoded(dataset: Dataset, backbone: Backbone, bank: FeatureBank, templates: Sequence[str]) -> Arrays:
    """The arrays of `datamodules.formats.encoded_arrays` for a data set with pictures, texts in `templates`.

    Pictures that the bank has skipped are left out, and their labels with them. Raises DataError: a picture that cannot
    be read, unless the bank skips it, or a class without any.
    """
    texts = [zero_shot_weights(backbone, dataset.classes, template, unit=False).cpu().numpy() for template in templates]
    arrays: Arrays = {
        "class_names": np.array(dataset.classes),
        "text_features_raw": texts[0] if len(texts) == 1 else np.stack(texts),
        "logit_scale": np.array(backbone.scale),
        "backbone": np.array(backbone.name),
    }
    for part, split in (("train", dataset.train), ("val", dataset.val), ("test", dataset.test)):
        if split is not None:
            arrays |= {f"{part}_{name}": array for name, array in _encoded(bank, split).items()}
    kept = readable(bank, dataset.train)
    return arrays | {f"train_labels_{name}": labels[kept] for name, labels in dataset.given.items()}


def views(dataset: Dataset, bank: FeatureBank, count: int, seed: int, crop: Crop) -> NDArray[np.float32]:
    """Unit features [V, n, E] of `count` random crops of each readable training image: those of runs of this seed."""
    of_view = bank.views(dataset.train.images, readable(bank, dataset.train), seed, count, crop)
    return np.stack([of_view(view).numpy() for view in range(count)])


def readable(bank: FeatureBank, split: Split) -> NDArray[np.int64]:
    """The places of the pictures of a split that can be read."""
    return np.flatnonzero(bank.plain(split.images).any(-1).numpy())


def _encoded(bank: FeatureBank, split: Split) -> Arrays:
    features = bank.plain(split.images)
    kept = torch.nonzero(features.any(-1))[:, 0].numpy()
    if not len(kept):
        raise DataError("no picture can be read")
    files = np.array(image_names(split.images))
    return {"features": features.numpy()[kept], "labels": split.labels[kept], "files": files[kept]}
