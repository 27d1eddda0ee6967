"""`promptnoise paper`: run a paper's own grid, as far as data and weights are there, and show ours beside theirs."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Literal

from rich.console import Console

from benchmark.commands import bench
from benchmark.plan import checks, papers
from benchmark.plan.grid import Run, split_list
from benchmark.plan.options import CACHE, DATA, numbers
from benchmark.plan.papers import Cell, Changes
from benchmark.published import protocols
from benchmark.published.protocols import Paper
from benchmark.records.store import Store
from datamodules import atomic
from datamodules.errors import UserError


@dataclass(frozen=True)
class Options:
    """Run the grid of a paper with the paper's own recipe, and print ours beside theirs, cell by cell."""

    paper: str
    """A paper, by its name in `promptnoise list`."""

    quick: bool = False
    """One data set (the first that is there) and one seed."""

    methods: str = ""
    """Only these of the paper's methods."""

    datasets: str = ""
    """Only these of the paper's data sets."""

    seeds: str = ""
    """Other seeds than the paper's."""

    backbone: str = ""
    """Another CLIP model than the paper's: its numbers are then of other weights than the paper's."""

    recipe: str = ""
    """Another recipe than the paper's."""

    epochs: int = 0
    """Another number of epochs than the recipe's."""

    devices: str = bench.Options.devices
    """As for bench: auto, cpu, cpu:2, or GPU numbers."""

    engine: str = bench.Options.engine
    """As for bench: local, ray[...] or slurm[...]."""

    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Precision of the frozen towers."""

    data: Path = DATA
    """Folder of real data sets, laid out as for CoOp."""

    out: Path = bench.Options.out
    """Folder for records and for papers/NAME.csv."""

    cache: Path = CACHE
    """Folder for the image features of real backbones."""

    skip_bad_images: bool = False
    """Go on without images that cannot be read; the records say how many."""

    save_predictions: bool = False
    """Write what each run predicts of every image to a Parquet file beside its record."""

    wandb: str = ""
    """Weights & Biases: online, offline or disabled."""

    wandb_project: str = ""
    """The W&B project; the default is WANDB_PROJECT, else promptnoise."""

    wandb_entity: str = ""
    """The W&B user or team that owns the project; the default is the account's own."""

    wandb_group: str = ""
    """The group of the runs in W&B; the default is the results folder's name."""

    wandb_tags: str = ""
    """Further tags of the runs in W&B, separated by commas."""

    pack: int = bench.Options.pack
    """Runs that train side by side at most."""

    timeout: int = 0
    """Seconds without progress after which a pack's worker is stopped; 0: never."""

    dry_run: bool = False
    """Print the plan and what is there, train nothing."""


def main(options: Options) -> int:
    """Trains what can run; 1 if runs failed, else 0, also where data or weights are missing."""
    console, paper = Console(), protocols.paper(options.paper)
    cells = papers.cells(paper, _changes(options))
    if options.backbone:
        checks.check_backbone(options.backbone)
    console.print(f"{paper.name}: {paper.title}", style="bold", markup=False, highlight=False, soft_wrap=True)
    files = partial(checks.check_files, root=options.data)
    missing = _missing(files, dict.fromkeys(run.dataset for cell in cells for run in cell.runs))
    if options.quick:
        cells = papers.quick(cells, missing)
    runs = [run for cell in cells for run in cell.runs]
    if not options.dry_run and any(run.dataset not in missing for run in runs):
        with console.status("loading torch and weights"):
            missing |= _missing(_load, dict.fromkeys(run.backbone for run in runs))
    reasons = _reasons(runs, missing)
    for why in dict.fromkeys(missing[name] for run in runs for name in (run.dataset, run.backbone) if name in missing):
        console.print(f"missing: {why}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    able = list(dict.fromkeys(run for run in runs if run.key not in reasons))
    store = Store(options.out)
    if able:
        left = bench.train(console, _for_bench(options), able, store)
        reasons |= {run.key: "it does not run on this backbone" for run in set(able).difference(left)}
        able = left
    return _finish(console, options, paper, cells, reasons, store, able)


def _changes(options: Options) -> Changes:
    return Changes(
        methods=split_list(options.methods),
        datasets=split_list(options.datasets),
        seeds=numbers("seeds", options.seeds, int),
        backbone=options.backbone,
        recipe=options.recipe,
        epochs=options.epochs or None,
    )


def _for_bench(options: Options) -> bench.Options:
    """The same options, as far as bench has them and they do not name the grid."""
    axes = ("methods", "datasets", "seeds", "backbone", "recipe", "epochs")
    own = {field.name for field in fields(Options)} & {field.name for field in fields(bench.Options)}
    return bench.Options(**{name: getattr(options, name) for name in own if name not in axes})


def _missing(check: Callable[[str], object], names: Iterable[str]) -> dict[str, str]:
    """What is not there of what these names stand for, and why."""
    found = {}
    for name in names:
        try:
            check(name)
        except UserError as error:
            found[name] = str(error)
    return found


def _load(backbone: str) -> None:
    from methods.clip.loading import load_backbone

    load_backbone(backbone)


def _reasons(runs: Iterable[Run], missing: Container[str]) -> dict[str, str]:
    """By the key of every run that cannot be made here, what is missing for it."""
    found = {}
    for run in runs:
        lacking = [what for what, name in (("data", run.dataset), ("weights", run.backbone)) if name in missing]
        if lacking:
            found[run.key] = f"no {' and no '.join(lacking)} here"
    return found


def _finish(
    console: Console, options: Options, paper: Paper, cells: list[Cell], reasons: dict[str, str], store: Store,
    able: list[Run],
) -> int:  # fmt: skip
    """Prints ours beside theirs and, unless this is a dry run, writes it too; 1 if one of the able runs is not ok."""
    from benchmark.report import beside
    from benchmark.report.leaderboard import to_csv

    records, problems = store.load()
    for problem in problems:
        console.print(problem, style="yellow", highlight=False, markup=False, soft_wrap=True)
    reasons |= {failure.run.key: f"failed: {failure.cause}" for failure in store.failures()}
    table = beside.beside(paper, cells, records, reasons)
    beside.show(paper, table, console)
    if options.backbone:
        console.print(
            f"the weights are those of {options.backbone}, not the paper's: differences say nothing about the paper",
            style="yellow", highlight=False, markup=False, soft_wrap=True,
        )  # fmt: skip
    if options.dry_run:
        return 0
    file = store.out / "papers" / f"{paper.name}.csv"
    atomic.write(file, to_csv(table))
    console.print(f"table: {file}", highlight=False, markup=False, soft_wrap=True)
    good = {record.key for record in records if record.status == "ok"}
    return 0 if all(run.key in good for run in able) else 1
