"""CLIPCleaner: zero-shot CLIP and a logistic regression choose the images that a head trains on."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
import torch
from annotated_types import Ge, Gt, Le
from numpy.typing import NDArray

from methods.core.given import GivenImages
from methods.core.head import HeadMethod
from methods.functional.label_votes import Floats, Labels, regression, votes

NAME = "CLIPCleaner"
FAMILY = "head"

Flags = NDArray[np.bool_]


class Method(HeadMethod):
    """A linear head on the images whose labels two classifiers accept; CLIPCleaner (2408.10012).

    The classifiers are zero-shot CLIP, softmax(cos / `temperature`), and a class-balanced logistic regression on the
    unit features and the given labels themselves. Either accepts an image labelled y if p_y / max_k p_k is at least
    `consistency`, and if log p_y, scaled to 0 ... 1 within its class, belongs with probability `clean` or more to the
    upper of two Gaussians that are fitted to that class. All four must agree. A class with images of which none is
    accepted gets those with the largest zero-shot p_y: as many as the smallest other class has, at least N / C^2 and 1.
    Published: temperature 0.07, clean 0.5, consistency 0.8 (1 on WebVision). Selection comes before training, once. An
    epoch has as many steps as before, with equally many images of each class: accepted images come several times.

    Differences: the released code scores with several generated descriptions of each class, here it is the data set's
    template; and where a class is empty it takes the images with the *smallest* p_y. There, a network is then trained
    from scratch with mixup and relabelling by its own confidence (MixFix); here it is a head on the frozen features,
    like `linear_probe`, with any `loss`. A class with one image, or with equal scores, passes the mixture.
    """

    temperature: Annotated[float, Gt(0)] = 0.07
    clean: Annotated[float, Ge(0), Le(1)] = 0.5
    consistency: Annotated[float, Ge(0), Le(1)] = 0.8

    paradigms: ClassVar[tuple[str, ...]] = ("fewshot", "ssl")

    def start_training(self) -> None:
        """Leaves only accepted images in every run's training set, balanced."""
        given = GivenImages.of(self.data, self.rows)
        pool = self.data.plain(given.images)
        guesses = (pool @ self.zero_shot().T / self.temperature).softmax(-1)
        features, probabilities = pool.cpu().numpy(), guesses.cpu().double().numpy()
        for row, count in enumerate(given.counts):
            images, labels = self.data.training_set(self.rows.start + row)
            seed = self.task.generator(row, "selection").initial_seed() % 2**32
            own = probabilities[row, :count], features[row, :count], labels.numpy()
            chosen = torch.from_numpy(_balanced(self._accepted(*own, seed), labels.numpy()))
            self.data.assign(self.rows.start + row, images[chosen], labels[chosen])

    def _accepted(self, zero_shot: Floats, features: Floats, labels: Labels, seed: int) -> Flags:
        """What of zero-shot probabilities [n, C] and features [n, E] with labels [n] is accepted [n]."""
        kept = np.ones(len(labels), bool)
        for probabilities in (zero_shot, regression(features, labels, zero_shot.shape[1])):
            upper, consistent = votes(probabilities, labels, seed)
            kept &= (upper >= self.clean) & (consistent >= self.consistency)
        return kept | _fill(kept, zero_shot, labels)


def _fill(kept: Flags, zero_shot: Floats, labels: Labels) -> Flags:
    """The likeliest images [n] of classes of which none was kept."""
    more, classes = np.zeros_like(kept), zero_shot.shape[1]
    numbers = np.bincount(labels[kept], minlength=classes)
    least = max(1, len(labels) // classes**2, min(numbers[numbers > 0], default=1))
    for c in np.unique(labels):
        if not numbers[c]:
            members = np.flatnonzero(labels == c)
            more[members[np.argsort(-zero_shot[members, c], kind="stable")[:least]]] = True
    return more


def _balanced(kept: Flags, labels: Labels) -> Labels:
    """Places of kept images, each class's starting over until all classes together have as many as there were."""
    present = np.unique(labels)
    size = max(1, len(labels) // len(present))
    members = [np.flatnonzero(kept & (labels == c)) for c in present]
    return np.concatenate([np.resize(own, max(size, len(own))) for own in members if len(own)])
