"""A campaign: packs of runs over devices, with progress and logging, after everything they need was opened."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from rich.console import Console

from benchmark.errors import BadInput
from benchmark.plan.grid import Run, all_small
from benchmark.plan.options import Options
from benchmark.plan.packs import Pack
from benchmark.records.store import Store
from benchmark.records.workers import grid_name, record_workers
from benchmark.run.engines import Engine
from benchmark.run.events import Event
from benchmark.run.progress import LiveProgress
from benchmark.tracking import Files, Follower, target_of
from datamodules.catalog import Size

if TYPE_CHECKING:
    from benchmark.run.resources import Resources


def train_campaign(
    console: Console,
    options: Options,
    engine: Engine,
    runs: list[Run],
    todo: list[Pack],
    done: frozenset[str],
    workers: int,
    begin: Callable[[], None],
) -> list[Run]:
    """Trains what can run, with progress, and returns the runs without those that cannot.

    `done` are the keys of finished runs, and packs are cut for `workers`; `begin` is called just before training.

    Raises:
        UserError: data, backbones, options or an output folder that cannot be used.
        OSError: a folder that cannot be written any more; a line has said what is missing.
    """
    with console.status("loading torch, backbone and data"):
        from benchmark.run.checks import check_same_inputs, find_unsupported
        from benchmark.run.resources import Resources
        from benchmark.run.worker import Runner

        small = all_small(runs)
        devices = engine.devices(options.devices, small, len(todo))
        resources = Resources(
            options.data, options.cache, options.skip_bad_images, options.precision, options.save_predictions
        )
        runner = Runner(options.out, resources, done=done, grid=grid_name(runs, options.pack))
        reasons = find_unsupported(resources, [run for pack in todo for run in pack.runs], devices)
        if records := Store(options.out).load().records:
            check_same_inputs(records, runs, resources, devices)
        resources.forget("backbone")  # every worker loads its own
    for (_, method), reason in reasons.items():
        left_out(console, f"{method}: {reason}")
    able, todo = _without(runs, reasons), [Pack(tuple(_without(pack.runs, reasons))) for pack in todo]
    todo = sorted((pack for pack in todo if pack.runs), key=lambda pack: -pack.cost_of(_size(resources, pack)))
    if not able:
        raise BadInput("none of these methods runs on this backbone")
    _check_writable(options.out)
    begin()
    record_workers(options.out, runs, options.pack, workers)
    store = Store(options.out)
    files = Files(options.track, store, able)
    with _tracking(options, console), LiveProgress(console, len(able), len(done)) as progress:

        def tell(worker: int, event: Event) -> None:
            progress(worker, event)
            if event.finished:
                files()

        with _naming_what_is_missing(console, store, able):
            engine.map_packs(runner, todo, devices, tell, partial(_lost, store, progress), options.timeout)
            files()
    return able


@contextmanager
def _naming_what_is_missing(console: Console, store: Store, runs: Sequence[Run]) -> Iterator[None]:
    """Where writing fails in the middle, says which runs have no record before the error ends the command."""
    try:
        yield
    except OSError:
        done = store.finished(runs, quarantine=False)
        missing = [str(run) for run in runs if run.key not in done]
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        console.print(
            f"{len(done)} finished runs are kept; not written: {', '.join(missing[:3])}{more}. "
            "Make room and run the same command again to resume.",
            highlight=False, markup=False, soft_wrap=True,
        )  # fmt: skip
        raise


def _size(resources: Resources, pack: Pack) -> Size:
    dataset = resources.dataset(pack.runs[0].dataset)
    return Size(len(dataset.classes), len(dataset.test.labels))


def _without(runs: Sequence[Run], reasons: Container[tuple[str, str]]) -> list[Run]:
    return [run for run in runs if (run.backbone, run.method) not in reasons]


def left_out(console: Console, line: str) -> None:
    """Prints what the campaign does without, and why."""
    console.print(f"left out: {line}", style="yellow", highlight=False, markup=False, soft_wrap=True)


@contextmanager
def _tracking(options: Options, console: Console) -> Iterator[None]:
    """Logs records to Weights & Biases while others are being made, from a process of its own."""
    target, hint = target_of(options)
    if target.mode == "disabled":
        if hint:
            console.print(hint, style="dim", highlight=False, soft_wrap=True)
        yield
        return
    with Follower(target) as follower:
        yield
        console.print(follower.finish(), highlight=False, markup=False, soft_wrap=True)


def _lost(store: Store, progress: LiveProgress, pack: Pack, cause: str) -> None:
    for run in store.fail_missing(pack.runs, cause):
        progress(-1, Event("", "failed", str(run), finished=1))


def _check_writable(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise BadInput(f"the output folder {out} cannot be written: {error.strerror}") from None
