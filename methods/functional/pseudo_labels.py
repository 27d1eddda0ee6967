"""Selection of pseudo-labels: pure functions of logits or probabilities of P unlabelled images."""

from __future__ import annotations

from itertools import count

import torch
from torch import Tensor


def most_confident(probabilities: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Indices [n] and labels [n] of the k most confident images predicted as each class (2204.03649).

    Takes probabilities [P, C]; a class that fewer than k images are predicted as gives all of them.

    >>> probabilities = torch.tensor([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
    >>> images, labels = most_confident(probabilities, k=1)
    >>> images.tolist(), labels.tolist()
    ([0, 2], [0, 1])
    """
    confidence, predicted = probabilities.max(-1)
    order = confidence.sort(descending=True, stable=True).indices
    return _first_per_class(order, predicted, k)


def random_choice(probabilities: Tensor, k: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Indices [n] and labels [n] of k random images predicted as each class (robust UPL, 2307.11978).

    Takes probabilities [P, C] and a generator on the CPU.

    >>> probabilities = torch.tensor([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
    >>> random_choice(probabilities, k=1, generator=torch.Generator().manual_seed(0))[1].tolist()
    [0, 1]
    """
    predicted = probabilities.argmax(-1)
    order = torch.randperm(len(probabilities), generator=generator).to(probabilities.device)
    return _first_per_class(order, predicted, k)


def _first_per_class(order: Tensor, predicted: Tensor, k: int) -> tuple[Tensor, Tensor]:
    order = order[predicted[order].argsort(stable=True)]
    own = predicted[order]
    picked = order[torch.arange(len(order), device=order.device) - torch.searchsorted(own, own) < k]
    return picked, predicted[picked]


def assign_with_capacity(logits: Tensor, k: int, candidates: Tensor | None = None) -> Tensor:
    """Labels [R, P] that assign at most k images to each class, -1 for images without one, by deferred acceptance.

    Logits are [R, P, C]. Each image proposes to its likeliest class, which keeps its k most confident proposers; a
    rejected image proposes to its next likeliest class (GRIP, 2306.01669). All images propose in parallel; the result
    is that of proposing one by one in any order. Of equally confident images the first has priority. With `candidates`
    [R, P, C] images propose to these classes only.

    >>> probabilities = torch.tensor([[[0.9, 0.1], [0.6, 0.4], [0.7, 0.3], [0.2, 0.8]]])
    >>> assign_with_capacity(probabilities.log(), k=1).tolist()
    [[0, -1, -1, 1]]
    >>> assign_with_capacity(probabilities.log(), k=2).tolist()
    [[0, 1, 0, 1]]
    >>> assign_with_capacity(probabilities.log(), k=1, candidates=probabilities > 0.35).tolist()
    [[0, -1, -1, 1]]
    """
    confidence = logits.double().log_softmax(-1)
    if candidates is not None:  # never before an image that may have the class, and left out in the end
        confidence = torch.where(candidates, confidence, -torch.inf)
    preferences = confidence.argsort(dim=-1, descending=True, stable=True)
    rank = confidence.argsort(dim=1, descending=True, stable=True).argsort(dim=1)
    (_, images, classes), turn = logits.shape, torch.zeros_like(preferences[..., 0])
    for turns in count(1):
        proposing = turn < classes
        proposal = preferences.gather(-1, turn.clamp(max=classes - 1).unsqueeze(-1)).squeeze(-1)
        own = rank.gather(-1, proposal.unsqueeze(-1)).squeeze(-1)
        # Sorted by class and confidence, the first k of a class are those it keeps.
        key = torch.where(proposing, proposal * images + own, classes * images)
        ranked, order = key.sort(dim=1)
        first = torch.searchsorted(ranked, (ranked // images) * images)
        position = torch.arange(images, device=key.device) - first
        rejected = torch.zeros_like(proposing).scatter(1, order, position >= k) & proposing
        # A GPU would have to wait for the answer, and further turns change nothing: it is asked at every eighth.
        if (turns % 8 == 0 or logits.device.type == "cpu") and not rejected.any():
            break
        turn = turn + rejected
    if candidates is not None:
        proposing = proposing & candidates.gather(-1, proposal.unsqueeze(-1)).squeeze(-1)
    return torch.where(proposing, proposal, -1)


def balance(labelled: Tensor, pseudo: Tensor, transductive: bool, first: bool, power: float = 1.0) -> Tensor:
    """GRIP's weights [..., 2] of the mean losses of n_s labelled and n_u pseudo-labelled images [...] (2306.01669).

    With r = n_s / n_u, to the `power`: 1 and r if only some classes are labelled (`transductive`), else 1 / r and 1 in
    the `first` training, that of FPL, and r and 1 in those of IFPL and GRIP. Where one of both is missing, the other
    one has 1.

    >>> of = torch.tensor([16.0]), torch.tensor([128.0])
    >>> balance(*of, transductive=False, first=True), balance(*of, transductive=False, first=False)
    (tensor([[8., 1.]]), tensor([[0.1250, 1.0000]]))
    """
    ratio = (labelled / pseudo.clamp(min=1)) ** power
    one = torch.ones_like(ratio)
    if transductive:
        weights = torch.stack([one, ratio], -1)
    else:
        weights = torch.stack([1 / ratio.clamp(min=1e-12) if first else ratio, one], -1)
    there = torch.stack([labelled > 0, pseudo > 0], -1)
    return torch.where(there.all(-1, keepdim=True), weights, there.to(weights.dtype))
