"""Class names that are exchanged: most images of one class look like the name of another, and the other way round.

Either the names are wrong or all labels of these classes: both explain every label as well, so only a person can tell.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from benchmark.audit.estimate import Estimate, Interval
from benchmark.audit.explanation import wrong_probability
from benchmark.audit.sample import Sample
from methods.functional.noise_matrix import expected_counts


def looks_like(sample: Sample) -> Tensor:
    """The class [C] whose name the images of each class look like, by zero-shot; itself where a person decided so.

    It is another one on a circle of classes of each of which most images look like the next, where over half of all
    images then look like the name of their class.
    """
    own, there = torch.arange(sample.classes), sample.labels >= 0
    labels, seen = sample.labels[there], sample.zero_shot[there].argmax(1)
    counts = expected_counts(one_hot(seen, len(own)).float(), labels)
    reached = looks = (counts + 0.5 * torch.eye(len(own))).argmax(0)
    for _ in own:
        reached = looks[reached]
    looks = torch.where(torch.isin(own, reached), looks, own)
    checked = (
        labels if sample.checked is None else torch.where(sample.checked < 0, sample.labels, sample.checked)[there]
    )
    decided = (checked == looks[labels]) & (checked != labels)
    return own if decided.any() or 2 * counts[looks, own].sum() <= len(labels) else looks


def with_labels_wrong(found: Estimate, sample: Sample, looks: Tensor) -> Estimate:
    """The estimate under the names that classes look like, and as a rival that all their labels are wrong instead.

    Where half of the classes or more are exchanged, or a person decided, nobody need ask: the names are wrong.
    """
    moved, there = looks != torch.arange(len(looks)), sample.labels >= 0
    decided = sample.checked is not None and bool((moved[sample.labels] & there & (sample.checked >= 0)).any())
    if not 0 < 2 * int(moved.sum()) < len(looks) or decided:
        return replace(found, looks=looks)
    true, said = found.true[:, looks.argsort()], found.fraction
    share = float(wrong_probability(true[there], sample.labels[there]).mean())
    wider = Interval(said.estimate, min(said.low, share), max(said.high, share))
    rivals, fractions = (*found.rivals, true), (*found.rival_fractions, share)
    return replace(found, looks=looks, fraction=wider, rivals=rivals, rival_fractions=fractions)
