"""A campaign: packs of runs over devices, with progress and logging, after everything they need was opened."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from benchmark.errors import BadInput
from benchmark.outputs import Outputs
from benchmark.plan.axes import Run, all_small
from benchmark.plan.method_names import printed
from benchmark.plan.options import Options
from benchmark.plan.packs import Pack
from benchmark.records.paths import LEFT_OUT
from benchmark.records.store import Store
from benchmark.records.workers import grid_name, record_workers
from benchmark.run.engines import Engine
from benchmark.run.events import Event
from benchmark.run.progress import LiveProgress
from benchmark.run.time_left import TimeLeft
from benchmark.run.workload import Workload, noting_lost
from benchmark.screen import Screen
from benchmark.tracking import Files, Follower, target_of
from datamodules.catalog import Size
from datamodules.formats.csv_table import as_csv
from datamodules.formats.images import no_pictures

if TYPE_CHECKING:
    from benchmark.run.resources import Resources
    from benchmark.run.worker import Runner


@dataclass(frozen=True)
class Planned:
    """The runs that are asked for, packs of those to do, the keys of finished ones; packs were cut for `workers`."""

    runs: list[Run]
    todo: list[Pack]
    done: frozenset[str]
    workers: int


def train_campaign(
    console: Screen, options: Options, engine: Engine, plan: Planned, begin: Callable[[], None]
) -> list[Run]:
    """Trains what can run, with progress, and returns the runs without those that cannot.

    `begin` is called just before training.

    Raises UserError: data, backbones, options or an output folder that cannot be used. Raises OSError: a folder that
    cannot be written any more; a line has said what is missing.
    """
    with console.loading("torch, backbone and data"):
        runner, devices, reasons = _opened(options, engine, plan)
    for (_, method), reason in reasons.items():
        console.say(f"left out: {printed(method)}: {reason}", "yellow")
    able, todo = _without(plan.runs, reasons), [Pack(tuple(_without(pack.runs, reasons))) for pack in plan.todo]
    todo = sorted((pack for pack in todo if pack.runs), key=lambda pack: -pack.cost_of(_size(runner.resources, pack)))
    if not able:
        raise BadInput("none of these methods runs on this backbone")
    _check_writable(options.out)
    _keep_left_out(console, runner.resources, able, options.out)
    begin()
    record_workers(options.out, plan.runs, options.pack, plan.workers)
    store = Store(options.out)
    files = Files(options.track, store, able)
    left = TimeLeft(todo, devices)
    with _tracking(options, console), LiveProgress(console, len(able), len(plan.done), left) as progress:

        def tell(worker: int, event: Event) -> None:
            progress(worker, event)
            if event.finished:
                files()

        with _naming_what_is_missing(console, store, able):
            engine.train(Workload(runner, todo, devices, tell, noting_lost(store, tell), options.timeout))
            files()
    return able


def _opened(options: Options, engine: Engine, plan: Planned) -> tuple[Runner, list[str], dict[tuple[str, str], str]]:
    """Opens what the runs need; returns the job, its devices, and why a method cannot run, by (backbone, method)."""
    from benchmark.run.input_checks import check_same_inputs, find_unsupported
    from benchmark.run.resources import Resources
    from benchmark.run.worker import Runner

    devices = engine.devices(options.devices, all_small(plan.runs), len(plan.todo))
    resources = Resources(
        options.data, options.cache, options.skip_bad_images, options.precision, options.save_predictions
    )
    todo = [run for pack in plan.todo for run in pack.runs]
    reasons = find_unsupported(resources, todo, devices, options.fewer_shots)
    if records := Store(options.out).load().records:
        check_same_inputs(records, plan.runs, resources, devices)
    resources.forget("backbone")  # every worker loads its own
    return Runner(options.out, resources, done=plan.done, grid=grid_name(plan.runs, options.pack)), devices, reasons


@contextmanager
def _naming_what_is_missing(console: Screen, store: Store, runs: Sequence[Run]) -> Iterator[None]:
    """Where writing fails in the middle, says which runs have no record before the error ends the command."""
    try:
        yield
    except OSError:
        done = store.finished(runs, quarantine=False)
        missing = [str(run) for run in runs if run.key not in done]
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        lost = f"{', '.join(missing[:3])}{more}. Make room and run the same command again to resume."
        console.say(f"{len(done)} finished runs are kept; not written: {lost}")
        raise


def _size(resources: Resources, pack: Pack) -> Size:
    dataset = resources.dataset(pack.runs[0].dataset)
    return Size(len(dataset.classes), len(dataset.test.labels))


def _keep_left_out(console: Screen, resources: Resources, runs: Sequence[Run], out: Path) -> None:
    """Lists the files in the data sets' folders that are no pictures, as an audit does."""
    found: dict[tuple[str, ...], None] = {}  # once, where both splits were cut from one folder
    for name in sorted({run.dataset for run in runs}):
        data = resources.dataset(name)
        parts = [part.images for part in (data.train, data.test, data.val) if part]
        found |= {(name, *one): None for images in parts for one in no_pictures(images)}
    if found:
        (path,) = Outputs(out, "bench").write({LEFT_OUT: as_csv([("dataset", "file", "why"), *found])})
        console.say(f"{len(found)} files of these data sets are not images and are skipped: {path}", "yellow")


def _without(runs: Sequence[Run], reasons: Container[tuple[str, str]]) -> list[Run]:
    return [run for run in runs if (run.backbone, run.method) not in reasons]


@contextmanager
def _tracking(options: Options, console: Screen) -> Iterator[None]:
    """Logs records to Weights & Biases while others are being made, from a process of its own."""
    target, hint = target_of(options, options.out)
    if target.mode == "disabled":
        if hint:
            console.print(hint, style="dim", highlight=False, soft_wrap=True)
        yield
        return
    with Follower(target) as follower:
        yield
        console.say(follower.finish())


def _check_writable(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise BadInput(f"the output folder {out} cannot be written: {error.strerror}") from None
