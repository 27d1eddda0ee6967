"""Near-duplicates with different labels, and images that fit no class."""

from __future__ import annotations

import torch
from torch import Tensor

SAME = 0.98
FAR = 4.0
#: Neighbours whose mean cosine says how isolated an image is.
K = 5


def conflicting_pairs(
    features: Tensor, labels: Tensor, indices: Tensor, threshold: float = SAME
) -> list[tuple[int, int, float]]:
    """Pairs of near neighbours with different labels [P] and a cosine of features [P, E] from `threshold` on.

    `indices` [P, k] are every image's nearest neighbours. The most similar pair comes first; no pair comes twice.
    """
    rows = torch.arange(len(labels))[:, None].expand_as(indices)
    differs = labels[rows] != labels[indices]
    first, second = torch.minimum(rows, indices)[differs], torch.maximum(rows, indices)[differs]
    pairs = torch.stack([first, second], 1).unique(dim=0)
    cosines = torch.cat([(features[a] * features[b]).sum(1) for a, b in (part.T for part in pairs.split(2**16))])
    kept = torch.nonzero(cosines >= threshold)[:, 0]
    order = kept[cosines[kept].argsort(descending=True, stable=True)]
    return [(*map(int, pairs[row].tolist()), float(cosines[row])) for row in order.tolist()]  # type: ignore[misc]


def fits_none(cosines: Tensor) -> tuple[Tensor, Tensor]:
    """How isolated each image is [P], and which images [n] stand out, most isolated first.

    `cosines` [P, k] are those of its nearest neighbours. Isolation is 1 less the mean of the first K, in robust
    standard deviations above the median; from FAR on an image stands out.
    """
    far = 1 - cosines[:, :K].mean(1)
    middle = far.median()
    spread = 1.4826 * (far - middle).abs().median()
    isolation = (far - middle) / spread.clamp(min=1e-6)
    order = isolation.argsort(descending=True, stable=True)
    return isolation, order[isolation[order] >= FAR]
