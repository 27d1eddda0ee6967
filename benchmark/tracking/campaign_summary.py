"""What W&B shows of a whole campaign: tables that it can group, and the pictures of the report."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from benchmark.analysis import selection
from benchmark.tracking.run_config import parts_of

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.analysis.results import Results


def to_tables(campaign: Results) -> dict[str, pd.DataFrame]:
    """`leaderboard`, `chosen` (what noisy validation takes, where it can), and `runs`.

    `runs` has a row for each run and cell that it counts in, so that means of groups are the board.
    A run without noise has a row at rate 0 of every kind of noise, and one that uses no labels at every rate.
    """
    parts = {record.key: _own(record.run) for record in campaign.records}
    runs = campaign.seen.drop(columns=["labels"])
    for name in next(iter(parts.values()), {}):
        runs.insert(0, name, [parts[key][name] for key in runs["key"]])
    chosen = selection.by_cell(selection.chosen(campaign.records))
    return {"leaderboard": campaign.board, "runs": runs, **({"chosen": chosen} if len(chosen) else {})}


def to_pictures(campaign: Results) -> dict[str, bytes]:
    """The report's pictures, PNG, by the names of their files without ending."""
    from benchmark.report.pictures import draw_all

    return {PurePosixPath(name).stem: file for name, file in draw_all(campaign).items() if name.endswith(".png")}


def _own(run: Any) -> dict[str, Any]:
    return {name: value for name, value in parts_of(run).items() if name in ("dataset_name", "method_name")}
