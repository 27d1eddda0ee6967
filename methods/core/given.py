"""What R runs were given, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from datamodules.datamodule import NoisyFewShot


@dataclass(frozen=True)
class GivenImages:
    """Training images [R, N] and their training labels [R, N] on the device, padded at the end.

    valid [R, N] is False on padding; `counts` [R] says how many images each run has.
    """

    images: Tensor
    labels: Tensor
    valid: Tensor
    counts: Sequence[int]

    @classmethod
    def of(cls, data: NoisyFewShot, rows: slice) -> GivenImages:
        """Those of the runs in `rows`, with one copy to the device."""
        images, labels = zip(*(data.training_set(row) for row in range(rows.start, rows.stop)), strict=True)
        counts = [len(own) for own in images]
        valid = torch.arange(max(counts))[None] < torch.tensor(counts)[:, None]
        padded = [pad_sequence(list(part), batch_first=True) for part in (images, labels)]
        on_device = torch.stack([*padded, valid.long()]).to(data.device)
        return cls(on_device[0], on_device[1], on_device[2].bool(), counts)

    def on_pool(self, values: Tensor, size: int) -> Tensor:
        """Values [R, N] by training image [R, P], 0 where an image was not given; P = size."""
        places = torch.where(self.valid, self.images, size)
        return values.new_zeros(len(values), size + 1).scatter(1, places, values)[:, :size]
