"""Class names that are exchanged: images of one class look like the name of another, and so on in a circle.

Either the names are wrong or most labels of these classes: labels alone can hardly tell, and a person can.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from benchmark.audit.estimate import APART, BY_NAMES, Estimate, Interval
from benchmark.audit.explanation import wrong_probability
from benchmark.audit.sample import Sample
from methods.functional.label_noise_evidence import EXCHANGED, reordered
from methods.functional.log_linear_pool import BY_NAMES as NAMES_WEIGH


def looks_like(sample: Sample) -> tuple[Tensor, float]:
    """The class [C] whose name the images of each class look like, and in how far names are wrong, not labels, 0 to 1.

    Itself unless names are exchanged by `reordered`, or over half of all images, and APART more than now, would look
    like the name of their class then. Where decisions speak for neither, a person has to be asked: it is 0.4 or 0.6,
    the former where labels of nearly all classes seem moved and one of five is right: noise does that, names do not.
    """
    own, there = torch.arange(sample.classes), sample.labels >= 0
    labels, logs = sample.labels[there], sample.zero_shot[there]
    looks, gained = reordered((NAMES_WEIGH * logs).softmax(1), labels)
    seen = logs.argmax(1)
    before, after = (float((seen == order[labels]).float().mean()) for order in (own, looks))
    if gained <= EXCHANGED and after < max(0.5, before + APART):
        return own, 1.0
    checked = torch.full_like(labels, -1) if sample.checked is None else sample.checked[there]
    votes = int(((looks[checked] == seen).long() - (checked == seen).long())[checked >= 0].sum())
    moved = gained <= EXCHANGED and 4 * int((looks != own).sum()) > 3 * len(own) and 4 * before > after
    return looks, float(votes > 0) if votes else 0.4 if moved else 0.6


def in_both_readings(sample: Sample, estimate: Callable[[Sample], Estimate]) -> Estimate:
    """The estimate under the names that classes look like, or as if their labels were wrong; the other one a rival."""
    looks, names_wrong = looks_like(sample)
    back, moved, there = looks.argsort(), looks != torch.arange(sample.classes), sample.labels >= 0
    wrong, checked = names_wrong > 0.5, sample.checked
    if checked is not None and not wrong:
        checked = torch.where(checked < 0, checked, back[checked])
    found = estimate(replace(sample, text=sample.text[looks], checked=checked))
    if not moved.any():
        return found
    readings = [(found.true, *found.rivals), tuple(each[:, back] for each in (found.true, *found.rivals))]
    (true, *rivals), (other, *_) = readings if wrong else readings[::-1]
    shown = [true, *rivals, *[other] * (0 < names_wrong < 1)]
    shares = [float(wrong_probability(each[there], sample.labels[there]).mean()) for each in shown]
    parts = {name: part[:, back] if name in BY_NAMES and not wrong else part for name, part in found.parts.items()}
    said, ends = found.fraction, [shares[0], *shares[1 + len(rivals) :]]
    margin = max(said.estimate - said.low, said.high - said.estimate)
    return replace(
        found, true=true, pooled=found.pooled if wrong else found.pooled[:, back], parts=parts,
        fraction=Interval(shares[0], max(0.0, min(ends) - margin), min(1.0, max(ends) + margin)),
        rivals=tuple(shown[1:]), rival_fractions=tuple(shares[1:]),
        exchanged=tuple((own, int(looks[own])) for own in torch.nonzero(moved)[:, 0].tolist()),
    )  # fmt: skip
