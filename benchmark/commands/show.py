"""`promptnoise show`: explain one run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

from annotated_types import Ge
from rich.markup import escape
from rich.table import Table

from benchmark.commands._folders import check_results
from benchmark.plan import options as bench
from benchmark.plan.axes import AXES, OPTIONS, phrase
from benchmark.plan.method_names import printed
from benchmark.records.paths import LEARNED, PREDICTIONS
from benchmark.records.record import BadRecord, Record
from benchmark.records.store import Store
from benchmark.report.mistakes import show_mistakes
from benchmark.screen import Screen

GROUP = "read"

#: Eight heights of a bar, for curves in a line of text.
BARS = "▁▂▃▄▅▆▇█"
WIDTH = 40
MOST_CLASSES = 5


@dataclass(frozen=True)
class Options:
    """Explain the record of a run: settings, accuracy, and the command that repeats it."""

    run: str
    """The run's key, or its first digits."""

    out: Path = Path("results")
    """The results folder."""

    mistakes: Annotated[int, Ge(0)] = 10
    """How many of the most confident errors to list (needs bench --save_predictions)."""


def main(options: Options) -> int:
    """Prints one record, and its worst mistakes."""
    check_results(options.out)
    store, console = Store(options.out), Screen()
    record = store.find(options.run)
    show(record, store, console)
    if options.mistakes:
        _show_mistakes(record, store, console, options.mistakes)
    return 0


def show(record: Record, store: Store, console: Screen) -> None:
    """Print what a run was, what it reached, how it got there, and how to do it again."""
    run = record.run
    folder = "" if store.out == Options.out else f" {shlex.quote(f'--out={store.out}')}"
    console.print(f"[bold]{escape(printed(run.method))}[/] on [bold]{escape(run.dataset)}[/]", highlight=False)
    grid = Table.grid(padding=(0, 2))
    for name, text in _facts(record):
        grid.add_row(f"[dim]{name}[/]", escape(text))
    for name, curve in record.curves.items():
        if known := [value for value in curve if value is not None]:
            grid.add_row(f"[dim]{escape(name)}[/]", f"{bars(curve)}  {known[0]:.4g} to {known[-1]:.4g}")
    grid.add_row("[dim]record[/]", escape(str(store.path(run))))
    learned = store.path(run).with_suffix(LEARNED)
    if learned.exists():
        grid.add_row("[dim]what it learned[/]", escape(str(learned)))
    if store.has_predictions(run):
        grid.add_row("[dim]what it predicts[/]", escape(str(learned.with_suffix(PREDICTIONS))))
    console.print(grid, highlight=False)
    if learned.exists():
        export = escape(f"promptnoise export {run.key}{folder}")
        console.print(f"[dim]to use what it learned:[/] {export}", highlight=False, soft_wrap=True)
    console.print(f"[dim]to do it again:[/] {escape(command(record) + folder)}", highlight=False, soft_wrap=True)


def _show_mistakes(record: Record, store: Store, console: Screen, count: int) -> None:
    """Lists the worst mistakes, or says how to have a file of predictions."""
    if not record.predictions_sha256:
        line = f"[dim]for its worst mistakes:[/] {escape(command(record))} --save_predictions --out=FOLDER"
        console.print(line, highlight=False, soft_wrap=True)
        return
    try:
        predictions = store.predictions(record)
    except (BadRecord, OSError) as error:
        console.say(str(error), "yellow")
        return
    show_mistakes(predictions, count, console)


def _facts(record: Record) -> Iterator[tuple[str, str]]:
    run, noise = record.run, record.noise
    yield "run", f"{run.key}, protocol {run.protocol}"
    apart = ("dataset", "method", "noise", "rate", "protocol")
    yield "protocol", phrase({name: getattr(run, name) for name in AXES if name not in apart})
    asked = "as measured" if run.rate is None else f"{100 * run.rate:g} % asked for"
    wrong = f"{noise.wrong} of {noise.images} labels wrong"
    wrong = "true labels not known" if noise.realised is None else f"{wrong} ({100 * noise.realised:.2f} %)"
    yield "noise", "given no labels" if record.label_free else f"{run.noise}, {asked}, {wrong}"
    yield "accuracy", f"{record.accuracy:.2f} % at the last epoch"
    if record.harmonic_mean is not None:
        parts = f"{record.seen_accuracy} % on seen and {record.unseen_accuracy} % on unseen classes"
        yield "harmonic mean", f"{record.harmonic_mean:.2f} %" + ("" if record.seen_accuracy is None else f", {parts}")
    if record.oracle_best_accuracy is not None:
        epoch = "" if record.oracle_best_epoch is None else f" at epoch {record.oracle_best_epoch}"
        yield "best epoch", f"{record.oracle_best_accuracy:.2f} %{epoch} (an oracle: chosen on test data)"
    if record.zero_shot_accuracy is not None:
        gain = record.accuracy - record.zero_shot_accuracy
        yield "zero-shot", f"{record.zero_shot_accuracy:.2f} %, so training gave {gain:+.2f} points"
    if record.ece is not None:
        yield "calibration error", f"{record.ece:.2f} %"
    if record.status != "ok":
        yield "status", f"{record.status}{f': {record.hint}' if record.hint else ''}"
    order = sorted((accuracy, name) for name, accuracy in zip(record.classes, record.per_class_accuracy, strict=True)
                   if accuracy is not None)  # fmt: skip
    if order:
        yield "hardest classes", ", ".join(f"{name} {accuracy:.1f} %" for accuracy, name in order[:MOST_CLASSES])
        easiest = order[: -MOST_CLASSES - 1 : -1]
        yield "easiest classes", ", ".join(f"{name} {accuracy:.1f} %" for accuracy, name in easiest)
    yield "cost", f"{record.parameters:,} parameters, {record.seconds:.1f} s on {record.device or 'an unnamed device'}"
    yield "labels", noise.labels_sha256 or "none"
    for name, value in record.hashes.items():
        yield f"{name} (hash)", value
    if record.versions:
        yield "versions", ", ".join(f"{name} {version}" for name, version in record.versions.items())


def bars(curve: Sequence[float | None]) -> str:
    """A curve as a line of bars, at most `WIDTH` of them; a space where nothing was measured."""
    count = min(len(curve), WIDTH)
    picked = [curve[round(i * (len(curve) - 1) / max(count - 1, 1))] for i in range(count)]
    known = [value for value in picked if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    step = (high - low) / (len(BARS) - 1) or 1.0
    return "".join(" " if value is None else BARS[round((value - low) / step)] for value in picked)


def command(record: Record) -> str:
    """The command that does this run."""
    parts = []
    for option in (field.name for field in fields(bench.Options) if field.name in OPTIONS):
        value, axis = getattr(record.run, OPTIONS[option]), AXES[OPTIONS[option]]
        if value is not None and value != axis.usual:
            text = f"{value:g}" if isinstance(value, float) else str(value)
            parts.append(f"--{option.replace('_', '-')}={text}")
    return shlex.join(["promptnoise", "bench", *parts])
