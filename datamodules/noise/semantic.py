"""`semantic`: labels flip to the class whose name is nearest in CLIP's text space, as VisPrompt's asymmetric noise."""

from __future__ import annotations

import numpy as np

from datamodules.noise import Context, Noisy
from datamodules.noise._flips import flip, order_of_flips

NEEDS = frozenset({"texts"})


def corrupt(context: Context, rate: float, seed: int) -> Noisy:
    """Flips exactly int(rate N) labels, anywhere in the draw, each to the other class with the most similar text.

    The similarity is the cosine of the classes' text features, so all images of a class go to one class, and the same
    images are wrong as in `asymmetric`; two classes may go to each other, and several to the same one.

    >>> texts = np.array([[1.0, 0.0], [0.8, 0.6], [0.6, 0.8]])
    >>> context = Context(indices=np.arange(3), pool=np.array([0, 1, 2]), classes=3, texts=texts)
    >>> corrupt(context, rate=1.0, seed=1).labels.tolist()
    [1, 2, 1]
    """
    texts = np.asarray(context.texts, dtype=np.float64)
    texts = texts / np.maximum(np.linalg.norm(texts, axis=1, keepdims=True), 1e-12)
    similarity = texts @ texts.T
    np.fill_diagonal(similarity, -np.inf)
    return flip(context, rate, order_of_flips(context, seed), similarity.argmax(axis=1)[context.labels])
