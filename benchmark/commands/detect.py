"""`promptnoise detect`: rank detectors of wrong labels where the truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import Progress

from benchmark.commands._folders import check_writable
from benchmark.commands._progress import encoding
from benchmark.errors import BadInput
from benchmark.outputs import Outputs
from benchmark.plan.feature_files import NEEDS
from benchmark.plan.name_checks import check_backbone
from benchmark.plan.options import numbers, seeds_of
from benchmark.plan.shared_options import Data, Encoding
from benchmark.screen import Screen, bars, table
from datamodules import catalog
from datamodules import noise as noises
from datamodules.names import split_list

GROUP = "labels"

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.audit.detection_benchmark import Encoded

#: Columns of the table on the screen; detectors.csv has all.
SHOWN = ("auroc", "ap", "error", "covered", "width", "calibration", "suggested", "seconds")


@dataclass(frozen=True, kw_only=True)
class Options(Encoding, Data):
    """Compare detectors of wrong labels over data sets, kinds and rates of noise, and seeds."""

    datasets: str = "digits,combos"
    """Data sets whose labels are right."""

    detectors: str = "all"
    """Detectors; `all` stands for every one."""

    noise: str = "0.25,0.4"
    """Fractions of wrong labels, below 1; 0 for clean labels."""

    noise_type: str = "symmetric,asymmetric"
    """Kinds of label noise; human[labels=NAME] takes a labelling of the data set, at no rate."""

    seeds: str = "1,2,3"
    """Seeds of noise, draws and folds."""

    shots: str = "0"
    """Images per class, more than one number separated by commas, 0: all."""

    out: Path = Path("results/detectors")
    """Folder for detectors.csv and detectors.md."""


def main(options: Options) -> int:
    """Writes the leaderboard and prints its means."""
    datasets, cells = _check(options)
    outputs = Outputs(options.out, "detect")
    outputs.check(("detectors.csv", "detectors.md"))
    console = Screen()
    with console.loading("torch"):
        from benchmark.audit import detectors
        from benchmark.audit.detection_benchmark import files, leaderboard, trials

    named = split_list(options.detectors)
    names = list(dict.fromkeys(each for name in named for each in (detectors.known() if name == "all" else [name])))
    if not names:
        raise BadInput("no detectors given; `all` means every one")
    for name in names:
        detectors.check(name)
    seeds, shots, done = seeds_of(options.seeds), numbers("shots", options.shots, int), []
    with bars(console) as progress:
        task = progress.add_task("detectors", total=len(datasets) * len(cells) * len(shots) * len(seeds) * len(names))
        for dataset in datasets:
            encoded = _encode(options, dataset, progress)
            able = _able(console, encoded, names)
            progress.update(task, advance=(len(names) - len(able)) * len(cells) * len(shots) * len(seeds))
            for (kind, rate), few, seed in product(cells, shots, seeds):
                for trial in trials(encoded, kind, rate, few, seed, able):
                    done.append(trial)
                    progress.update(task, description=f"{kind}, seed {seed}, {trial.detector}", advance=1)
    if not done:
        raise BadInput("none of these detectors can rank these labels")
    board = leaderboard(done)
    _show(console, board)
    for path in outputs.write(files(board)):
        console.say(path)
    return 0


def _check(options: Options) -> tuple[list[str], list[tuple[str, float | None]]]:
    """Data sets, and kinds of noise with their rates."""
    datasets, rates = split_list(options.datasets), numbers("noise", options.noise, float)
    seeds_of(options.seeds)
    if not datasets:
        raise BadInput("give at least one data set")
    for dataset in datasets:
        catalog.check(dataset)
    for rate in rates:
        if not 0 <= rate < 1:
            raise BadInput(f"noise {rate:g} should lie between 0 and 1, or there is nothing to find")
    if not (shots := numbers("shots", options.shots, int)):
        raise BadInput("no shots given; 0 takes all images")
    if min(shots) < 0:
        raise BadInput(f"shots is {min(shots)}, should be at least 0")
    cells: list[tuple[str, float | None]] = []
    for kind in split_list(options.noise_type):
        noises.parse(kind)
        cells += [(kind, None)] if noises.measured(kind) else [(kind, rate) for rate in rates]
    if not cells:
        raise BadInput("give at least one kind of noise, and a rate where it needs one")
    check_backbone(options.backbone)
    check_writable("the folder of --out", options.out)
    return datasets, cells


def _encode(options: Options, name: str, progress: Progress) -> Encoded:
    from benchmark.audit.detection_benchmark import Encoded
    from benchmark.run.resources import open_bank
    from datamodules.catalog import open_dataset
    from methods.clip.backbone import zero_shot_weights

    dataset = open_dataset(name, options.data)
    if not dataset.has_clean_labels:
        raise BadInput(f"{name}: nobody knows its true labels, so detectors cannot be measured on it")
    with encoding(progress, name, len(dataset.train.labels)) as tell:
        backbone, bank = open_bank(options.backbone, options.devices, options.cache, tell, outputs=dataset.outputs)
        features = bank.plain(dataset.train.images)
    if dataset.outputs is not None and dataset.outputs.texts is None:
        text = features.new_zeros(len(dataset.classes), features.shape[1])
    else:
        text = zero_shot_weights(backbone, dataset.classes, dataset.template).cpu()
    return Encoded(name, dataset, features, text, backbone.scale)


def _able(console: Screen, encoded: Encoded, names: list[str]) -> list[str]:
    """Those of the detectors that can rank the labels of a data set; says which cannot."""
    from benchmark.audit.detectors import without_texts

    able, lacking = (names, []) if encoded.text.any() else without_texts(names)
    if lacking:
        console.say(f"left out: {', '.join(lacking)} on {encoded.name}: {NEEDS['texts']}", "yellow")
    return able


def _show(console: Screen, board: pd.DataFrame) -> None:
    means = board[board["dataset"] == "all"]
    rows = [
        [str(name), *("" if isnan(value) else f"{value:.1f}" for value in values)]
        for name, values in zip(means["detector"], means[list(SHOWN)].to_numpy(), strict=True)
    ]
    console.print(table(["detector", *SHOWN], rows, "mean over all cells"))
