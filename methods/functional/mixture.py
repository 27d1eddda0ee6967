"""Clean and noisy images by a two-component Gaussian mixture of their losses: JoAPR's joint adaptive thresholds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture

from methods.functional.threads import threads_of_torch

Losses = NDArray[np.float64]


def split(losses: Losses, threshold: float, seed: int) -> tuple[NDArray[np.bool_], Losses, float]:
    """Fits the mixture to losses [n] in [0, 1]; returns what is clean [n], its probability [n] and the next threshold.

    The clean component is the one with the smaller mean. The next threshold is the share of images whose probability
    of being clean is at most `threshold`. An image is clean if its loss is below the point where the clean component
    is twice as dense as the noisy one (`crossing`), or if its probability of being clean is above the next threshold.
    As in the released code, `crossing` gets variances where its formula has standard deviations.

    >>> clean, probability, threshold = split(np.array([0.0, 0.1, 0.2, 0.9, 1.0]), threshold=0.5, seed=0)
    >>> clean.tolist(), probability.round(2).tolist(), threshold
    ([True, True, True, False, False], [1.0, 1.0, 1.0, 0.0, 0.0], 0.4)
    """
    mixture = GaussianMixture(2, max_iter=10, tol=1e-2, reg_covar=5e-4, random_state=seed % 2**32)
    column = losses.reshape(-1, 1)
    with threads_of_torch():
        mixture.fit(column)
    low, high = np.argsort(mixture.means_.ravel())
    clean: Losses = mixture.predict_proba(column)[:, low]
    means, spreads = mixture.means_.ravel(), mixture.covariances_.ravel()
    point = crossing(means[low], means[high], spreads[low], spreads[high])
    noisy_share = float((clean <= threshold).mean())
    return (losses < point) | (clean > noisy_share), clean, noisy_share


def crossing(low: float, high: float, narrow: float, wide: float) -> float:
    """The point where the normal density (mean low, deviation narrow) is twice the density (high, wide).

    Of the two solutions it is the larger one if wide > narrow, else the smaller one; NaN, below which no loss lies, if
    there is none.

    >>> round(crossing(low=0.0, high=1.0, narrow=0.2, wide=0.3), 3)
    0.383
    """
    a = wide**2 - narrow**2
    b = 2 * (high * narrow**2 - low * wide**2)
    c = (low * wide) ** 2 - (high * narrow) ** 2 + 2 * (wide * narrow) ** 2 * np.log(2 * narrow / wide + 1e-8)
    with np.errstate(invalid="ignore"):
        return float((-b + np.sqrt(b**2 - 4 * a * c)) / (2 * a + 1e-10))
