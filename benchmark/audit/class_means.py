"""Class means, the mean feature of every given class: over the other folds, or all but for an image's own part."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

SCALE = 30.0


def class_means(features: Tensor, labels: Tensor, fold: Tensor, classes: int) -> Tensor:
    """Unit class means [F, C, E] of unit features [P, E] with labels [P]: row f leaves out the images of fold f.

    Images without a label, -1, are passed over. A class without other images has a mean of zeros.

    >>> import torch
    >>> class_means(torch.eye(2)[[0, 0, 1, 1]], torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 0, 1]), classes=2)[0]
    tensor([[1., 0.],
            [0., 1.]])
    """
    rows, labels = features * (labels >= 0)[:, None], labels.clamp(min=0)
    folds = int(fold.max()) + 1
    sums = rows.new_zeros(folds * classes, rows.shape[1]).index_add_(0, fold * classes + labels, rows)
    sums = sums.view(folds, classes, -1)
    return F.normalize(sums.sum(0) - sums, dim=-1)


def out_of_fold(features: Tensor, weights: Tensor, fold: Tensor, scale: float = SCALE) -> Tensor:
    """Log-probabilities [P, C] of every image [P, E] under the class weights [F, C, E] that its fold had no part in."""
    logits = features.new_empty(len(features), weights.shape[1])
    for number, own in enumerate(weights):
        here = fold == number
        logits[here] = features[here] @ own.T
    return (scale * logits).log_softmax(-1)


def fair_means(features: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Scores [P, C] of unit features [P, E] by the means of all images with each of the labels [P], -1 for none.

    Those of given labels are less by what an image's own part adds to them in the mean over images: without it, image
    by image, the few images of a class would say less of each other.
    """
    rows, own = torch.nonzero(labels >= 0)[:, 0], labels[labels >= 0]
    sums = features.new_zeros(classes, features.shape[1]).index_add_(0, own, features[rows])
    scores = features @ F.normalize(sums, dim=-1).T
    without = F.normalize(sums[own] - features[rows], dim=-1)
    added = scores[rows, own] - (without * features[rows]).sum(1)
    scores[rows, own] -= added.mean()
    return SCALE * scores
