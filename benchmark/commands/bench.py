"""`promptnoise bench`: train what is not done, show the leaderboard."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial

from benchmark import PROTOCOL, version
from benchmark.commands._folders import check_writable
from benchmark.errors import BadInput
from benchmark.outputs import Outputs, check_folders
from benchmark.plan import gpu_hours, groups, method_catalog, name_checks, suites
from benchmark.plan.axes import Run, all_small
from benchmark.plan.feature_files import notes
from benchmark.plan.method_names import printed
from benchmark.plan.options import Options as Options
from benchmark.plan.packs import Pack, packs
from benchmark.records.option_files import check_same_files
from benchmark.records.paths import LEFT_OUT
from benchmark.records.store import Store
from benchmark.records.workers import grid_name, recorded_workers
from benchmark.report.file_names import TABLES, table_file
from benchmark.report.next_command import to_export
from benchmark.run.campaign import Planned, train_campaign
from benchmark.run.engines import Engine, parse_engine
from benchmark.screen import Screen
from benchmark.tracking import Files, check_track, target_of
from benchmark.uncollected import without_collection
from datamodules.names import number_of, split_list
from methods.recipes import is_embedded

GROUP = "train"


def main(options: Options) -> int:
    """Train a grid; finished runs are not repeated."""
    console = Screen()
    runs = planned(console, options)
    store, name = Store(options.out), grid_name(runs, options.pack)
    check_writable("the output folder", options.out)
    suites.kept_in(options, name).check()
    made = f"{datetime.now():%Y-%m-%d %H:%M:%S} by promptnoise {version()}, protocol {PROTOCOL}"
    runs = train(console, options, runs, store, partial(suites.keep, options, name, made))
    return 0 if options.dry_run or options.detach else _finish(console, store, runs)


def planned(console: Screen, options: Options) -> list[Run]:
    """The runs of these options, after a line for all that is left out and all that should be known of the data.

    Raises BadInput: nothing is left.
    """
    grid = options.grid()
    runs, unsupported = grid.runs(), grid.find_unsupported()
    if not runs:
        raise BadInput(f"none of these methods can run: {'; '.join(unsupported)}")
    for line in [
        *method_catalog.unreadable(),
        *groups.passed_over(split_list(options.datasets), options.data),
        *unsupported,
    ]:
        console.say(f"left out: {line}", "yellow")
    for line in notes(grid.datasets, grid.shots):
        console.say(line, "dim")
    return runs


def train(
    console: Screen, options: Options, runs: list[Run], store: Store, begin: Callable[[], None] = lambda: None
) -> list[Run]:
    """Trains those of `runs` that are not done, under these options, and returns the runs without those that cannot.

    `begin` is called before there is training, when all that can be checked is checked. A dry run checks what it can
    without torch, prints the plan and returns all.
    Raises UserError: data, backbones, options or an output folder that cannot be used.
    """
    datasets, backbones = ({getattr(run, axis): None for run in runs} for axis in ("dataset", "backbone"))
    engine = _checked(options, datasets, backbones)
    done = store.finished(runs, quarantine=not options.dry_run)
    check_same_files(store, (run for run in runs if run.key in done))
    undone = {run.dataset: None for run in runs if run.key not in done}
    if not options.dry_run:
        name_checks.check_files(undone, options.data)
    if len(done) < len(runs):
        if not all(is_embedded(backbone) for backbone in backbones):
            check_writable("the cache folder", options.cache)
        if not options.dry_run:
            engine.prepare()
    workers = _workers(console, options, engine, runs, done)
    cut = packs(runs if undone else (), options.pack, workers)
    todo = [pack for pack in cut if any(run.key not in done for run in pack.runs)]
    _plan(console, runs, done, todo)
    if line := gpu_hours.phrase(todo, options.precision):
        console.say(line, "dim")
    if options.save_predictions and (lacking := sum(not store.has_predictions(run) for run in runs if run.key in done)):
        line = f"{lacking} finished runs have no predictions and are not repeated; use another --out to get them"
        console.say(line, "yellow")
    if options.dry_run:
        console.say(f"not checked: {'; '.join(name_checks.unchecked(backbones, options.devices))}", "dim")
        name_checks.check_files(undone, options.data)
    elif todo:
        return train_campaign(console, options, engine, Planned(runs, todo, frozenset(done), workers), begin)
    else:
        Files(options.track, store, runs)()
    return runs


def _checked(options: Options, datasets: Iterable[str], backbones: Iterable[str]) -> Engine:
    """The engine that trains, after a look at all that can be refused, also in the places of our files, at once."""
    name_checks.check_names(datasets, backbones)
    engine = parse_engine(options.engine, options.detach)
    engine.check(options.devices)
    target_of(options, options.out)
    check_writable("the output folder", options.out)
    Outputs(options.out, "report").check([*TABLES, LEFT_OUT, *map(table_file, datasets)])
    check_folders(options.out, ("campaigns", "locks", "failed", "slurm", "wandb"))
    check_track(options.track, options.out, datasets)
    recorded_workers(options.out, (), 1)
    return engine


def _workers(console: Screen, options: Options, engine: Engine, runs: list[Run], done: set[str]) -> int:
    """The number of workers to cut packs for: the one that finished runs of this grid were cut for, or today's."""
    recorded = recorded_workers(options.out, runs, options.pack) if done else None
    if recorded or len(done) == len(runs):
        return recorded or 1
    small = all_small(runs)
    if options.dry_run:
        return engine.planned(options.devices, small)
    with console.loading("torch"):
        return len(engine.devices(options.devices, small, len(runs)))


def _plan(console: Screen, runs: list[Run], done: set[str], todo: list[Pack]) -> None:
    where = number_of(len(todo), "pack")
    console.print(f"{number_of(len(runs), 'run')}, {len(done)} done, {len(runs) - len(done)} to do in {where}")
    for pack in todo:
        names = map(printed, dict.fromkeys(run.method for run in pack.runs))
        console.say(f"  {pack.title}: {', '.join(names)}")


@without_collection()
def _finish(console: Screen, store: Store, runs: list[Run]) -> int:
    """Writes the tables, prints the leaderboard of these runs; 0 only if all of them succeeded."""
    from benchmark.analysis.results import Results
    from benchmark.report import table_files, terminal

    campaign, keys = Results.of(*store.load()), {run.key for run in runs}
    for problem in campaign.problems:
        console.say(problem, "yellow")
    table_files.write_all(campaign, store.out)
    mine = [record for record in campaign.records if record.key in keys]
    failures = [failure for failure in store.failures() if failure.run.key in keys]
    terminal.show(campaign if len(mine) == len(campaign.records) else Results.of(mine), console, failures)
    table = store.out / "leaderboard.csv"
    console.say(f"leaderboard: {table}; `promptnoise report --out={store.out}` draws plots and a page")
    if line := to_export(mine, store):
        console.say(line)
    good = sum(record.status == "ok" for record in mine)
    return 0 if good == len(runs) else 1
