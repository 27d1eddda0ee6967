"""Which method is taken: the default, unless another is clearly better at true classes as the audit estimates them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datamodules.dataset import Labels

Floats = NDArray[np.floating]

#: Standard errors that a lead must exceed. More would keep a poor default, which costs more than a needless change.
ERRORS = 1.5
#: How a choice was made.
CLEAR, DEFAULT_KEPT = "clear lead", "default kept"


@dataclass(frozen=True)
class Lead:
    """How much more accurate a method is than the default, as is estimated, and the standard error of it, in points."""

    points: float
    error: float


@dataclass(frozen=True)
class Choice:
    """The method that was taken, `by` CLEAR or DEFAULT_KEPT.

    `rival` is the method whose lead over the default decided: the chosen one, or the one with the highest lead where
    the default was kept; `needed` is what that lead had to exceed, in points. Empty and not a number where there was
    nothing to compare.
    """

    method: str
    by: str
    rival: str = ""
    lead: float = math.nan
    needed: float = math.nan


def accuracies(guesses: Labels, true: Floats) -> list[float]:
    """Expected accuracy, percent, of each row of `guesses` [R, P], -1 where there is none.

    From probabilities `true` [P, C] of true classes. Dividing noisy agreement by the noise matrix, the unbiased way,
    has an error that grows as the matrix nears a singular one; the probability that a class is the true one stays
    between 0 and 1, and uses what is known of the single image.

    >>> accuracies(np.array([[0, 1, -1]]), np.array([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]]))
    [70.0]
    """
    held = guesses >= 0
    chances = np.take_along_axis(true, guesses.clip(min=0).T, 1).T
    return [100 * float(value) for value in (chances * held).sum(1) / held.sum(1)]


def lead(guesses: Labels, default: Labels, true: Floats) -> Lead:
    """The lead of a method by its and the default's `guesses` [R, P], -1 where there is none.

    `true` [P, C] are probabilities of true classes. The error is that over images, paired as in McNemar's test, and
    over their true classes; an image that several seeds held out counts as one.

    >>> lead(np.array([[1, 1, 1, 0]]), np.array([[0, 1, 1, 0]]), np.eye(2)[[1, 1, 1, 1]])
    Lead(points=25.0, error=21.650635094610966)
    """
    gains = np.zeros_like(true, dtype=float)
    for own, other in zip(guesses, default, strict=True):
        (rows,) = np.nonzero(own >= 0)
        np.add.at(gains, (rows, own[rows]), 1)
        np.add.at(gains, (rows, other[rows]), -1)
    held = (guesses >= 0).sum(0)
    mean = float((true * gains).sum() / held.sum())
    squares = (true * np.square(gains - mean * held[:, None])).sum()
    return Lead(100 * mean, 100 * math.sqrt(squares) / int(held.sum()))


def leads_over(guesses: Mapping[str, Labels], default: str, explanations: Sequence[Floats]) -> dict[str, Lead]:
    """The lead of every other method over the default, by the explanation that speaks least for it."""
    return {
        name: min((lead(own, guesses[default], true) for true in explanations), key=lambda one: one.points)
        for name, own in guesses.items()
        if name != default
    }


def decide(leads: Mapping[str, Lead], default: str, errors: float = ERRORS) -> Choice:
    """Chooses by the leads of all methods but the default.

    Of the methods whose lead exceeds `errors` standard errors the one with the highest is taken, the default where
    there is none.

    >>> decide({"ce": Lead(5.0, 1.0), "gce": Lead(6.0, 4.0)}, default="em_means").method
    'ce'
    """
    if not leads:
        return Choice(default, DEFAULT_KEPT)
    needed = {name: own.error * errors for name, own in leads.items()}
    clear = [name for name, own in leads.items() if own.points > max(needed[name], 0)]
    rival = max(clear or leads, key=lambda name: leads[name].points)
    method, by = (rival, CLEAR) if clear else (default, DEFAULT_KEPT)
    return Choice(method, by, rival, leads[rival].points, needed[rival])
