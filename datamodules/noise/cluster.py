"""`cluster`: whole clusters of alike images get the label of a class that is near them in CLIP's feature space."""

from __future__ import annotations

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from datamodules.dataset import Labels
from datamodules.errors import DataError
from datamodules.noise import Context, Floats, Noisy
from datamodules.noise._flips import flip
from datamodules.seeds import rng

NEEDS = frozenset({"features"})


def check(size: str = "4") -> None:
    """Checks the option before anything runs. Raises DataError: a size that is no whole number from 1."""
    if not (size.isascii() and size.isdecimal() and int(size) >= 1):
        raise DataError(f"'cluster' noise: size should be a whole number of images, at least 1; got {size!r}")


def corrupt(context: Context, rate: float, seed: int, size: str = "4") -> Noisy:
    """Flips exactly int(rate N) labels, cluster by cluster, each to the other class whose mean is nearest its cluster.

    The drawn images of a class form ceil(K / `size`) clusters by average linkage of their unit features, so that
    `size` is their mean number of images. All images of a cluster get the same wrong label: of the other classes that
    with the largest cosine between the mean features of cluster and class. Clusters are flipped in random order, and
    the last one in part, so that the rate is exact. The noise is ours: wrong labels that people or the web give come in
    groups of alike images and lie between alike classes, which no kind with independent flips has.

    >>> features = np.array([[1.0, 0.0], [0.9, 0.1], [0.5, 0.5], [0.4, 0.6], [0.0, 1.0], [0.1, 0.9]])
    >>> context = Context(indices=np.arange(6), pool=np.array([0, 0, 1, 1, 2, 2]), classes=3, features=features)
    >>> corrupt(context, rate=0.5, seed=1, size="2").labels.tolist()
    [0, 0, 2, 1, 1, 1]
    """
    check(size)
    clusters, targets = _clusters(context, int(size))
    places = rng(seed, "noise: order of clusters").permutation(clusters.max(initial=-1) + 1)
    return flip(context, rate, np.argsort(places[clusters], kind="stable"), targets)


def _clusters(context: Context, size: int) -> tuple[Labels, Labels]:
    """Each image's cluster [N], counted over all classes, and the class [N] that its cluster is flipped to."""
    x = _unit(np.asarray(context.features, dtype=np.float64))
    present = np.unique(context.labels)
    means = _unit(np.stack([x[context.labels == label].mean(0) for label in present]))
    clusters, targets = np.empty((2, len(x)), dtype=np.int64)
    first = 0
    for label in present:
        rows = np.flatnonzero(context.labels == label)
        own = _split(x[rows], -(-len(rows) // size))
        for number in range(own.max() + 1):
            part = rows[own == number]
            nearness = np.where(present == label, -np.inf, means @ x[part].mean(0))
            alone = len(present) == 1
            targets[part] = (label + 1) % context.classes if alone else present[nearness.argmax()]
            clusters[part] = first + number
        first += own.max() + 1
    return clusters, targets


def _split(x: Floats, parts: int) -> Labels:
    if parts >= len(x):  # older SciPy joins the nearest two all the same
        return np.arange(len(x), dtype=np.int64)
    found: Labels = fcluster(linkage(x, "average"), parts, "maxclust").astype(np.int64) - 1
    return found


def _unit(x: Floats) -> Floats:
    unit: Floats = x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-12)
    return unit
