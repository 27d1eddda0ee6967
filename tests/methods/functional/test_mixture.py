"""JoAPR's thresholds: two Gaussians of losses, where one is twice as dense as the other, and the next threshold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from methods.functional.mixture import crossing, split


@pytest.mark.parametrize(("narrow", "wide"), [(0.2, 0.3), (0.1, 0.4), (0.3, 0.2)])
def test_where_they_cross_the_lower_is_twice_as_dense(narrow: float, wide: float) -> None:
    point = crossing(0.0, 1.0, narrow, wide)
    assert norm.pdf(point, 0.0, narrow) == pytest.approx(2 * norm.pdf(point, 1.0, wide), rel=1e-4)
    moved = crossing(5.0, 6.0, narrow, wide)
    assert moved == pytest.approx(5 + point, abs=1e-6)


def test_of_two_crossings_it_is_the_one_between_the_means() -> None:
    assert 0 < crossing(0.0, 1.0, 0.2, 0.3) < 1
    assert 0 < crossing(0.0, 1.0, 0.3, 0.2) < 1


def test_densities_that_are_never_twice_as_large_do_not_cross() -> None:
    assert math.isnan(crossing(0.0, 0.0, 0.2, 0.3))


def draw(clean: int, noisy: int) -> np.ndarray:
    source = np.random.default_rng(0)
    return np.clip(np.concatenate([source.normal(0.1, 0.03, clean), source.normal(0.8, 0.05, noisy)]), 0, 1)


@pytest.mark.parametrize(("clean", "noisy"), [(60, 40), (20, 80)])
def test_low_losses_are_clean_and_the_next_threshold_is_the_share_of_the_others(clean: int, noisy: int) -> None:
    kept, probability, threshold = split(draw(clean, noisy), 0.5, seed=0)
    assert kept.tolist() == [True] * clean + [False] * noisy
    assert probability[:clean].min() > 0.99 and probability[clean:].max() < 0.01
    assert threshold == noisy / (clean + noisy)


def test_what_is_exactly_at_the_threshold_is_not_clean() -> None:
    """A threshold of 1 takes in all: the next one is 1, and only what lies below the crossing is kept."""
    losses = draw(50, 50)
    kept, probability, threshold = split(losses, 1.0, seed=0)
    assert threshold == 1.0 and probability.max() <= 1.0
    assert kept.tolist() == [True] * 50 + [False] * 50


def test_losses_between_the_components_are_kept_by_the_threshold_or_by_the_crossing() -> None:
    """Every loss below the crossing is kept, with variances for deviations as in the released code."""
    source = np.random.default_rng(1)
    losses = np.clip(np.concatenate([source.normal(0.3, 0.15, 80), source.normal(0.7, 0.15, 80)]), 0, 1)
    kept, probability, threshold = split(losses, 0.3, seed=0)
    assert threshold == (probability <= 0.3).mean()
    lowest = losses[~kept].min()
    assert (probability[~kept] <= threshold).all() and kept[losses < lowest].all()


def test_a_seed_of_any_size_will_do_and_repeats_itself() -> None:
    losses = draw(30, 30)
    big, small = split(losses, 0.5, seed=2**32 + 3), split(losses, 0.5, seed=3)
    assert big[0].tolist() == small[0].tolist() and big[1].tolist() == small[1].tolist()
