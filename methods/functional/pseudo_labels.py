"""Which unlabelled images to believe: pure functions of logits or probabilities."""

from __future__ import annotations

from itertools import count

import torch
from torch import Tensor


def most_confident(probabilities: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """For every class, the k images predicted as it with the highest probability (fewer if there are fewer).

    Takes probabilities [P, C] and returns image numbers [n] and labels [n].
    """
    confidence, predicted = probabilities.max(-1)
    order = confidence.sort(descending=True, stable=True).indices
    return _first_per_class(order, predicted, probabilities.shape[-1], k)


def random_choice(probabilities: Tensor, k: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """As `most_confident`, but k random images of those that are predicted as a class."""
    predicted = probabilities.argmax(-1)
    order = torch.randperm(len(probabilities), generator=generator).to(probabilities.device)
    return _first_per_class(order, predicted, probabilities.shape[-1], k)


def _first_per_class(order: Tensor, predicted: Tensor, classes: int, k: int) -> tuple[Tensor, Tensor]:
    picked = torch.cat([order[predicted[order] == c][:k] for c in range(classes)])
    return picked, predicted[picked]


def assign_with_capacity(logits: Tensor, k: int) -> Tensor:
    """Labels [R, P] that give every class its k most confident images, -1 for images that no class keeps.

    An image wants its likeliest class; one that is not among the k strongest there spills over to its next likeliest
    class that has room or a weaker member, which then spills over in turn (2306.01669). All images move at once, in
    rounds, and end where they would if they came one by one, in any order. Logits are [R, P, C]; of equally strong
    images the first is taken to be stronger.
    """
    confidence = logits.double().log_softmax(-1)
    wishes = confidence.argsort(dim=-1, descending=True, stable=True)
    strength = confidence.argsort(dim=1, descending=True, stable=True).argsort(dim=1)
    (_, images, classes), turn = logits.shape, torch.zeros_like(wishes[..., 0])
    for turns in count(1):
        waiting = turn < classes
        wish = wishes.gather(-1, turn.clamp(max=classes - 1).unsqueeze(-1)).squeeze(-1)
        own = strength.gather(-1, wish.unsqueeze(-1)).squeeze(-1)
        # Sorted by class and strength, the first k of a class are those it keeps.
        key = torch.where(waiting, wish * images + own, classes * images)
        ranked, order = key.sort(dim=1)
        first = torch.searchsorted(ranked, (ranked // images) * images)
        position = torch.arange(images, device=key.device) - first
        rejected = torch.zeros_like(waiting).scatter(1, order, position >= k) & waiting
        # A GPU would have to wait for the answer, and further turns change nothing: it is asked at every eighth.
        if (turns % 8 == 0 or logits.device.type == "cpu") and not rejected.any():
            break
        turn = turn + rejected
    return torch.where(waiting, wish, -1)
