"""From pictures to a sample of features."""

from __future__ import annotations

import torch

from benchmark.audit.doubtful import Doubtful
from benchmark.audit.sample import Sample
from benchmark.errors import BadInput
from datamodules.features.bank import FeatureBank
from methods.clip.backbone import Backbone, zero_shot_weights


def encode(data: Doubtful, backbone: Backbone, bank: FeatureBank, seed: int) -> tuple[Sample, list[int]]:
    """Features of the images that can be read, and the numbers of these images.

    Raises:
        UserError: hardly an image can be read, or one cannot and the bank does not skip it.
    """
    features = bank.plain(data.images)
    readable = torch.nonzero(features.any(1))[:, 0]
    if len(readable) < 2 * len(data.classes):
        raise BadInput(f"{data.name}: only {len(readable)} images can be read")
    text = zero_shot_weights(backbone, data.classes, data.template).cpu()
    labels = torch.from_numpy(data.given)[readable]
    sample = Sample(features[readable], labels, text, backbone.scale, seed)
    return sample, readable.tolist()
