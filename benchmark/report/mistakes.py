"""The worst mistakes of one run in the terminal, from its predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.records.prediction_file import mistakes
from benchmark.screen import Screen, table

if TYPE_CHECKING:
    import pandas as pd

#: By split: the columns to show, and what the table is called.
SPLITS = {
    "test": (("file", "true", "predicted", "probability"), "test images that are classified wrongly"),
    "train": (
        ("file", "given", "predicted", "probability", "true"),
        "training images whose given label is contradicted",
    ),
}


def show_mistakes(predictions: pd.DataFrame, count: int, console: Screen) -> None:
    """Prints a table for each split that has mistakes, at most `count` rows each, the surest predictions first."""
    for split, (columns, title) in SPLITS.items():
        everything = mistakes(predictions, split, len(predictions))
        images = int((predictions["split"] == split).sum())
        if not images:
            continue
        line = f"[bold]{len(everything)} of {images} {title}[/], the most confident first"
        console.print(line, highlight=False, soft_wrap=True)
        if len(everything):
            shown = everything.head(count)[list(columns)].itertuples(index=False)
            console.print(table(columns, ([_text(value) for value in row] for row in shown), left=len(columns)))


def _text(value: object) -> str:
    if isinstance(value, float):
        return "unknown" if value != value else f"{value:.4f}"
    return str(value)
