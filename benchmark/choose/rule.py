"""Which method is taken: the default, unless another agrees with held-out given labels more than chance explains."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist, stdev

import numpy as np
from numpy.typing import NDArray

from benchmark.choose.confusion import ENOUGH

#: Chance that any method at all is taken instead of a default that is as good, by the error of its lead alone.
LEVEL = 0.05
#: How a choice was made.
BY_VALIDATION, DEFAULT_KEPT, DEFAULT_ONLY = "noisy validation", "default kept", "default"


@dataclass(frozen=True)
class Lead:
    """How much more a method agrees with held-out given labels than the default, and its standard error, in points."""

    points: float
    error: float


@dataclass(frozen=True)
class Choice:
    """The method that was taken, `by` BY_VALIDATION, DEFAULT_KEPT or DEFAULT_ONLY.

    `rival` is the method whose lead over the default decided: the chosen one, or the one with the highest lead where
    the default was kept; `needed` is what that lead had to exceed, in points. Empty and not a number where nothing was
    compared.
    """

    method: str
    by: str
    rival: str = ""
    lead: float = math.nan
    needed: float = math.nan


def lead(hits: NDArray[np.floating], default: NDArray[np.floating]) -> Lead:
    """The lead of a method by its and the default's `hits` [R, P]: 1 for agreement, 0, NaN where not held out.

    The error is the larger of two: over images (paired, as in McNemar's test; an image that several seeds hold out
    counts as one) and over the means of the seeds, which have the chance of training in them, too.

    >>> lead(np.array([[1.0, 1.0, 1.0, 0.0]]), np.array([[0.0, 1.0, 1.0, 0.0]]))
    Lead(points=25.0, error=21.650635094610966)
    """
    gaps = 100 * (hits - default)
    mean = float(np.nanmean(gaps))
    images = math.sqrt(np.square(np.nansum(gaps - mean, 0)).sum()) / int(np.isfinite(gaps).sum())
    means = np.nanmean(gaps, 1).tolist()
    return Lead(mean, max(images, stdev(means) / math.sqrt(len(means)) if len(means) > 1 else 0.0))


def leads_over(hits: Mapping[str, NDArray[np.floating]], default: str) -> dict[str, Lead]:
    """The lead of every other method over the default, from all methods' hits [R, P]."""
    return {name: lead(own, hits[default]) for name, own in hits.items() if name != default}


def errors_needed(rivals: int) -> float:
    """Standard errors that a lead must exceed: LEVEL in all, two-sided, shared by the rivals (Bonferroni).

    >>> round(errors_needed(1), 2), round(errors_needed(4), 2)
    (1.96, 2.5)
    """
    return NormalDist().inv_cdf(1 - LEVEL / 2 / max(rivals, 1))


def decide(leads: Mapping[str, Lead], dominant: float, default: str, errors: float | None = None) -> Choice:
    """Chooses by the leads of all methods but the default.

    Of the methods whose lead exceeds `errors` standard errors (`errors_needed` if not given) the one with the highest
    is taken. The default is where there is none, and where less than ENOUGH of the classes are `dominant`: there the
    given label is not the likeliest sign of the true class, and agreement with it rewards what imitates the noise.

    >>> decide({"ce": Lead(5.0, 1.0), "gce": Lead(6.0, 4.0)}, dominant=1.0, default="em_means").method
    'ce'
    """
    if dominant < ENOUGH:
        return Choice(default, DEFAULT_ONLY)
    if not leads:
        return Choice(default, DEFAULT_KEPT)
    needed = {
        name: own.error * (errors_needed(len(leads)) if errors is None else errors) for name, own in leads.items()
    }
    clear = [name for name, own in leads.items() if own.points > max(needed[name], 0)]
    rival = max(clear or leads, key=lambda name: leads[name].points)
    method, by = (rival, BY_VALIDATION) if clear else (default, DEFAULT_KEPT)
    return Choice(method, by, rival, leads[rival].points, needed[rival])
