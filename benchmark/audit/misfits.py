"""Images that fit no class."""

from __future__ import annotations

from torch import Tensor

FAR = 4.0
#: Neighbours whose mean cosine says how isolated an image is.
K = 5


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
