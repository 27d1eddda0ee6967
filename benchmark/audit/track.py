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
from benchmark.audit.measure import calibration_error, quality
from benchmark.audit.sample import Sample
from datamodules.dataset import Dataset
from datamodules.foreign import to_cell

CELL = ["dataset", "noise", "rate", "shots"]


@dataclass(frozen=True)
class Trial:
    """One detector on one draw: percent, seconds; the calibration error of `joint`, a probability, in percent."""

    dataset: str
    noise: str
    rate: float
    shots: int
    seed: int
    detector: str
    auroc: float
    ap: float
    precision: float
    calibration: float
    seconds: float


@dataclass(frozen=True)
class Encoded:
    """A data set with the features [P, E] of all its training images and the text features [C, E] of its classes."""

    name: str
    dataset: Dataset
    features: Tensor
    text: Tensor
    scale: float


def trials(
    encoded: Encoded, kind: str, rate: float | None, shots: int, seed: int, names: Sequence[str]
) -> Iterator[Trial]:
    """Lets the detectors `names` rank the labels of one noisy draw."""
    features, weights = encoded.features.numpy(), (encoded.scale * encoded.text).numpy()
    data = corrupt_dataset(encoded.name, encoded.dataset, kind, rate, shots, seed, features, weights)
    assert data.true is not None
    rows = torch.as_tensor(getattr(data.images, "rows", np.arange(len(data.given))))
    labels, wrong = torch.from_numpy(data.given), data.given != data.true
    for name in names:
        sample = Sample(encoded.features[rows], labels, encoded.text, encoded.scale, seed)
        start = perf_counter()
        found = detectors.suspicion(name, sample).numpy()
        seconds, own = perf_counter() - start, quality(found, wrong)
        error = 100 * calibration_error(found, wrong) if name == "joint" else math.nan
        cell = (encoded.name, kind, float(wrong.mean()) if rate is None else rate, shots, seed, name)
        yield Trial(*cell, own.auroc, own.ap, own.precision, error, seconds)


def leaderboard(done: Sequence[Trial]) -> pd.DataFrame:
    """A row per cell and detector, means over seeds, ranked by AP in the cell; at the end the mean over all cells."""
    table = pd.DataFrame([astuple(trial) for trial in done], columns=[field.name for field in fields(Trial)])
    numbers = ["auroc", "ap", "precision", "calibration", "seconds"]
    grouped = table.groupby([*CELL, "detector"], sort=False)
    means = grouped[numbers].mean().reset_index()
    for column in ("auroc", "ap"):
        means[f"{column}_std"] = grouped[column].std(ddof=1).to_numpy()
    means["seeds"] = grouped["seed"].nunique().to_numpy()
    overall = means.groupby("detector", sort=False)[numbers].mean().reset_index()
    overall = overall.assign(dataset="all", noise="all", rate=math.nan, shots=math.nan, seeds=means["seeds"].max())
    board = pd.concat([means, overall], ignore_index=True)
    board["rank"] = board.groupby(CELL, dropna=False)["ap"].rank(ascending=False, method="min").astype(int)
    order = [
        *CELL,
        "rank",
        "detector",
        "seeds",
        "auroc",
        "auroc_std",
        "ap",
        "ap_std",
        "precision",
        "calibration",
        "seconds",
    ]
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
    lines = ["| AUROC / AP | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    lines += [
        f"| `{name}` | " + " | ".join(map(str, row)) + " |" for name, row in zip(names, wide.to_numpy(), strict=True)
    ]
    return "\n".join(lines) + "\n"


def files(board: pd.DataFrame) -> dict[str, str]:
    """`detectors.csv` and `detectors.md`."""
    named = board.assign(**{name: board[name].map(to_cell) for name in ("dataset", "noise")})
    return {"detectors.csv": named.round(2).to_csv(index=False), "detectors.md": markdown(board)}


def _cell(name: str, noise: str, rate: float, shots: float) -> str:
    if name == "all":
        return "mean"
    short = Path(name.removeprefix("folder:")).name
    return f"{short}, {noise} {100 * rate:.0f} %" + (f", {shots:.0f} a class" if shots else "")
