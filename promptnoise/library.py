"""What the program's commands do, as functions that return tables."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.analysis.results import Results
from benchmark.commands._app import parse
from benchmark.commands._folders import check_results
from benchmark.plan import method_catalog
from benchmark.records.store import Store


class Leaderboard(pd.DataFrame):
    """The leaderboard of the results folder `out`, with what it is made of; tables taken from it are plain ones."""

    out: Path = Path("results")

    @property
    def runs(self) -> pd.DataFrame:
        """`load` of the folder."""
        return load(self.out)

    def report(self) -> Path:
        """`report` of the folder."""
        return report(self.out)


def bench(out: str | Path = "results", **options: object) -> Leaderboard:
    """Trains what is not done of a grid, as `promptnoise bench`, and returns the leaderboard of `out`.

    Options are those of the command, lists where it takes commas: `bench(methods=["coop", "gce"], noise=[0, 0.5],
    seeds=range(1, 4))`. A row is a method in a cell; `mean` and `std` are percent. Runs that failed are not in it.

    Raises:
        UserError: an option that there is not, a value that it does not take, or data that is not there.
    """
    _command("bench", out=out, **options)
    board = Leaderboard(_results(out).board)
    board.out = Path(out)
    return board


def audit(dataset: str | Path, out: str | Path = "audit", **options: object) -> pd.DataFrame:
    """Finds wrong labels, as `promptnoise audit`: a row for each image, the most suspicious first (`labels.csv`).

    Raises:
        UserError: as in `bench`.
    """
    _command("audit", dataset=dataset, out=out, **options)
    return pd.read_csv(Path(out) / "labels.csv", keep_default_na=False)


def load(out: str | Path = "results") -> pd.DataFrame:
    """The runs of a results folder, one a row: its axes, accuracies in percent, seconds.

    Raises:
        UserError: there is no such folder, or it holds no records.
    """
    check_results(Path(out).expanduser())
    return _results(out).seen


def report(out: str | Path = "results") -> Path:
    """Writes tables, statistics and pictures, as `promptnoise report`, and returns the page's path.

    Raises:
        UserError: there are no records.
    """
    _command("report", out=out)
    return Path(out) / "report.html"


def list_methods() -> pd.DataFrame:
    """The methods by key: name in print, family, options with defaults, and what each is."""
    rows = [
        {"method": info.name, "name": info.title, "family": info.family, "summary": info.summary}
        | {"options": {name: option.default for name, option in info.options.items()}}
        for info in method_catalog.methods().values()
    ]
    return pd.DataFrame(rows).set_index("method")


def _command(name: str, **options: object) -> int:
    """Runs a command with these options, as words on the command line; its exit status."""
    command: Any = importlib.import_module(f"benchmark.commands.{name}")
    words = [f"--{option}={_text(value)}" for option, value in options.items()]
    return int(command.main(parse(name, command.Options, words)))


def _text(value: object) -> str:
    """A value as it is typed: lists with commas."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Iterable) and not isinstance(value, str | Path):
        return ",".join(map(_text, value))
    return str(value)


def _results(out: str | Path) -> Results:
    return Results.of(*Store(Path(out).expanduser()).load())
