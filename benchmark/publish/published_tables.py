"""A results folder as two tables: a row per run, and a row per image of each draw of labels."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pandas as pd
from pyarrow import Table
from pyarrow import parquet as pa_parquet

from benchmark.plan.axes import Run
from benchmark.plan.short_names import short_name, short_names, without_folders
from benchmark.records.record import Record
from benchmark.run.training import specs
from datamodules import noise, reading
from datamodules.catalog import open_dataset
from datamodules.errors import UserError
from datamodules.training_sets import TrainingSets

_KNOWN = reading.facts_beside(__file__)
#: Columns of the runs beside the axes, and of the draws: what each is, and its unit.
RUNS, LABELS = _KNOWN["runs"], _KNOWN["labels"]


def runs_table(records: Sequence[Record]) -> pd.DataFrame:
    """A row per run: the fields of `Run`, then `RUNS`; data sets and backbones by their short names."""
    rows = [
        {**vars(r.run), **{name: getattr(r, name, None) for name in RUNS}, "fraction_wrong": r.noise.realised,
         "labels_sha256": r.noise.labels_sha256}
        for r in sorted(records, key=lambda record: record.run)
    ]  # fmt: skip
    return _named(pd.DataFrame(rows, columns=[*Run.__dataclass_fields__, *RUNS]).astype({"harmonic_mean": float}))


def draws_table(records: Sequence[Record], data: Path) -> tuple[pd.DataFrame, list[str]]:
    """A row per image of each draw with `LABELS`, and why draws are missing.

    Labels are drawn again from the data set, below `data`, and kept where their hash is that of the records.
    """
    draws = {r.noise.labels_sha256: r.run for r in sorted(records, key=lambda r: r.run) if not r.label_free}
    opened = cache(lambda name: open_dataset(name, data))
    parts, missing = [pd.DataFrame(columns=[*LABELS])], []
    for sha256, run in draws.items():
        try:
            if run.noise != "none" and noise.needs_model(run.noise):
                raise UserError(f"{run.noise} noise is drawn from a backbone's outputs")
            dataset = opened(run.dataset)
            drawn = TrainingSets(dataset, specs([run])).given[0]
            if noise.fingerprint(drawn.images, drawn.labels) != sha256:
                raise UserError("the data set has changed since the run")
        except (UserError, OSError) as error:
            missing.append(f"labels of {short_name(run.dataset)}, {run.noise}, seed {run.seed}: {error}")
            continue
        place = {name: getattr(run, name) for name in ("dataset", "noise", "rate", "shots", "paradigm", "seed")}
        true = dataset.train.labels[drawn.images] if dataset.has_clean_labels else None
        names = [dataset.classes[label] for label in drawn.labels]
        own = {"labels_sha256": sha256, "image": drawn.images, "label": true, "given": drawn.labels}
        parts.append(pd.DataFrame({**place, **own, "given_name": names}))
    table = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    return _named(table.astype({"label": "Int64", "image": int, "given": int, "rate": float})), missing


def means(runs: pd.DataFrame) -> pd.DataFrame:
    """Accuracies of `runs_table`, mean over seeds, a row per method and cell."""
    keys = ["method", "dataset", "noise", "rate", "shots", "backbone"]
    table: pd.DataFrame = runs.groupby(keys, dropna=False)["accuracy"].mean().reset_index()
    return table


def parquet(table: pd.DataFrame) -> bytes:
    """The table as Parquet; the same table gives the same bytes."""
    content = io.BytesIO()
    pa_parquet.write_table(Table.from_pandas(table, preserve_index=False), content, compression="zstd")
    return content.getvalue()


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """The table without folders of this machine in its names."""
    for column in {"dataset", "backbone"} & set(table.columns):
        table[column] = table[column].map(short_names(sorted(table[column].unique())))
    for column in {"dataset", "backbone", "method", "noise", "recipe"} & set(table.columns):
        table[column] = table[column].map(without_folders)
    return table
