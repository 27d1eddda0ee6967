"""`promptnoise paper`: run a paper's own grid, show ours beside theirs."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, fields
from pathlib import Path

from benchmark.commands import bench
from benchmark.commands._folders import check_writable
from benchmark.outputs import OneFile, check_folders
from benchmark.plan import gpu_hours, name_checks, paper_runs
from benchmark.plan.axes import Run
from benchmark.plan.options import numbers
from benchmark.plan.packs import packs
from benchmark.plan.paper_runs import Cell
from benchmark.plan.shared_options import Training
from benchmark.published import protocols
from benchmark.published.protocols import Paper
from benchmark.records.store import Store
from benchmark.screen import Screen
from datamodules.errors import UserError
from datamodules.names import number_of, split_list

GROUP = "train"

#: How the table begins, by which it is known as ours.
MARK = b"^dataset,noise,rate,shots,backbone,paradigm,method,"


@dataclass(frozen=True, kw_only=True)
class Options(Training):
    """Run the grid of a paper with the paper's recipe, and compare our accuracies with the published ones."""

    paper: str
    """A paper, by its name in `promptnoise list`."""

    quick: bool = False
    """One data set (the first available) and one seed."""

    methods: str = ""
    """Only these of the paper's methods."""

    datasets: str = ""
    """Only these of the paper's data sets."""

    seeds: str = ""
    """Other seeds than the paper's."""

    backbone: str = ""
    """Another CLIP model than the paper's; accuracies are then not comparable."""

    recipe: str = ""
    """Another recipe than the paper's."""

    epochs: int = 0
    """Another number of epochs than the recipe's."""

    out: Path = Training.out
    """Folder for records and for papers/NAME.csv."""


def main(options: Options) -> int:
    """Trains what can run; 1 if runs failed, else 0, also where data or weights are missing."""
    console, paper = Screen(), protocols.paper(options.paper)
    table = OneFile(options.out / "papers" / f"{paper.name}.csv", MARK)
    check_writable("the output folder", options.out)
    check_folders(options.out, ["papers"])
    table.check()
    methods, datasets = split_list(options.methods), split_list(options.datasets)
    seeds, other = numbers("seeds", options.seeds, int), (options.backbone, options.recipe, options.epochs or None)
    cells = paper_runs.cells(paper, methods, datasets, seeds, *other)
    if options.backbone:
        name_checks.check_backbone(options.backbone)
    console.say(f"{paper.name}: {paper.title}", "bold")
    missing = name_checks.missing_files(dict.fromkeys(run.dataset for cell in cells for run in cell.runs), options.data)
    if missing and not options.data.is_dir():
        how = f"it should hold {', '.join(missing)} in CoOp's layout; `promptnoise list datasets` says how to get them"
        missing = dict.fromkeys(missing, f"the folder of data sets {options.data} is not there; {how}")
    if options.quick:
        cells = paper_runs.quick(cells, missing)
    runs = [run for cell in cells for run in cell.runs]
    if not options.dry_run and any(run.dataset not in missing for run in runs):
        with console.loading("torch and weights"):
            missing |= _without_weights({run.backbone for run in runs})
    reasons = _reasons(runs, missing)
    for why in dict.fromkeys(missing[name] for run in runs for name in (run.dataset, run.backbone) if name in missing):
        console.say(f"missing: {why}", "yellow")
    able = list(dict.fromkeys(run for run in runs if run.key not in reasons))
    store = Store(options.out)
    if able:
        training = bench.Options(**{field.name: getattr(options, field.name) for field in fields(Training)})
        left = bench.train(console, training, able, store)
        reasons |= {run.key: "it does not run on this backbone" for run in set(able).difference(left)}
        able = left
    return _finish(console, options, paper, cells, reasons, table, able)


def _without_weights(backbones: Iterable[str]) -> dict[str, str]:
    """Why backbones cannot be loaded, by those that cannot."""
    from methods.clip.loading import load_backbone

    found = {}
    for name in backbones:
        try:
            load_backbone(name)
        except UserError as error:
            found[name] = str(error)
    return found


def _reasons(runs: Iterable[Run], missing: Container[str]) -> dict[str, str]:
    """By the key of every run that cannot be made here, what is missing for it."""
    found = {}
    for run in runs:
        if lacking := [what for what, name in (("data", run.dataset), ("weights", run.backbone)) if name in missing]:
            found[run.key] = f"no {' and no '.join(lacking)} here"
    return found


def _finish(
    console: Screen, options: Options, paper: Paper, cells: list[Cell], reasons: dict[str, str], file: OneFile,
    able: list[Run],
) -> int:  # fmt: skip
    """Prints ours beside theirs and, unless this is a dry run, writes it too; 1 if one of the able runs is not ok."""
    from benchmark.analysis.columns import to_csv
    from benchmark.analysis.paper_comparison import comparison
    from benchmark.report import paper_table

    store = Store(options.out)
    records, problems = store.load()
    for problem in problems:
        console.say(problem, "yellow")
    reasons |= {failure.run.key: f"failed: {failure.cause}" for failure in store.failures()}
    table = comparison(paper, cells, records, reasons)
    paper_table.show(paper, table, console)
    if options.backbone:
        other = f"the weights are those of {options.backbone}, not the paper's"
        console.say(f"{other}: differences say nothing about the paper", "yellow")
    if options.dry_run:
        runs = dict.fromkeys(run for cell in cells for run in cell.runs)
        cost = gpu_hours.phrase(packs(runs, options.pack), options.precision)
        console.say(f"{number_of(len(runs), 'run')} in all{f', {cost}' if cost else ''}", "bold")
        return 0
    file.write(to_csv(table))
    console.say(f"table: {file.path}")
    good = {record.key for record in records if record.status == "ok"}
    return 0 if all(run.key in good for run in able) else 1
