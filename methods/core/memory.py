"""Training images that are kept, and with which others are compared."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from methods.core.base import BaseMethod
from methods.core.given import GivenImages

#: Similarities that are computed at once, at most; 2^26 floats are 256 MiB.
AT_ONCE = 2**26


class MemoryMethod(BaseMethod):
    """Keeps the plain unit features [R, N, E] of the training images, `keys`, and their training labels [R, N].

    `targets` are these labels, -1 on padding and for images that could not be read, whose keys are 0.
    """

    paradigms: ClassVar[tuple[str, ...]] = ("fewshot", "ssl")
    remembered: ClassVar[tuple[str, ...]] = ("keys", "targets")
    keys: Tensor
    targets: Tensor

    def build(self) -> None:
        """Makes room for what is kept."""
        self.make_room("keys", "targets")

    def make_room(self, *names: str) -> None:
        """Keeps tensors of these names that are computed when training starts."""
        self._keep(**{name: torch.empty(0, device=self.task.backbone.device) for name in names})

    def start_training(self) -> None:
        """Keeps the training images."""
        given = GivenImages.of(self.data, self.rows)
        features = self.data.plain(given.images)
        kept = given.valid & features.any(-1)
        self.keys = torch.where(kept.unsqueeze(-1), features, 0)
        self.targets = torch.where(kept, given.labels, -1)

    def class_weights(self) -> Tensor:
        """None [R, C, 0]: images are compared with images."""
        return self.keys.new_empty(len(self.task.seeds), len(self.task.classes), 0)


def nearest(queries: Tensor, keys: Tensor, offset: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Similarities [R, B, k] and indices [R, B, k] of the k keys that are most similar to each query, best first.

    The similarity of queries [R or 1, B, E] and keys [R, N, E] is their inner product plus the key's offset [R, N],
    -inf for keys that do not count; k is at most N. Queries go in blocks, so that memory stays below `AT_ONCE`.

    >>> keys = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]])
    >>> similarities, indices = nearest(torch.tensor([[[0.0, 1.0]]]), keys, torch.zeros(1, 3), k=2)
    >>> similarities.tolist(), indices.tolist()
    ([[[1.0, 0.800000011920929]]], [[[1, 2]]])
    """
    size = max(1, AT_ONCE // max(1, keys.shape[0] * keys.shape[1]))
    found = [
        (block @ keys.transpose(-1, -2) + offset.unsqueeze(1)).topk(min(k, keys.shape[1]), dim=-1)
        for block in queries.split(size, dim=1)
    ]
    return torch.cat([part.values for part in found], dim=1), torch.cat([part.indices for part in found], dim=1)


def vote_logits(labels: Tensor, weights: Tensor, classes: int) -> Tensor:
    """Logits [R, B, C] whose softmax is each class's fraction of the votes for labels [R, B, k] with weights [R, B, k].

    Shares are at least 1e-6; without any vote all classes are equal.

    >>> vote_logits(torch.tensor([[[0, 1, 0]]]), torch.tensor([[[1.0, 1.0, 2.0]]]), classes=2).exp().tolist()
    [[[0.75, 0.25]]]
    """
    votes = weights.new_zeros(*weights.shape[:2], classes).scatter_add(-1, labels, weights)
    return (votes / votes.sum(-1, keepdim=True).clamp(min=1e-30)).clamp(min=1e-6).log()
