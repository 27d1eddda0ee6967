"""The classes of the softmax in training: those with labelled images.

Under `trzsl` the others are only named, and the released code (2306.01669) leaves them out of the softmax of CoOp, VPT
and UPT while they train; the test has all.
"""

from __future__ import annotations

import torch
from torch import Tensor

from datamodules.batches import Batch
from datamodules.datamodule import NoisyFewShot


def of(data: NoisyFewShot, rows: slice) -> Tensor | None:
    """The classes [R, S] that have labelled images in the runs in `rows`; None where that is all of them."""
    seen = [data.seen(row) for row in range(rows.start, rows.stop)]
    everything = all(len(own) == len(data.dataset.classes) for own in seen)
    return None if everything else torch.stack(seen).to(data.device)


def select(logits: Tensor, classes: Tensor | None) -> Tensor:
    """Of logits [R, B, C] those of the `classes` [R, S], as [R, B, S]."""
    return logits if classes is None else logits.take_along_dim(classes[:, None], dim=-1)


def renumbered(batch: Batch, classes: Tensor | None, count: int) -> Batch:
    """The batch with labels that count the `classes` [R, S] of all `count` classes."""
    if classes is None:
        return batch
    places = torch.arange(classes.shape[1], device=classes.device).expand_as(classes)
    numbers = classes.new_zeros(len(classes), count).scatter(1, classes, places)
    return batch.with_labels(numbers.gather(1, batch.labels))
