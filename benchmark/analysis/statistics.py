"""Paired differences over seeds with bootstrap intervals, signed-rank tests over data sets, and their limits."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from benchmark.analysis.leaderboard import rate_name
from benchmark.analysis.ranking import FEWEST_BLOCKS
from benchmark.plan.axes import CELL, SETTING
from benchmark.plan.method_names import printed

COLUMNS = ["noise", *SETTING, "dataset", "rate", "method", "reference", "datasets", "pairs", "difference", "low",
           "high", "p", "p_adjusted"]  # fmt: skip
#: `dataset` of the rows over all data sets, and `rate` of the rows over all rates above 0.
ALL, NOISY = "all", "noisy"
#: With fewer pairs there is no bootstrap interval.
FEWEST_PAIRS = 5
#: With fewer data sets no outcome of a signed-rank test reaches p = 0.05 (2 / 2^6 = 0.031).
FEWEST_DATASETS = 6
#: Resamples of a bootstrap interval, and groups whose intervals are computed at once.
RESAMPLES, CHUNK = 4999, 256


def pairs(seen: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Differences in accuracy to the reference method, in points, between runs with the same seed and labels.

    A table with `CELL`, method, seed and difference, from that of `leaderboard.rows_of`. Runs trained on different
    labels are not paired; a method that uses no labels is paired by seed.

    >>> cell = dict(dataset="dtd", noise="symmetric", rate=0.5, epochs=9)
    >>> cell |= dict(shots=8, recipe="coop", backbone="b", paradigm="fewshot")
    >>> runs = [("coop", 1, 50.0), ("coop", 2, 60.0), ("gce", 1, 55.0), ("gce", 2, 61.0)]
    >>> seen = pd.DataFrame([cell | dict(method=m, seed=s, accuracy=a, labels="hash") for m, s, a in runs])
    >>> pairs(seen, "coop")["difference"].tolist()
    [5.0, 1.0]
    """
    key = [*CELL, "seed"]
    theirs = seen[seen["method"] == reference][[*key, "accuracy", "labels"]]
    both = seen[seen["method"] != reference].merge(theirs, on=key, suffixes=("", "_reference"))
    free = (both["labels"] == "") | (both["labels_reference"] == "")
    both = both[free | (both["labels"] == both["labels_reference"])]
    both["difference"] = both["accuracy"] - both["accuracy_reference"]
    return pd.DataFrame(both[[*key, "method", "difference"]].reset_index(drop=True))


def differences(seen: pd.DataFrame, reference: str = "coop") -> pd.DataFrame:
    """Mean paired difference of each method to the reference, in points, with a 95 % bootstrap interval; `COLUMNS`.

    There is a row per data set and rate, and rows over all data sets and over all rates above 0. The interval
    resamples seeds within each data set: it generalises to new seeds, not to new data sets. `p` is that of Wilcoxon's
    signed-rank test over data sets, `p_adjusted` corrects it over methods (Benjamini-Hochberg). The interval is NaN
    with fewer than `FEWEST_PAIRS` pairs, both p with fewer than `FEWEST_DATASETS` data sets.

    >>> cell = dict(dataset="dtd", noise="symmetric", rate=0.5, epochs=9)
    >>> cell |= dict(shots=8, recipe="coop", backbone="b", paradigm="fewshot")
    >>> runs = [("coop", 1, 50.0), ("coop", 2, 60.0), ("gce", 1, 55.0), ("gce", 2, 61.0)]
    >>> seen = pd.DataFrame([cell | dict(method=m, seed=s, accuracy=a, labels="hash") for m, s, a in runs])
    >>> differences(seen)[["rate", "pairs", "difference"]].values.tolist()
    [['0.5', 2, 3.0], ['noisy', 2, 3.0]]
    """
    paired = pairs(seen, reference)
    noisy = paired[paired["rate"] != 0].groupby(["noise", *SETTING, "dataset", "method", "seed"])["difference"].mean()
    parts = [paired.assign(rate=[rate_name(rate) for rate in paired["rate"]]), noisy.reset_index().assign(rate=NOISY)]
    long = pd.concat(parts, ignore_index=True)
    names: list[tuple[Any, ...]] = []
    groups: list[list[NDArray[np.float64]]] = []
    for group, part in long.groupby(["noise", *SETTING, "rate", "method"], sort=True):
        *setting, rate, method = group
        datasets = {name: own.to_numpy() for name, own in part.groupby("dataset", sort=True)["difference"]}
        for name, samples in [*((name, [own]) for name, own in datasets.items()), (ALL, list(datasets.values()))]:
            if name != ALL or len(datasets) > 1:
                names.append((*setting, name, rate, method, reference))
                groups.append(samples)
    found = zip(names, groups, intervals(groups), strict=True)
    rows = [(*name, *_compare(samples), low, high, _signed_rank(samples)) for name, samples, (low, high) in found]
    table: pd.DataFrame = pd.DataFrame(rows, columns=COLUMNS[:-1]).astype({"p": float})
    table["p_adjusted"] = table.groupby(["noise", *SETTING, "dataset", "rate"])["p"].transform(_adjusted)
    return table


def _compare(samples: Sequence[NDArray[np.float64]]) -> tuple[int, int, float]:
    """Number of data sets and of pairs, and the mean, from the differences [pairs] of each data set."""
    return len(samples), sum(map(len, samples)), float(np.mean([sample.mean() for sample in samples]))


def _signed_rank(samples: Sequence[NDArray[np.float64]]) -> float:
    """p of Wilcoxon's test over data sets; NaN with too few of them."""
    if len(samples) < FEWEST_DATASETS:
        return math.nan
    means = np.array([sample.mean() for sample in samples])
    return float(scipy.stats.wilcoxon(means).pvalue) if means.any() else math.nan


def intervals(groups: Sequence[Sequence[NDArray[np.float64]]], confidence: float = 0.95) -> NDArray[np.float64]:
    """Percentile bootstrap intervals of the mean of the samples' means, low and high [groups, 2].

    Values are drawn again within each sample; groups of equal sizes share their resamples. NaN where a sample has fewer
    than two values, or all of a group together fewer than `FEWEST_PAIRS`.

    >>> intervals([[np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])], [np.array([1.0])]]).round(1).tolist()
    [[2.8, 4.2], [nan, nan]]
    """
    found = np.full((len(groups), 2), math.nan)
    members: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for i, samples in enumerate(groups):
        members[tuple(map(len, samples))].append(i)
    levels = (1 - confidence) / 2, (1 + confidence) / 2
    for sizes, own in members.items():
        if min(sizes) < 2 or sum(sizes) < FEWEST_PAIRS:
            continue
        weights = _resamples(sizes)
        for part in (own[start : start + CHUNK] for start in range(0, len(own), CHUNK)):
            means = sum(np.stack([groups[i][j] for i in part]) @ weight for j, weight in enumerate(weights))
            found[part] = np.quantile(means / len(sizes), levels, axis=1).T
    rounded: NDArray[np.float64] = found.round(9)
    return rounded


def _resamples(sizes: Sequence[int]) -> list[NDArray[np.float64]]:
    """For each sample, how often each of its n values is drawn in each resample, over n: [n, RESAMPLES].

    They are those that `scipy.stats.bootstrap` draws from a generator of seed 0.
    """
    rng = np.random.default_rng(0)
    weights = []
    for n in sizes:
        drawn = rng.integers(0, n, (RESAMPLES, n)) + n * np.arange(RESAMPLES)[:, None]
        weights.append(np.bincount(drawn.ravel(), minlength=n * RESAMPLES).reshape(RESAMPLES, n).T / n)
    return weights


def _adjusted(p: pd.Series[float]) -> pd.Series[float]:
    known = p.dropna()
    return pd.Series(scipy.stats.false_discovery_control(known), index=known.index) if len(known) else p


def caveats(seen: pd.DataFrame) -> list[str]:
    """Sentences about conclusions for which these runs have too few seeds or data sets.

    >>> cell = dict(dataset="dtd", noise="symmetric", rate=0.5, epochs=9)
    >>> cell |= dict(shots=8, recipe="coop", backbone="b", paradigm="fewshot")
    >>> seen = pd.DataFrame([cell | dict(method="coop", seed=seed) for seed in (1, 2, 3)])
    >>> [line.split(":")[0] for line in caveats(seen)]
    ['3 seeds per cell', '1 data set']
    """
    if not len(seen):
        return []
    seeds = int(seen.groupby([*CELL, "method"], dropna=False)["seed"].nunique().max())
    datasets = int(seen.groupby(["noise", *SETTING])["dataset"].nunique().max())
    lines = []
    if (smallest := min(1.0, 2 / 2**seeds)) > 0.05:
        lines.append(
            f"{_count(seeds, 'seed')} per cell: a signed-rank test on one cell cannot give less than p = {smallest:g}, "
            "so a difference on one data set at one rate is not significant. Bootstrap intervals over so few "
            "seeds are too narrow."
        )
    if datasets < FEWEST_DATASETS:
        lines.append(
            f"{_count(datasets, 'data set')}: nothing can be said about data sets in general. A signed-rank test over "
            f"data sets takes {FEWEST_DATASETS} of them, a critical-difference diagram {FEWEST_BLOCKS}."
        )
    return lines


def sentences(table: pd.DataFrame) -> list[str]:
    """Sentences with the mean differences over all data sets and rates above 0, largest first, from `differences`."""
    several = table.groupby(["noise", *SETTING])["datasets"].transform("max") > 1
    top = table[(table["rate"] == NOISY) & ((table["dataset"] == ALL) | ~several)]
    lines = []
    row: Any
    down = [*[True] * (1 + len(SETTING)), False]
    for row in top.sort_values(["noise", *SETTING, "difference"], ascending=down).itertuples():
        where = f"{_count(row.datasets, 'data set')}, {_count(row.pairs, 'pair')}"
        known = "" if math.isnan(row.low) else f", 95 % interval {row.low:+.1f} to {row.high:+.1f}"
        p = "" if math.isnan(row.p) else f", adjusted p = {row.p_adjusted:.2g}"
        lines.append(
            f"{row.noise}: {printed(row.method)} {row.difference:+.1f} points to {printed(row.reference)} "
            f"({where}{known}{p})"
        )
    return lines


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
