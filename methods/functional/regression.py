"""Ridge regression of class shares on features, with every image left out of what it is compared with."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Spectrum:
    """Features [R, N, E] as an orthonormal `basis` [R, N, D] times directions, whose squared lengths are [R, D].

    `directions` [R, D, E] have unit length; D is the smaller of N and E.
    """

    basis: Tensor
    squares: Tensor
    directions: Tensor


def spectrum(features: Tensor) -> Spectrum:
    """The singular value decomposition of features [R, N, E], by the smaller of their two Gram matrices."""
    tall = features.shape[1] > features.shape[2]
    gram = features.mT @ features if tall else features @ features.mT
    squares, vectors = torch.linalg.eigh(gram)
    squares = squares.clamp(min=1e-6)
    if tall:
        return Spectrum(features @ vectors / squares.sqrt()[:, None], squares, vectors.mT)
    return Spectrum(vectors, squares, vectors.mT @ features / squares.sqrt()[..., None])


def hat(images: Spectrum, ridge: Tensor) -> tuple[Tensor, ...]:
    """The factors of the hat matrix [R, N, N] under `ridge` [R]; the whole where that is less to multiply with."""
    kept = images.basis * (images.squares / (images.squares + ridge[:, None]))[:, None]
    small = images.basis.shape[1] <= 2 * images.basis.shape[2]
    return (kept @ images.basis.mT,) if small else (kept, images.basis.mT)


def left_out(factors: tuple[Tensor, ...], shares: Tensor) -> Tensor:
    """Regression values [R, N, C] of `shares` [R, N, C] over their class's sum, each image's own share left out.

    Exact for ridge regression: (H s - h s) / (1 - h) with the `factors` of the hat matrix H and its diagonal h. As the
    ridge, in units of squared lengths, grows, values become cosines to class means, times a constant. A class of which
    less than a quarter of an image is left says nearly nothing.

    >>> one = torch.tensor([1.0])
    >>> values = left_out(hat(spectrum(torch.eye(2)[[0, 0, 1]][None]), one), torch.eye(2)[[0, 0, 1]][None])
    >>> values[0, :, 0]
    tensor([0.4000, 0.4000, 0.0000])
    """
    first, *rest = factors
    own = ((first * rest[0].mT).sum(-1) if rest else first.diagonal(dim1=1, dim2=2))[..., None]
    fitted = first @ (rest[0] @ shares if rest else shares)
    return (fitted - own * shares) / (1 - own).clamp(min=1e-6) / (shares.sum(1, keepdim=True) - shares + 0.25)


def weights(images: Spectrum, shares: Tensor, ridge: Tensor) -> Tensor:
    """Weights [R, C, E] of the regression of all images' `shares` [R, N, C] over their class's sum."""
    targets = images.basis.mT @ (shares / (shares.sum(1, keepdim=True) + 0.25))
    factors = images.squares.sqrt() / (images.squares + ridge[:, None])
    return (factors[..., None] * targets).mT @ images.directions


def centred(scores: Tensor) -> Tensor:
    """Scores [..., C] less their mean over classes."""
    return scores - scores.mean(-1, keepdim=True)


def std(scores: Tensor, valid: Tensor) -> Tensor:
    """Standard deviation [..., 1, 1] over classes of centred scores [..., N, C], over the `valid` [..., N] images.

    >>> std(torch.tensor([[-0.1, 0.1], [-0.2, 0.2], [0.0, 9.0]]), torch.tensor([True, True, False]))
    tensor([[0.1581]])
    """
    variance = torch.where(valid, scores.square().mean(-1), 0).sum(-1) / valid.sum(-1)
    return variance.sqrt().clamp(min=1e-12)[..., None, None]


def regression(factors: tuple[Tensor, ...], shares: Tensor, valid: Tensor) -> Tensor:
    """Left-out values of several `shares` [R, S, N, C], centred over classes, in units of their standard deviation."""
    side_by_side = left_out(factors, shares.transpose(1, 2).flatten(2))
    values = centred(side_by_side.unflatten(2, shares.shape[1::2]).transpose(1, 2))
    return values / std(values, valid)
