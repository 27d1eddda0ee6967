"""From pictures to a sample of features."""

from __future__ import annotations

from pathlib import Path

import torch

from benchmark.audit.data import Doubtful
from benchmark.audit.sample import Sample
from benchmark.errors import BadInput
from datamodules.features.bank import FeatureBank, Progress
from methods.clip.backbone import zero_shot_weights
from methods.clip.loading import load_backbone


def encode(
    data: Doubtful, name: str, device: str, cache: Path | None, skip_bad: bool, seed: int, progress: Progress
) -> tuple[Sample, list[int], set[str]]:
    """Features of the images that can be read, the numbers of these images, and the names of the others.

    Raises:
        UserError: a backbone that cannot be loaded, or an unreadable image unless it shall be skipped.
    """
    backbone = load_backbone(name, device)
    bank = FeatureBank(backbone, cache, device, progress=progress, skip_bad_images=skip_bad)
    features = bank.plain(data.images)
    readable = torch.nonzero(features.any(1))[:, 0]
    if len(readable) < 2 * len(data.classes):
        raise BadInput(f"{data.name}: only {len(readable)} images can be read")
    text = zero_shot_weights(backbone, data.classes, data.template).cpu()
    labels = torch.from_numpy(data.given)[readable]
    sample = Sample(features[readable], labels, text, backbone.scale, seed)
    return sample, readable.tolist(), bank.skipped
