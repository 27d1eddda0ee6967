"""`promptnoise bench`: plan, train what is not done, show the leaderboard."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from rich.console import Console

from benchmark.errors import BadInput
from benchmark.plan import catalog, checks
from benchmark.plan.grid import Grid, Run
from benchmark.plan.options import Options
from benchmark.plan.packs import Pack, packs
from benchmark.records.store import Store
from benchmark.run.progress import LiveProgress
from benchmark.tracking import Follower, Target, choose_mode
from methods.clip.recipe import is_embedded


def main(options: Options) -> int:
    """Train a grid; what is finished already is not done again."""
    console = Console()
    grid = options.grid()
    runs = grid.runs()
    for line in [*catalog.unreadable(), *grid.find_unsupported()]:
        _left_out(console, line)
    if not runs:
        raise BadInput("none of these methods runs under this paradigm")
    for dataset in grid.datasets:
        checks.check_dataset(dataset)
    for backbone in grid.backbones:
        checks.check_backbone(backbone)
    checks.check_devices(options.devices)
    choose_mode(options.wandb)
    if options.pack < 1:
        raise BadInput(f"pack is {options.pack}, should be at least 1")
    store = Store(options.out)
    done = store.finished(runs, set_aside=not options.dry_run)
    todo = [pack for pack in packs(runs, options.pack) if any(run.key not in done for run in pack.runs)]
    _plan(console, runs, done, todo)
    if options.dry_run:
        _check_without_torch(console, options, grid)
        return 0
    if todo:
        runs = _train(console, options, runs, todo, len(done))
    return _finish(console, store, runs)


def _check_without_torch(console: Console, options: Options, grid: Grid) -> None:
    """What a run would refuse, as far as that can be seen at once; says what was not looked at."""
    for dataset in grid.datasets:
        checks.check_files(dataset, options.data)
    parent = next(path for path in (options.out.absolute(), *options.out.absolute().parents) if path.exists())
    if not parent.is_dir():
        raise BadInput(f"the output folder {options.out} cannot be written: {parent} is a file")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise BadInput(f"the output folder {options.out} cannot be written: {parent} is read-only")
    line = f"not checked: {'; '.join(checks.unchecked(grid.backbones, options.devices))}"
    console.print(line, style="dim", highlight=False, markup=False, soft_wrap=True)


def _plan(console: Console, runs: list[Run], done: set[str], todo: list[Pack]) -> None:
    console.print(f"{len(runs)} runs, {len(done)} done, {len(runs) - len(done)} to do in {len(todo)} packs")
    for pack in todo:
        names = dict.fromkeys(run.method for run in pack.runs)
        console.print(f"  {pack.title}: {', '.join(names)}", highlight=False, markup=False)


def _train(console: Console, options: Options, runs: list[Run], todo: list[Pack], done: int) -> list[Run]:
    """Trains what can run, and returns the runs without those that cannot."""
    with console.status("loading torch, backbone and data"):
        from benchmark.run.pool import map_packs, prepare

        if len(todo) > 1:
            prepare()
        from benchmark.run.checks import check_same_inputs, find_unsupported
        from benchmark.run.devices import parse_devices, threads_per_worker
        from benchmark.run.resources import Resources
        from benchmark.run.worker import Runner

        small = all(is_embedded(run.backbone) for run in runs)
        devices = parse_devices(options.devices, small, len(todo))
        threads, sharing = threads_per_worker(devices), max(Counter(devices).values())
        resources = Resources(options.data, options.cache, options.skip_bad_images, options.precision)
        reasons = find_unsupported(resources, [run for pack in todo for run in pack.runs], devices)
        if done:
            check_same_inputs(Store(options.out).load().records, runs, resources, devices)
    for (_, method), reason in reasons.items():
        _left_out(console, f"{method}: {reason}")
    runs, todo = _without(runs, reasons), [Pack(tuple(_without(pack.runs, reasons))) for pack in todo]
    todo = sorted((pack for pack in todo if pack.runs), key=lambda pack: -pack.cost * resources.classes(pack))
    if not runs:
        raise BadInput("none of these methods runs on this backbone")
    _check_writable(options.out)
    with _tracking(options, console), LiveProgress(console, len(runs), done) as progress:
        runner = Runner(options.out, resources, threads, sharing)
        map_packs(runner, todo, devices, progress, partial(_lost, Store(options.out)))
    return runs


def _without(runs: Sequence[Run], reasons: Container[tuple[str, str]]) -> list[Run]:
    return [run for run in runs if (run.backbone, run.method) not in reasons]


def _left_out(console: Console, line: str) -> None:
    console.print(f"left out: {line}", style="yellow", highlight=False, markup=False, soft_wrap=True)


@contextmanager
def _tracking(options: Options, console: Console) -> Iterator[None]:
    """Logs records to Weights & Biases while others are being made, from a process of its own."""
    mode, hint = choose_mode(options.wandb)
    if mode == "disabled":
        if hint:
            console.print(hint, style="dim", highlight=False, soft_wrap=True)
        yield
        return
    with Follower(Target(options.out, mode)) as follower:
        yield
        console.print(follower.finish(), highlight=False, markup=False, soft_wrap=True)


def _lost(store: Store, pack: Pack, cause: str) -> None:
    done = store.finished(pack.runs)
    for run in pack.runs:
        if run.key not in done:
            store.fail(run, cause)


def _check_writable(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise BadInput(f"the output folder {out} cannot be written: {error.strerror}") from None


def _finish(console: Console, store: Store, runs: list[Run]) -> int:
    """Writes the tables, prints the leaderboard of these runs; 0 only if all of them succeeded."""
    from benchmark.report import tables, terminal
    from benchmark.report.campaign import Campaign

    campaign, keys = Campaign.of(*store.load()), {run.key for run in runs}
    for problem in campaign.problems:
        console.print(problem, style="yellow", highlight=False, markup=False, soft_wrap=True)
    tables.write_all(campaign, store.out)
    mine = [record for record in campaign.records if record.key in keys]
    failures = [failure for failure in store.failures() if failure.run.key in keys]
    terminal.show(campaign if len(mine) == len(campaign.records) else Campaign.of(mine), console, failures)
    console.print(
        f"leaderboard: {store.out / 'leaderboard.csv'}; `promptnoise report --out={store.out}` draws plots and a page",
        highlight=False, markup=False, soft_wrap=True,
    )  # fmt: skip
    good = sum(record.status == "ok" for record in mine)
    return 0 if good == len(runs) else 1


__all__ = ["Options", "main"]
