"""What training does to correctly and to wrongly labelled images, per epoch and replica."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

if TYPE_CHECKING:
    from methods.core.base import BaseMethod
    from methods.core.data import Batch


class LabelOracle(Protocol):
    """The data module, which knows the true labels and tells only what it is asked after the fact."""

    def wrong(self, images: Tensor, labels: Tensor) -> Tensor:
        """Whether labels [...] differ from the true ones of images [...] of the pool."""

    def pseudo_label_accuracy(self) -> Tensor:
        """Share [R] of the labels that a method assigned to images it was given none for that are true, else NaN."""


@dataclass(frozen=True)
class Step:
    """One step as the diagnostics saw it, [R, B] each; where nothing was trained, `counts` is False."""

    images: Tensor
    labels: Tensor
    counts: Tensor
    predicted: Tensor
    losses: Tensor
    gradients: Tensor


def step_statistics(members: Sequence[BaseMethod], batch: Batch) -> Step:
    """Takes what the members let watch in a step [R, B, C], after its backward pass; the norms are those per image."""
    parts = []
    for member in members:
        rows, recorded_step = batch.rows(member.rows), member.recorded_step
        member.recorded_step = None
        if recorded_step is None or recorded_step[0].grad is None:
            nothing = torch.zeros_like(rows.images)
            parts.append((nothing.bool(), nothing, nothing.float(), nothing.float()))
            continue
        logits, losses = recorded_step
        # The total_loss is a mean over the replica's images: undone, the gradient is that of each image's own loss.
        norms = recorded_step[0].grad.norm(dim=-1) * rows.valid.sum(1, keepdim=True)
        parts.append((rows.valid, logits.detach().argmax(-1), losses, norms))
    counts, predicted, losses, gradients = (torch.cat(part) for part in zip(*parts, strict=True))
    return Step(batch.images, batch.labels, counts, predicted, losses, gradients)


def summary(steps: Sequence[Step], judge: LabelOracle) -> dict[str, Tensor]:
    """An epoch's curves [R], NaN where there is nothing to average.

    `grad_norm_correct`, `grad_norm_wrong`: mean norm of the gradient at the logits, by whether the label is true;
    `train_accuracy_given`, `train_accuracy_true`: predictions against the labels trained on, and against the true
    ones; `auroc_wrong`: how well the loss tells wrong labels from true ones, 0.5 is chance;
    `pseudo_label_accuracy`: of the labels that a method gave to unlabelled images.
    """
    names = ("images", "labels", "counts", "predicted", "losses", "gradients")
    images, labels, counts, predicted, losses, gradients = (
        torch.cat([getattr(step, name) for step in steps], dim=1) for name in names
    )
    wrong = judge.wrong(images, labels)
    return {
        "grad_norm_correct": _mean(gradients, counts & ~wrong),
        "grad_norm_wrong": _mean(gradients, counts & wrong),
        "train_accuracy_given": _mean(predicted == labels, counts),
        "train_accuracy_true": _mean(~judge.wrong(images, predicted), counts),
        "auroc_wrong": auroc(losses, wrong, counts),
        "pseudo_label_accuracy": judge.pseudo_label_accuracy(),
    }


def auroc(scores: Tensor, positive: Tensor, counts: Tensor) -> Tensor:
    """Area under the ROC curve [R] of scores [R, n] for what is positive [R, n]; only what `counts` [R, n] counts.

    Ties count half. NaN without a positive or without a negative, or where a score is NaN.
    """
    scores = torch.where(counts, scores.float(), float("inf"))
    ranked = scores.sort(dim=1).values
    ranks = torch.searchsorted(ranked, scores) + torch.searchsorted(ranked, scores, right=True) + 1
    positive = positive & counts
    hits, misses = positive.sum(1), (counts & ~positive).sum(1)
    above = torch.where(positive, ranks, 0).sum(1) / 2 - hits * (hits + 1) / 2
    broken = (counts & scores.isnan()).any(1)
    return torch.where(broken, torch.nan, above / (hits * misses))


def _mean(values: Tensor, where: Tensor) -> Tensor:
    return torch.where(where, values.float(), 0).sum(1) / where.sum(1)
