"""Gaussian discriminant analysis as the released code computes it (github mrflogs/ICLR24), in float64, loop by loop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def gda(features: Values, labels: list[int], classes: int) -> tuple[Values, Values]:
    """Weights [C, E] and biases [C] of images [N, E]; every class has an image."""
    width, n = features.shape[1], len(features)
    means = [np.mean([f for f, y in zip(features, labels, strict=True) if y == c], axis=0) for c in range(classes)]
    covariance = np.zeros((width, width))
    for feature, label in zip(features, labels, strict=True):
        centred = feature - means[label]
        covariance += np.outer(centred, centred) / (n - 1)
    inverse = width * np.linalg.pinv((n - 1) * covariance + np.trace(covariance) * np.eye(width))
    weights = np.stack([mean @ inverse for mean in means])
    biases = np.array([np.log(1 / classes) - mean @ inverse @ mean / 2 for mean in means])
    return weights, biases
