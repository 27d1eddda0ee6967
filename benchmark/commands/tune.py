"""`promptnoise tune`: choose learning rates by noisy validation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.text import Text

from benchmark.commands import bench
from benchmark.commands._folders import check_writable
from benchmark.errors import BadInput
from benchmark.outputs import Outputs
from benchmark.plan import groups
from benchmark.plan.method_names import printed
from benchmark.plan.options import Options as BenchOptions
from benchmark.plan.options import numbers
from benchmark.records.store import Store
from benchmark.report.file_names import TABLES, TUNING
from benchmark.screen import Screen, table
from datamodules import noise
from datamodules.catalog import open_dataset
from datamodules.names import parse_spec, split_list
from methods.options.option import as_text

GROUP = "train"

#: Fraction of the labelled images that is kept for validation where there is no val split with labels as doubtful.
HOLD_OUT = 0.25


@dataclass(frozen=True, kw_only=True)
class Options(BenchOptions):
    """Train every method at several learning rates, and choose one for each on validation images with noisy labels."""

    lr: str = "0.001,0.003,0.01,0.03,0.1,0.3"
    """Learning rates to try; one is chosen per method, the same for all data sets, kinds and rates of noise."""

    noise: str = "0,0.5"
    """Fractions of wrong labels, 0 to 1, in training and validation alike."""

    out: Path = Path("results/tuning")
    """Folder for records, tuning.csv and a picture."""


def main(options: Options) -> int:
    """Trains the rates side by side, prints what was chosen; 1 if runs failed."""
    console = Screen()
    rates = numbers("lr", options.lr, float)
    if len(set(rates)) < 2:
        raise BadInput(f"lr is {options.lr!r}, should be two learning rates or more, such as 0.001,0.01")
    check_writable("the output folder", options.out)
    Outputs(options.out, "report").check((*TABLES, *TUNING))
    runs = bench.planned(console, replace(options, recipe=",".join(_recipes(options, rates))))
    store = Store(options.out)
    runs = bench.train(console, options, runs, store)
    return 0 if options.dry_run or options.detach else _finish(console, store, [run.key for run in runs])


def _recipes(options: Options, rates: list[float]) -> list[str]:
    """The recipes asked for at each rate, with images held out where validation needs it."""
    found = []
    for text in split_list(options.recipe):
        name, given = parse_spec(text)
        if "lr" in given:
            raise BadInput(f"the recipe {text} has a learning rate already: leave it out to tune it")
        more = {"hold_out": as_text(HOLD_OUT)} if _needs_hold_out(options) else {}
        for rate in rates:
            asked = {**more, **given, "lr": as_text(rate)}
            found.append(f"{name}[{','.join(f'{option}={value}' for option, value in asked.items())}]")
    return found


def _needs_hold_out(options: Options) -> bool:
    """Whether a data set lacks a val split, or a kind of noise is only known of training images."""
    if any("given" in noise.needs(kind) for kind in split_list(options.noise_type)):
        return True
    opened = (open_dataset(name, options.data) for name in groups.datasets(split_list(options.datasets), options.data))
    return any(dataset.val is None or not dataset.has_clean_labels for dataset in opened)


def _finish(console: Screen, store: Store, keys: list[str]) -> int:
    """Writes tuning.csv and its picture, prints the rates; 0 only if all runs succeeded."""
    from benchmark.analysis import learning_rates
    from benchmark.analysis.comparable import comparable
    from benchmark.report.make import rate_files

    records = store.load().records
    seen = learning_rates.sweep(comparable(records)[0])
    found = learning_rates.tuning(seen)
    if not len(found):
        raise BadInput("no method has noisy validation at two rates: methods without labels or training have none")
    row: Any
    rows: list[list[str | Text]] = []
    for row in found.itertuples():
        cells = f"{row.lr:g}", f"{row.noisy_val:.2f}{'*' if row.chosen else ' '}", f"{row.accuracy:.2f}"
        rows.append([printed(row.method), *(Text(each, "bold green" if row.chosen else "") for each in cells)])
    console.print(table(["method", "lr", "noisy validation, %", "test, %"], rows))
    for line in learning_rates.sentences(found):
        console.say(line)
    written = Outputs(store.out, "report").write(rate_files(seen, found))
    console.say(f"written: {', '.join(map(str, written))}")
    good = sum(record.key in set(keys) and record.status == "ok" for record in records)
    return 0 if good == len(keys) else 1
