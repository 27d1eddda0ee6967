"""From pictures to a sample: features, what people know, and a prompt where images are few."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmark.audit.decisions import read_decisions, read_probabilities
from benchmark.audit.doubtful import Doubtful, checked
from benchmark.audit.doubtful_training import Setting, Start
from benchmark.audit.robust_prompt import When, with_prompt
from benchmark.audit.sample import Sample
from benchmark.errors import BadInput
from datamodules.features.bank import FeatureBank
from datamodules.notices import say_once
from methods.clip.backbone import Backbone, zero_shot_weights

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Known:
    """What an audit is told beside images and labels, and whether it trains a prompt; see its options."""

    checked: Path | None = None
    pred_probs: Path | None = None
    prompt: When = "auto"


NOTHING = Known()


def encode(
    data: Doubtful, backbone: Backbone, bank: FeatureBank, seed: int, start: Start, known: Known = NOTHING
) -> tuple[Doubtful, Sample]:
    """The images that can be read, and the sample of them that `audit` and `choose` diagnose.

    Raises UserError: hardly an image can be read, or one cannot and the bank does not skip it; tables of another kind.
    """
    looked_at = None if known.checked is None else torch.from_numpy(read_decisions(known.checked, data))
    own = None if known.pred_probs is None else torch.from_numpy(read_probabilities(known.pred_probs, data))
    features = bank.plain(data.images)
    there = features.any(1)
    if there.sum() < 2 * len(data.classes):
        raise BadInput(f"{data.name}: only {int(there.sum())} images can be read")
    data = data.encoded(data if there.all() else checked(data.pick(there.nonzero()[:, 0].numpy())), bank.constant)
    if not there.all():
        features = features[there]
        looked_at, own = (each if each is None else each[there] for each in (looked_at, own))
    if data.outputs is not None and data.outputs.texts is None:
        say_once(logger, f"{data.name}: no text features, so the labels alone teach what the classes look like")
        text = features.new_zeros(len(data.classes), features.shape[1])
    else:
        text = zero_shot_weights(backbone, data.classes, data.template).cpu()
    labels = torch.from_numpy(data.given)
    sample = Sample(features, labels, text, backbone.scale, seed, own=own, checked=looked_at)
    return data, with_prompt(sample, Setting(data.labelled(), backbone, bank), known.prompt, start)
