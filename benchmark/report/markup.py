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
    cells = block.cells
    rows = [[printed(name), *(_text(cells.get((name, column))) for column in block.columns)] for name in block.methods]
    return table(head, rows) + "".join(f"\n{note}\n" for note in block.notes)


def _text(cell: Cell | None) -> str:
    if cell is None:
        return MISSING
    mean = _RANKS.get(cell.rank, "{}").format(f"{cell.mean:.2f}")
    std = "" if cell.std is None else f" ± {cell.std:.2f}"
    return f"{mean}{std}{cell.in_brackets}{cell.marks}"
