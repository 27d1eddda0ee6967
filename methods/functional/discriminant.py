"""Gaussian discriminant analysis of R runs at once, with one covariance for all classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from datamodules.seeds import rng


def discriminant(features: Tensor, labels: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Weights [R, C, E] and biases [R, C] of GDA from features [R, N, E] and labels [R, N], -1 for none.

    With m_c the mean of class c, w_c = P m_c and b_c = log(1/C) - m_c P m_c / 2, where P = E ((n - 1) S + tr(S) I)^-1
    shrinks the covariance S of the n images around their classes' means (Kubokawa and Srivastava 2008, as in
    2402.04087). Where all images lie on their means, as with one image a class, S is that around the mean of all. A
    class without images gets the mean of the others' weights and biases. Computed in float64, run by run.

    >>> features = torch.tensor([[[1.0, 0.0], [0.8, 0.6], [0.0, 1.0], [-0.6, 0.8]]])
    >>> weights, biases = discriminant(features, torch.tensor([[0, 0, 1, 1]]), classes=2)
    >>> (features.double() @ weights.mT + biases[:, None]).argmax(-1).tolist()
    [[0, 0, 1, 1]]
    """
    parts = [_one_run(*run, classes) for run in zip(features.double(), labels, strict=True)]
    weights, biases = (torch.stack(part) for part in zip(*parts, strict=True))
    return weights, biases


def _one_run(features: Tensor, labels: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    features, labels = features[labels >= 0], labels[labels >= 0]
    members = one_hot(labels, classes).to(features.dtype)
    counts = members.sum(0).unsqueeze(1)
    means = members.T @ features / counts.clamp(min=1)
    n, width = features.shape
    away = features - means[labels]
    if away.square().sum() <= 1e-9 * n:
        away = features - features.mean(0)
    scatter = away.T @ away
    trace = scatter.trace().clamp(min=1e-12) / max(n - 1, 1)
    shrunk = scatter + trace * torch.eye(width, dtype=features.dtype, device=features.device)
    weights = width * torch.cholesky_solve(means.T, torch.linalg.cholesky(shrunk)).T
    biases = -np.log(classes) - (weights * means).sum(1) / 2
    there = counts.squeeze(1) > 0
    if not there.any():
        return weights, biases
    weights = torch.where(there[:, None], weights, weights[there].mean(0))
    return weights, torch.where(there, biases, biases[there].mean())


def held_out(features: Tensor, labels: Tensor, classes: int, seeds: Sequence[int], folds: int = 5) -> Tensor:
    """Discriminant values [R, N, C] of features [R, N, E], each from the images of the other folds; 0 without a label.

    The seed of a run spreads the images of each label over the folds.

    >>> values = held_out(torch.eye(4)[None], torch.tensor([[0, 0, 1, -1]]), 2, seeds=[1])
    >>> values.shape, values[0, 3].tolist()
    (torch.Size([1, 4, 2]), [0.0, 0.0])
    """
    fold = torch.stack([_folds(own, seed, folds) for own, seed in zip(labels.cpu(), seeds, strict=True)])
    fold = fold.to(labels.device)
    values = features.new_zeros(*labels.shape, classes, dtype=torch.float64)
    for number in range(folds):
        rest = torch.where(fold == number, -1, labels)
        weights, biases = discriminant(features, rest, classes)
        own = ((fold == number) & (labels >= 0)).unsqueeze(-1)
        values = torch.where(own, features.double() @ weights.mT + biases[:, None], values)
    return values


def _folds(labels: Tensor, seed: int, folds: int) -> Tensor:
    """The fold [N] of each image, from 0."""
    found, draw = torch.zeros_like(labels), rng(seed, "folds")
    for label in range(int(labels.max()) + 1):
        own = draw.permutation(np.flatnonzero(labels.numpy() == label))
        found[own] = torch.from_numpy((np.arange(len(own)) + draw.integers(folds)) % folds)
    return found
