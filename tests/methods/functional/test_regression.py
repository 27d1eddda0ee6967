"""Ridge regression with every image left out, against fitting it anew without each."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from methods.functional.regression import hat, left_out, spectrum, weights

R, C = 2, 3


def case(images: int, width: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(images)
    features = normalize(torch.randn(R, images, width, generator=generator), dim=-1)
    return features, torch.randn(R, images, C, generator=generator).softmax(-1)


def fitted(features: Tensor, shares: Tensor, ridge: float) -> Tensor:
    """Weights [C, E] of one replica, in float64, by the normal equations."""
    x, s = features.double(), shares.double()
    return torch.linalg.solve(x.T @ x + ridge * torch.eye(x.shape[1]), x.T @ (s / (s.sum(0) + 0.25))).T


@pytest.mark.parametrize(("images", "width"), [(12, 5), (7, 20)])
@pytest.mark.parametrize("ridge", [0.3, 30.0])
def test_an_image_is_judged_by_a_regression_that_has_not_seen_it(images: int, width: int, ridge: float) -> None:
    features, shares = case(images, width)
    found = left_out(hat(spectrum(features), torch.tensor([ridge, ridge])), shares)
    for r in range(R):
        for i in range(images):
            rest = torch.arange(images) != i
            expected = fitted(features[r, rest], shares[r, rest], ridge) @ features[r, i].double()
            torch.testing.assert_close(found[r, i].double(), expected, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize(("images", "width"), [(12, 5), (7, 20)])
def test_weights_are_those_of_the_normal_equations_with_a_ridge_for_each_replica(images: int, width: int) -> None:
    features, shares = case(images, width)
    found = weights(spectrum(features), shares, torch.tensor([0.3, 3.0]))
    for r, ridge in enumerate((0.3, 3.0)):
        expected = fitted(features[r], shares[r], ridge)
        torch.testing.assert_close(found[r].double(), expected, atol=1e-4, rtol=1e-3)


def test_a_large_ridge_leaves_class_means() -> None:
    features, shares = case(12, 5)
    found = weights(spectrum(features), shares, torch.tensor([1e4, 1e4]))
    torch.testing.assert_close(normalize(found, dim=-1), normalize(shares.mT @ features, dim=-1), atol=1e-3, rtol=1e-2)


def test_padding_changes_nothing() -> None:
    features, shares = case(12, 5)
    padded = torch.cat([features, torch.zeros(R, 3, 5)], 1), torch.cat([shares, torch.zeros(R, 3, C)], 1)
    ridge = torch.tensor([0.3, 3.0])
    images, more = spectrum(features), spectrum(padded[0])
    torch.testing.assert_close(left_out(hat(more, ridge), padded[1])[:, :12], left_out(hat(images, ridge), shares))
    torch.testing.assert_close(weights(more, padded[1], ridge), weights(images, shares, ridge))


def test_a_class_of_one_image_says_nothing_of_that_image() -> None:
    features, shares = torch.eye(3)[None], torch.eye(3)[None]
    assert left_out(hat(spectrum(features), torch.tensor([1.0])), shares).abs().max() < 1e-5
