"""Which images a two-component Gaussian mixture of their losses takes for clean: JoAPR's joint adaptive thresholds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture

Losses = NDArray[np.float64]


def split(losses: Losses, threshold: float, seed: int) -> tuple[NDArray[np.bool_], Losses, float]:
    """Takes losses [n] from 0 to 1 apart; returns what is clean [n], the probability of it [n], the next threshold.

    An image is clean if its loss lies below the point where the clean component is twice as dense as the noisy one,
    or if it is clean with a probability above the share of images that were not clean with one above `threshold`.
    As in the released code, variances stand in that point's formula for standard deviations.
    """
    mixture = GaussianMixture(2, max_iter=10, tol=1e-2, reg_covar=5e-4, random_state=seed % 2**32)
    column = losses.reshape(-1, 1)
    mixture.fit(column)
    low, high = np.argsort(mixture.means_.ravel())
    clean: Losses = mixture.predict_proba(column)[:, low]
    means, spreads = mixture.means_.ravel(), mixture.covariances_.ravel()
    point = crossing(means[low], means[high], spreads[low], spreads[high])
    noisy_share = float((clean <= threshold).mean())
    return (losses < point) | (clean > noisy_share), clean, noisy_share


def crossing(low: float, high: float, narrow: float, wide: float) -> float:
    """Where the normal density (low, narrow) is twice the density (high, wide): the root on the clean side's right.

    NaN, which no loss lies below, if there is no such point.
    """
    a = wide**2 - narrow**2
    b = 2 * (high * narrow**2 - low * wide**2)
    c = (low * wide) ** 2 - (high * narrow) ** 2 + 2 * (wide * narrow) ** 2 * np.log(2 * narrow / wide + 1e-8)
    with np.errstate(invalid="ignore"):
        return float((-b + np.sqrt(b**2 - 4 * a * c)) / (2 * a + 1e-10))
