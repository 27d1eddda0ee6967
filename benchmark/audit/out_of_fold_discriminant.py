"""Linear discriminant analysis with a shrunken covariance, out of fold; labels may be weighted or soft."""

from __future__ import annotations

import torch
from torch import Tensor

SHRINKAGES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0)
TEMPERATURES = (0.03, 0.1, 0.2, 0.4, 0.7, 1.0)


def discriminants(features: Tensor, targets: Tensor, fold: Tensor, shrinkages: tuple[float, ...]) -> Tensor:
    """Discriminant values [S, P, C] of features [P, E], for S shrinkages s, from the images of other folds.

    `targets` [P, C] are the shares in which an image belongs to the classes, 0 to 1. The covariance V within them
    becomes (V + s m I) / (1 + s), m the mean variance of a feature: for large s these are class means with a Euclidean
    metric. All classes count as equally frequent. A class without other images gets the least value of its image, 0
    where no class has any.
    """
    found = features.new_empty(len(shrinkages), len(features), targets.shape[1])
    folds = [fold == number for number in range(int(fold.max()) + 1)]
    masses = [targets[own].double().sum(0) for own in folds]
    sums = [(targets[own].T @ features[own]).double() for own in folds]
    moments = [((features[own] * targets[own].sum(1, keepdim=True)).T @ features[own]).double() for own in folds]
    all_mass, all_sums, all_moments = (torch.stack(parts).sum(0) for parts in (masses, sums, moments))
    for own, own_mass, own_sums, own_moments in zip(folds, masses, sums, moments, strict=True):
        mass = all_mass - own_mass
        means = (all_sums - own_sums) / mass.clamp(min=1e-9)[:, None]
        scatter = all_moments - own_moments - (means * mass[:, None]).T @ means
        spectrum, basis = torch.linalg.eigh(scatter / mass.sum().clamp(min=1e-9))
        spectrum, turned = spectrum.clamp(min=0), means @ basis
        held_out = (features[own] @ basis.float()).double()
        for row, shrinkage in enumerate(shrinkages):
            weights = turned * ((1 + shrinkage) / (spectrum + shrinkage * spectrum.mean() + 1e-12))
            values = held_out @ weights.T - 0.5 * (weights * turned).sum(1)
            empty = mass <= 1e-6
            least = values.masked_fill(empty, torch.inf).min(1, keepdim=True).values.nan_to_num(posinf=0.0)
            found[row, own] = torch.where(empty, least, values).float()
    return found


def likeliest(values: Tensor, labels: Tensor) -> int:
    """The row of values [S, P, C] whose softmax, at its best temperature, makes the given labels [P] likeliest."""
    given = labels[:, None]
    scores = [max(float((t * own).log_softmax(1).gather(1, given).mean()) for t in TEMPERATURES) for own in values]
    return scores.index(max(scores))
