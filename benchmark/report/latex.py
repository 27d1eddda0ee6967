"""LaTeX tables: for each kind of noise and setting one of the mean over data sets, and one of each data set."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import groupby

import pandas as pd

from benchmark.analysis.by_method import Spreads
from benchmark.analysis.statistics import ALL
from benchmark.plan.axes import SETTING
from benchmark.plan.method_names import family, printed
from benchmark.plan.short_names import without_folders
from benchmark.report.blocks import Block
from benchmark.report.blocks import blocks as blocks_of
from benchmark.report.file_names import group_name

HEAD = "% Needs \\usepackage{booktabs}, and graphicx for tables of many data sets.\n"
_SIGNS = str.maketrans({
    **{sign: f"\\{sign}" for sign in "_%&#${}"}, "±": r"$\pm$", "⋆": r"$^\star$",
    "†": r"$^\dagger$", "‡": r"$^\ddagger$",
    "\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
})  # fmt: skip
_RANKS = {1: r"\textbf{{{}}}", 2: r"\underline{{{}}}"}
#: From so many columns on a table is shrunk to the width of the text.
WIDE = 6
#: The text of a method's cell in a column of a block.
CellText = Callable[[Block, str, str], str]


def tables(board: pd.DataFrame, spreads: Spreads, differences: pd.DataFrame, reference: str) -> str:
    """Complete `table` environments with booktabs, caption and label; families of methods as groups of rows.

    Of a leaderboard, the `by_method.spreads` of its methods and their `statistics.differences` to `reference`; a star
    marks where the 95 % interval excludes 0.
    """
    apart = differences[(differences["low"] > 0) | (differences["high"] < 0)]
    differing = set(map(tuple, apart[["noise", *SETTING, "dataset", "rate", "method"]].to_numpy()))

    def text(block: Block, column: str, method: str) -> str:
        if (cell := block.cells.get((method, column))) is None:
            return "--"
        place = (block.noise, *block.setting)
        std = cell.std if block.dataset else spreads.get((*place, method, column), (math.nan, 0))[0]
        marks = "⋆" * ((*place, block.dataset or ALL, column, method) in differing) + cell.marks
        mean = _RANKS.get(cell.rank, "{}").format(f"{cell.mean:.2f}")
        spread = "" if std is None or math.isnan(std) else rf"\,{{\scriptsize$\pm$\,{std:.2f}}}"
        return mean + spread + cell.in_brackets + escaped(marks)

    several, parts = len(board[SETTING].drop_duplicates()) > 1, [HEAD]
    for group, each in groupby(blocks_of(board), key=lambda block: (block.noise, *block.setting)):
        *datasets, last = each
        name, seeds = group_name(group, several), int(max(count for _, count in spreads.values()))
        parts.append(_table([last], name, text, seeds, printed(reference)))
        if datasets:
            parts.append(_table([*datasets, last], f"{name}-datasets", text, seeds, printed(reference)))
    return "\n".join(parts)


def _by_rate(block: Block, text: CellText) -> list[str]:
    """Methods down, rates of noise across, families apart."""
    rows: list[str] = [_line(["Method", *(escaped(_head(block, column)) for column in block.columns)]), r"\midrule"]
    families = [(title or "other", list(own)) for (_, title), own in groupby(block.methods, key=family)]
    for i, (title, methods) in enumerate(families):
        rows += [r"\addlinespace"] * bool(i) + [_across(len(block.columns) + 1, title)] * (len(families) > 1)
        rows += [_row(method, [text(block, column, method) for column in block.columns]) for method in methods]
    return rows


def _by_dataset(shown: Sequence[Block], text: CellText) -> list[str]:
    """Methods down for each rate, data sets across, their mean last."""
    mean = shown[-1]
    rows = [_line(["Method", *(escaped(block.name) for block in shown[:-1]), "average"])]
    for column in mean.columns:
        rows += [r"\midrule", _across(len(shown) + 1, f"{_head(mean, column)} wrong labels")]
        rows += [_row(method, [text(block, column, method) for block in shown]) for method in mean.methods]
    return rows


def _table(shown: Sequence[Block], name: str, text: CellText, seeds: int, reference: str) -> str:
    rows = _by_rate(shown[0], text) if len(shown) == 1 else _by_dataset(shown, text)
    columns = rows[0].count(" & ")
    star, shrink = ("*", r"\resizebox{\textwidth}{!}{%") if columns >= WIDE else ("", "")
    last = shown[-1]
    where = f" on {len(shown) - 1} data sets and their mean" if len(shown) > 1 else f" on {last.name}"
    where = f", {last.name}" if len(shown) == 1 and last.dataset is None else where
    what = "Harmonic mean of seen and unseen accuracy" if "trzsl" in last.setting else "Test accuracy"
    spread = f"mean ± standard deviation over {seeds} seeds" if seeds > 1 else "one seed"
    notes = [f"{what} (%){where}: {last.terms}; {spread}", "Best in bold, second underlined"]
    notes += dict.fromkeys(note for block in shown for note in block.notes)
    if any(r"$^\star$" in row for row in rows):
        notes.append(f"⋆ differs from {reference}, 95 % bootstrap interval of paired runs")
    lines = [
        rf"\begin{{table{star}}}[t]", r"\centering", rf"\caption{{{escaped('. '.join(notes))}.}}",
        rf"\label{{tab:{name}}}", *filter(None, [shrink]), rf"\begin{{tabular}}{{l{'r' * columns}}}", r"\toprule",
        *rows, r"\bottomrule", r"\end{tabular}" + "}" * bool(shrink), rf"\end{{table{star}}}", "",
    ]  # fmt: skip
    return "\n".join(lines)


def _head(block: Block, column: str) -> str:
    return f"{block.label(column)} ({block.beneath(column)})" if block.beneath(column) else block.label(column)


def _row(method: str, cells: Sequence[str]) -> str:
    name = escaped(printed(method))
    return _line([f"{{}}{name}" if name[:1] in ("[", "*") else name, *cells])  # else an argument of the row before


def _across(columns: int, title: str) -> str:
    return _line([rf"\multicolumn{{{columns}}}{{l}}{{\textit{{{escaped(title)}}}}}"])


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def escaped(text: str) -> str:
    """Text that LaTeX shows as it is, on one line; of paths the last part."""
    return " ".join(without_folders(text).split()).translate(_SIGNS)
