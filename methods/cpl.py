"""CPL: rounds of training on sets of candidate pseudo-labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import torch
from annotated_types import Ge, Le
from torch import Tensor

from datamodules.batches import Batch
from methods.fpl import SelfTraining
from methods.functional import pseudo_labels

NAME = "CPL"
FAMILY = "self-training"


class Method(SelfTraining):
    """Rounds of training on several candidate labels per unlabelled image; CPL (2406.10502).

    Class c is a candidate of an image if it is among its likeliest classes, taken until their probabilities exceed a
    threshold, the `alpha`-quantile of all images' largest probabilities; and if p_c is at or above the `beta`-quantile
    of p_c over all images. Each class gets its K most confident images that have it as a candidate, as in GRIP, others
    try their next candidate, and images without a place or a candidate are left out. The loss of an image is
    -log sum_c s_c p_c over its candidates, with s_c = 1, in the first of several rounds the zero-shot probabilities,
    normalised. K grows over the rounds as in `grip`; `k` keeps it the same, and `k=16,rounds=1` is the published
    variant with few pseudo-labels. Labelled images train with cross-entropy, and both means count equally.

    Published: 10 rounds, and by data set alpha 0.6 to 0.9 and beta 0.8 to 0.99; alpha 0.6 and beta 0.9 are what the
    configuration files begin with, and nothing is chosen here. SGD at 0.02, weight decay 0.05, batch 64, 50 epochs,
    all of which are here the recipe's. The released code draws labelled images in batches of their own, we mix them
    in; it fills the classes one batch of proposals after the other, with the same result. `modality` is as in `grip`.
    """

    rounds: Annotated[int, Ge(1)] = 10
    k: Annotated[int, Ge(0)] = 0
    alpha: Annotated[float, Ge(0), Le(1)] = 0.6
    beta: Annotated[float, Ge(0), Le(1)] = 0.9

    remembered: ClassVar[tuple[str, ...]] = ("candidates",)

    @property
    def released(self) -> bool:
        """Never as in GRIP's code."""
        return False

    def _label(self, weights: Tensor, number: int) -> None:
        """Finds every image's candidates [R, P, C], which are weights of classes, 0 without."""
        self.candidates = torch.zeros(len(weights), len(self.data.pool()), weights.shape[1], device=weights.device)
        self.soft = number == 1 < self.rounds
        super()._label(weights, number)

    def balance(self, labelled: Tensor, pseudo: Tensor, transductive: bool) -> Tensor:
        """Half each, or all for the one that there is."""
        there = torch.stack([labelled, pseudo]) > 0
        return there / there.sum().clamp(min=1)

    def choose(self, logits: Tensor, k: int, group: Sequence[tuple[int, Tensor, Tensor]]) -> Tensor:
        """The candidate [G, n] that each image has a place with, -1 for none."""
        p = logits.double().softmax(-1)
        chosen = likeliest(p, quantile(p.amax(-1), self.alpha)) & (p >= quantile(p, self.beta).unsqueeze(1))
        weights = torch.where(chosen, p, 0) if self.soft else chosen.double()
        weights = weights / weights.sum(-1, keepdim=True).clamp(min=1e-30) if self.soft else weights
        for own, (row, images, classes) in zip(weights, group, strict=True):
            places = images.to(own.device)[:, None], classes.to(own.device)
            self.candidates[row].index_put_(places, own.to(self.candidates.dtype))
        return pseudo_labels.assign_with_capacity(logits, k, chosen)

    def loss_per_image(self, logits: Tensor, batch: Batch) -> Tensor:
        """-log sum_c s_c p_c [R, B]; labelled images have one candidate."""
        rows = torch.arange(len(logits), device=logits.device).unsqueeze(1)
        weights = self.candidates[rows, batch.images]
        given = torch.nn.functional.one_hot(batch.labels, logits.shape[-1]).to(weights.dtype)
        weights = torch.where(self.pseudo.gather(1, batch.images).unsqueeze(-1), weights, given)
        return -(logits.float().log_softmax(-1) + weights.log()).logsumexp(-1)


def likeliest(p: Tensor, threshold: Tensor) -> Tensor:
    """The likeliest classes of p [G, n, c] until their sum exceeds `threshold` [G]; at least one each [G, n, c].

    >>> likeliest(torch.tensor([[[0.1, 0.3, 0.6], [0.0, 0.9, 0.1]]]), torch.tensor([0.7])).tolist()
    [[[False, True, True], [False, True, False]]]
    """
    ranked, order = p.sort(dim=-1, descending=True, stable=True)
    before = ranked.cumsum(-1) - ranked
    return torch.zeros_like(p, dtype=torch.bool).scatter(-1, order, before <= threshold[:, None, None])


def quantile(values: Tensor, share: float) -> Tensor:
    """The quantile [G, ...] of values [G, n, ...] over n, between the two nearest; `torch.quantile` takes few values.

    >>> quantile(torch.tensor([[4.0, 1.0, 2.0]]), 0.75)
    tensor([3.])
    """
    ranked = values.sort(dim=1).values
    place = share * (values.shape[1] - 1)
    low = int(place)
    return torch.lerp(ranked[:, low], ranked[:, min(low + 1, values.shape[1] - 1)], place - low)
