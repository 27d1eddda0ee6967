"""Which method is taken: by agreement with held-out given labels where that can be trusted, else a default."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from benchmark.choose.confusion import ENOUGH


@dataclass(frozen=True)
class Choice:
    """The method that was taken, `by` "noisy validation" or "default".

    `lead` is how much more the chosen method agrees with held-out given labels than `second` does, in points, and
    `error` the standard error of that difference over seeds; not a number where nothing was compared.
    """

    method: str
    by: str
    second: str = ""
    lead: float = math.nan
    error: float = math.nan


def decide(agreements: Mapping[str, Sequence[float]], dominant: float, default: str) -> Choice:
    """Chooses by agreements (percent, one per seed) of methods, or takes `default`.

    The default is taken where less than ENOUGH of the classes are `dominant`: there the given label is not the
    likeliest sign of the true class, and agreement with it rewards what imitates the noise.

    >>> decide({"ce": [60.0, 61.0], "gce": [66.0, 65.0]}, dominant=1.0, default="gce")
    Choice(method='gce', by='noisy validation', second='ce', lead=5.0, error=1.0)
    """
    if dominant < ENOUGH or len(agreements) < 2:
        return Choice(default, "default")
    first, second = sorted(agreements, key=lambda name: (-mean(agreements[name]), name != default))[:2]
    gaps = [a - b for a, b in zip(agreements[first], agreements[second], strict=True)]
    error = stdev(gaps) / math.sqrt(len(gaps)) if len(gaps) > 1 else math.nan
    return Choice(first, "noisy validation", second, mean(gaps), error)
