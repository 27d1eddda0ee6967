"""Blocks as Markdown: the best of each column bold, the second underlined."""

from __future__ import annotations

from benchmark.plan.method_names import printed
from benchmark.report.blocks import MISSING, Block, Cell
from benchmark.report.markdown import plain, table

_RANKS = {1: "**{}**", 2: "<u>{}</u>"}


def title(block: Block) -> str:
    """The heading of a block, for Markdown."""
    return plain(f"{block.name}: {block.terms}")


def markdown(block: Block) -> str:
    """A Markdown table; mean ± standard deviation over seeds, in percent."""
    head = ["method", *map(block.heading, block.columns)]
    rows = [[printed(method), *_row(block, method)] for method in block.methods]
    return table(head, rows) + "".join(f"\n{note}\n" for note in block.notes)


def _row(block: Block, method: str) -> list[str]:
    return [_text(block.cells.get((method, column))) for column in block.columns]


def _std(std: float | None) -> str:
    return "" if std is None else f" ± {std:.2f}"


def _text(cell: Cell | None) -> str:
    if cell is None:
        return MISSING
    mean = _RANKS.get(cell.rank, "{}").format(f"{cell.mean:.2f}")
    return f"{mean}{_std(cell.std)}{cell.in_brackets}{cell.marks}"
