"""All tables of a results folder, written from its records."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from benchmark.records.paths import slug
from benchmark.records.record import Record
from benchmark.report import leaderboard, markup
from benchmark.report.blocks import Block, blocks
from benchmark.report.summary import summary
from datamodules import atomic


def write_all(records: Iterable[Record], out: Path) -> pd.DataFrame:
    """Write every table below `out` and return the leaderboard.

    `leaderboard.csv` (tidy), `summary.csv` (a line per method), `leaderboard.md` and `leaderboard.tex` (readable,
    all blocks), and `tables/<dataset>.csv` (methods by rates). The same records give the same bytes.
    """
    board = leaderboard.write(records, out)
    atomic.write(out / "summary.csv", leaderboard.to_csv(summary(board)))
    shown = list(blocks(board))
    atomic.write(out / "leaderboard.md", "\n".join(f"## {b.name}: {b.terms}\n\n{markup.markdown(b)}" for b in shown))
    atomic.write(out / "leaderboard.tex", "\n".join(markup.latex(block) for block in shown))
    for dataset in sorted({block.dataset for block in shown if block.dataset}):
        parts = [_wide(block) for block in shown if block.dataset == dataset]
        text = leaderboard.to_csv(pd.concat(parts, ignore_index=True))
        atomic.write(out / "tables" / f"{slug(dataset)}.csv", text)
    return board


def _wide(block: Block) -> pd.DataFrame:
    setting = {"noise": block.noise, **dict(zip(leaderboard.SETTING, block.setting, strict=True))}
    rows = []
    for method in block.methods:
        means = {column: cell.mean for column in block.columns if (cell := block.cells.get((method, column)))}
        rows.append({**setting, "method": method, **dict.fromkeys(block.columns, float("nan")), **means})
    table: pd.DataFrame = pd.DataFrame(rows)
    return table
