"""The benchmark of detectors: every detector on every data set, kind and rate of noise and seed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from benchmark.audit import detectors
from benchmark.audit.corrupted import corrupt_dataset
from benchmark.audit.explanation import wrong_probability
from benchmark.audit.ranking_quality import calibration_error, confident_fraction, quality
from benchmark.audit.sample import Sample
from benchmark.report.markdown import table
from datamodules.dataset import Dataset, Labels
from datamodules.foreign import to_cell

CELL = ["dataset", "noise", "rate", "shots"]


@dataclass(frozen=True)
class Trial:
    """One detector on one draw: percent, seconds; not a number what the detector does not say.

    `fraction` is the true one of wrong labels, `said` what was estimated, `error` their distance in points, `covered`
    100 where the interval holds the true one, else 0, `width` the interval's. `calibration` is the error of
    probabilities, `suggested` the accuracy of suggestions.
    """

    dataset: str
    noise: str
    rate: float
    shots: int
    seed: int
    detector: str
    auroc: float
    ap: float
    precision: float
    fraction: float
    said: float
    error: float
    covered: float
    width: float
    calibration: float
    suggested: float
    seconds: float


NUMBERS = [field.name for field in fields(Trial)][6:]


@dataclass(frozen=True)
class Encoded:
    """A data set with the features [P, E] of all its training images and the text features [C, E] of its classes.

    The latter are 0 where a file of features has none.
    """

    name: str
    dataset: Dataset
    features: Tensor
    text: Tensor
    scale: float


def trials(
    encoded: Encoded, kind: str, rate: float | None, shots: int, seed: int, names: Sequence[str]
) -> Iterator[Trial]:
    """Lets the detectors `names` rank the labels of one noisy draw."""
    features = encoded.features.numpy()
    weights = (encoded.scale * encoded.text).numpy() if encoded.text.any() else None
    data = corrupt_dataset(encoded.name, encoded.dataset, kind, rate, shots, seed, features, weights)
    assert data.true is not None
    rows = torch.as_tensor(getattr(data.images, "rows", np.arange(len(data.given))))
    labels = torch.from_numpy(data.given)
    rate = float((data.given != data.true).mean()) if rate is None else rate
    for name in names:
        sample = Sample(encoded.features[rows], labels, encoded.text, encoded.scale, seed)
        yield Trial(encoded.name, kind, rate, shots, seed, name, *_measured(name, sample, data.true))


def _measured(name: str, sample: Sample, true: Labels) -> tuple[float, ...]:
    """The numbers of a `Trial`, in its order."""
    module, given, start = detectors.load(name), sample.labels.numpy(), perf_counter()
    wrong, found, interval, said = given != true, None, None, math.nan
    if hasattr(module, "estimated"):
        estimate = module.estimated(sample)
        quality_of, found, interval = -wrong_probability(estimate.true, sample.labels), estimate.true, estimate.fraction
        said, doubt = interval.estimate, -quality_of.numpy()
    elif hasattr(module, "probabilities"):
        found = module.probabilities(sample)
        quality_of = module.label_quality(sample) if hasattr(module, "label_quality") else sample.of_given(found)
        said, doubt = confident_fraction(found.numpy(), given), 1 - sample.of_given(found).numpy()
    else:
        quality_of = module.label_quality(sample)
    seconds = perf_counter() - start
    own, truth = quality(quality_of.numpy(), wrong), float(wrong.mean())
    covered = math.nan if interval is None else 100.0 * (interval.low <= truth <= interval.high)
    width = math.nan if interval is None else 100 * (interval.high - interval.low)
    calibration = math.nan if found is None else 100 * calibration_error(doubt, wrong)
    suggested = math.nan if found is None else 100 * float((found.argmax(1).numpy() == true).mean())
    of_fraction = (100 * truth, 100 * said, 100 * abs(said - truth), covered, width)
    return (*astuple(own), *of_fraction, calibration, suggested, seconds)


def leaderboard(done: Sequence[Trial]) -> pd.DataFrame:
    """A row per cell and detector, means over seeds, ranked by AP in the cell; at the end the mean over all cells."""
    table = pd.DataFrame([astuple(trial) for trial in done], columns=[field.name for field in fields(Trial)])
    grouped = table.groupby([*CELL, "detector"], sort=False)
    means = grouped[NUMBERS].mean().reset_index()
    for column in ("auroc", "ap"):
        means[f"{column}_std"] = grouped[column].std(ddof=1).to_numpy()
    means["seeds"] = grouped["seed"].nunique().to_numpy()
    overall = means.groupby("detector", sort=False)[NUMBERS].mean().reset_index()
    overall = overall.assign(dataset="all", noise="all", rate=math.nan, shots=math.nan, seeds=means["seeds"].max())
    board = pd.concat([means, overall], ignore_index=True)
    ranks = board.groupby(CELL, dropna=False)["ap"].rank(ascending=False, method="min")
    board["rank"] = ranks.fillna(1).astype(int)
    order = [*CELL, "rank", "detector", "seeds", "auroc", "auroc_std", "ap", "ap_std", *NUMBERS[2:]]
    first = board.groupby(CELL, dropna=False, sort=False).ngroup()
    return board.assign(first=first).sort_values(["first", "rank", "detector"])[order].reset_index(drop=True)


def markdown(board: pd.DataFrame) -> str:
    """AUROC / AP as a table of detectors by cells, the best detector in the mean first."""
    cells = board.assign(
        cell=[_cell(*row) for row in board[CELL].to_numpy().tolist()],
        text=[f"{auroc:.1f} / {ap:.1f}" for auroc, ap in board[["auroc", "ap"]].to_numpy().tolist()],
    )
    names = cells[cells["dataset"] == "all"]["detector"].tolist()
    columns = [name for name in dict.fromkeys(cells["cell"]) if name != "mean"] + ["mean"]
    wide = cells.pivot(index="detector", columns="cell", values="text").reindex(index=names, columns=columns)
    rows = [[name, *map(str, row)] for name, row in zip(names, wide.to_numpy(), strict=True)]
    return table(["AUROC / AP", *columns], rows)


def files(board: pd.DataFrame) -> dict[str, str]:
    """`detectors.csv` and `detectors.md`."""
    named = board.assign(**{name: board[name].map(to_cell) for name in ("dataset", "noise")})
    return {"detectors.csv": named.round(2).to_csv(index=False), "detectors.md": markdown(board)}


def _cell(name: str, noise: str, rate: float, shots: float) -> str:
    if name == "all":
        return "mean"
    short = Path(name.removeprefix("folder:")).name
    return f"{short}, {noise} {100 * rate:.0f} %" + (f", {shots:.0f} a class" if shots else "")
