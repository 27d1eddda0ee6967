"""What training does to correctly and to wrongly labelled images, per epoch and run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from datamodules.batches import Batch
from datamodules.datamodule import NoisyFewShot

#: A number that no image has.
PADDING = 2**62


@dataclass(frozen=True)
class Step:
    """Statistics of one training step, [R, B] each; `counts` is False on padding and where nothing was trained."""

    images: Tensor
    labels: Tensor
    counts: Tensor
    predicted: Tensor
    losses: Tensor
    gradients: Tensor


def step_statistics(logits: Tensor | None, losses: Tensor | None, batch: Batch) -> Step:
    """Statistics of a step from its logits [R, B, C], after the backward pass, and losses [R, B].

    `gradients` are norms of each image's own loss at its logits. Without logits nothing counts.
    """
    if logits is None or losses is None or logits.grad is None:
        nothing = torch.zeros_like(batch.images)
        return Step(batch.images, batch.labels, nothing.bool(), nothing, nothing.float(), nothing.float())
    # The total loss is a mean over the run's images: undone, the gradient is that of each image's own loss.
    norms = logits.grad.norm(dim=-1) * batch.valid.sum(1, keepdim=True)
    return Step(batch.images, batch.labels, batch.valid, logits.detach().argmax(-1), losses, norms)


def side_by_side(steps: Sequence[Step]) -> Step:
    """The same step of several methods as one, runs one after the other."""
    return Step(*(torch.cat([getattr(step, field.name) for step in steps]) for field in fields(Step)))


def summary(steps: Sequence[Step], oracle: NoisyFewShot) -> dict[str, Tensor]:
    """An epoch's curves [R], NaN where there is nothing to average; `oracle` knows the true labels.

    `grad_norm_correct`, `grad_norm_wrong`: mean norm of the gradient at the logits, by whether the label is true;
    `train_accuracy_given`, `train_accuracy_true`: predictions against the labels trained on, and against the true
    ones; `auroc_wrong`: how well the loss tells wrong labels from true ones, 0.5 is chance;
    `pseudo_label_accuracy`: of the labels that a method gave to unlabelled images.
    """
    images, labels, counts, predicted, losses, gradients = (
        torch.cat([getattr(step, field.name) for step in steps], dim=1) for field in fields(Step)
    )
    wrong = oracle.wrong(images, labels)
    return {
        "grad_norm_correct": _mean(gradients, counts & ~wrong),
        "grad_norm_wrong": _mean(gradients, counts & wrong),
        "train_accuracy_given": _mean(predicted == labels, counts),
        "train_accuracy_true": _mean(~oracle.wrong(images, predicted), counts),
        "auroc_wrong": auroc(losses, wrong, counts),
        "pseudo_label_accuracy": oracle.pseudo_label_accuracy(),
    }


def predictions(steps: Sequence[Step]) -> tuple[Tensor, Tensor]:
    """The images [R, n] of an epoch in ascending order, padding at the end, and what was predicted of each [R, n]."""
    images, counts, predicted = (
        torch.cat([getattr(step, name) for step in steps], dim=1) for name in ("images", "counts", "predicted")
    )
    ordered, places = torch.where(counts, images, PADDING).sort(dim=1, stable=True)
    return ordered, predicted.gather(1, places)


def prediction_changes(now: tuple[Tensor, Tensor], before: tuple[Tensor, Tensor] | None) -> Tensor:
    """Fraction [R] of the images of two epochs whose predictions differ; NaN where the epochs have no image in common.

    NaN, too, without an epoch before. Both as `predictions` returns them. Label Wave (2502.07551) stops training by it.

    >>> first, second = torch.tensor([[2, 5, 7]]), torch.tensor([[5, 7, 9]])
    >>> prediction_changes((second, torch.tensor([[0, 1, 1]])), (first, torch.tensor([[1, 1, 1]])))
    tensor([0.5000])
    """
    if before is None:
        return torch.full_like(now[0][:, 0], torch.nan, dtype=torch.float32)
    places = torch.searchsorted(before[0], now[0]).clamp(max=before[0].shape[1] - 1)
    both = (before[0].gather(1, places) == now[0]) & (now[0] != PADDING)
    return _mean(before[1].gather(1, places) != now[1], both)


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
