"""The result of a table in words."""

from __future__ import annotations

import math

from benchmark.plan.method_names import printed
from benchmark.plan.short_names import percent
from benchmark.report.blocks import Block

#: Sentences, training curves and classes are about the noise rate nearest to this one.
TELLING_RATE = 0.5


def result_of(block: Block) -> str:
    """Which method ranks best, what it reaches at the rate nearest to `TELLING_RATE`, and which loses most there.

    Where it is less than two standard errors from others there, no difference to these is settled.
    """
    complete = [method for method in block.methods if all((method, c) in block.cells for c in block.columns)]
    if not complete:
        return ""
    best = min(complete, key=lambda method: block.ranks[method])
    column = telling_column(block)
    cells = {method: block.cells[method, column] for method in block.methods if (method, column) in block.cells}
    errors = {method: 2 * math.hypot(cell.error or 0.0, cells[best].error or 0.0) for method, cell in cells.items()}
    near = [m for m, cell in cells.items() if m != best and abs(cell.mean - cells[best].mean) <= errors[m]]
    top = max(cells, key=lambda method: cells[method].mean)
    where = "without noise" if column == "0" else f"with {percent(block.rate(column))} wrong labels"
    where = f"with {block.label(column)} labels" if block.is_audited else where
    text = f"{printed(best)} ranks best" if len(cells) > 1 else printed(best)
    text += f": {cells[best].mean:.1f} % {where}"
    losses = _losses(block, column)
    if best in losses:
        more, than = "less" if losses[best] >= 0 else "more", "as given" if block.is_audited else "without"
        text += f", {abs(losses[best]):.1f} points {more} than {than}"
    if top not in near and cells[top].rank < cells[best].rank:
        text += f"; {printed(top)} is best there with {cells[top].mean:.1f} %"
    if near:
        names = [printed(method) for method in sorted(near, key=lambda method: -cells[method].mean)]
        text += f"; no settled difference there to {names[0]}" + f" and {len(names) - 1} more" * (len(names) > 1)
    worst = max(losses, key=lambda method: losses[method], default=best)
    loses = worst != best and losses[worst] > 0
    return f"{text}." + (f" {printed(worst)} loses most, {losses[worst]:.1f} points." if loses else "")


def telling_column(block: Block) -> str:
    """The column with noise whose rate is nearest to `TELLING_RATE`; "0" where there is none."""
    noisy = [column for column in block.columns if column != "0"]
    rates = {column: block.rate(column) for column in noisy}
    return min(noisy, key=lambda c: abs((rates[c] or 0.0) - TELLING_RATE), default="0")


def _losses(block: Block, column: str) -> dict[str, float]:
    """Points lost from no noise to a column, by method."""
    both = [m for m in block.methods if column != "0" and {(m, "0"), (m, column)} <= block.cells.keys()]
    return {method: block.cells[method, "0"].mean - block.cells[method, column].mean for method in both}
