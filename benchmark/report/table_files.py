"""All tables of a results folder, made from its leaderboard."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmark.analysis.by_method import summary
from benchmark.analysis.columns import to_csv
from benchmark.analysis.results import Results
from benchmark.outputs import Outputs
from benchmark.plan.axes import SETTING
from benchmark.report import markup
from benchmark.report.blocks import Block, blocks
from benchmark.report.file_names import table_file


def write_all(campaign: Results, out: Path) -> list[Path]:
    """Write every table below `out`, and return the files.

    Raises BadInput: A file that is not ours stands in the place of one. Raises OSError: The folder cannot be written or
    the disk is full.
    """
    return Outputs(out, "report").write(texts(campaign.board))


def texts(board: pd.DataFrame) -> dict[str, str]:
    """The tables as texts, by the names of their files; the same leaderboard gives the same bytes.

    `leaderboard.csv` (tidy), `summary.csv` (a line per method), `leaderboard.md` (readable, all blocks), and
    `tables/<dataset>.csv` (methods by rates).
    """
    shown = list(blocks(board))
    found = {
        "leaderboard.csv": to_csv(board),
        "summary.csv": to_csv(summary(board)),
        "leaderboard.md": "\n".join(f"## {markup.title(block)}\n\n{markup.markdown(block)}" for block in shown),
    }
    for dataset in sorted({block.dataset for block in shown if block.dataset}):
        parts = [_wide(block) for block in shown if block.dataset == dataset]
        found[table_file(dataset)] = to_csv(pd.concat(parts, ignore_index=True))
    return found


def _wide(block: Block) -> pd.DataFrame:
    setting = {"noise": block.noise, **dict(zip(SETTING, block.setting, strict=True))}
    rows = []
    for method in block.methods:
        means = {column: cell.mean for column in block.columns if (cell := block.cells.get((method, column)))}
        rows.append({**setting, "method": method, **dict.fromkeys(block.columns, float("nan")), **means})
    return pd.DataFrame(rows)
