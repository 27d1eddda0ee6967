"""The critical-difference diagram."""

from __future__ import annotations

from matplotlib.figure import Figure

from benchmark.analysis.ranking import Ranking
from benchmark.plan.method_names import printed
from benchmark.report.palette import GREY

#: Inches: the shortest line of ranks, a rank on it, a letter, a unit of height, and the title.
LINE, TICK, LETTER, ROW, SHORTEST = 3.4, 0.24, 0.082, 0.44, 5.2


def critical_difference(ranking: Ranking, titled: bool = True) -> Figure:
    """Average ranks on a line, best on the right; a bar joins methods that cannot be told apart."""
    items = list(ranking.ranks.items())
    count, half = len(items), (len(items) + 1) // 2
    bars = groups([rank for _, rank in items], ranking.critical_difference)
    depth = 0.35 + 0.3 * len(bars)
    room = LETTER * max(len(printed(method)) + 8 for method in ranking.ranks)
    width, height = max(max(LINE, TICK * count) + 2 * room, SHORTEST), ROW * (depth + 0.5 * half + 2.3)
    figure = Figure(figsize=(width, height))
    axis = figure.add_axes((0, 0, 1, 1 - 0.3 / height))
    axis.set_axis_off()
    beside = (count - 0.5) * room / (width - 2 * room)  # the room for names, in ranks
    axis.set_xlim(count + 0.25 + beside, 0.75 - beside)
    axis.set_ylim(-(depth + 0.5 * half + 0.2), 1.6)
    axis.hlines(0, 1, count, color="black", linewidth=1)
    for tick in range(1, count + 1):
        axis.vlines(tick, 0, 0.15, color="black", linewidth=1)
        axis.text(tick, 0.25, str(tick), ha="center", va="bottom")
    axis.hlines(1.1, 1, 1 + ranking.critical_difference, color=GREY, linewidth=2)
    axis.text(
        1 + ranking.critical_difference / 2, 1.2, f"CD {ranking.critical_difference:.2f}", ha="center", color=GREY
    )
    for i, (start, end) in enumerate(bars):
        axis.hlines(-0.3 - 0.3 * i, start - 0.06, end + 0.06, color="black", linewidth=3)
    for i, (method, rank) in enumerate(items):
        best = i < half
        row = i if best else count - 1 - i
        edge, side = (0.75, "left") if best else (count + 0.25, "right")
        y = -(depth + 0.5 * row + 0.2)
        axis.plot([rank, rank, edge], [0, y, y], color="black", linewidth=0.8)
        axis.text(edge - 0.05 if best else edge + 0.05, y, f"{printed(method)} ({rank:.2f})", ha=side, va="center")
    title = f"average rank over {ranking.datasets} data sets, Friedman p = {ranking.friedman_p:.2g}"
    if titled:
        figure.text(0.1 / width, 1 - 0.1 / height, title, va="top", fontweight="bold")
    return figure


def groups(ranks: list[float], distance: float) -> list[tuple[float, float]]:
    """Longest stretches (first, last) of sorted ranks that differ by less than `distance`, two members or more."""
    found: list[tuple[float, float]] = []
    for i, first in enumerate(ranks):
        last = max(rank for rank in ranks[i:] if rank - first < distance or rank == first)
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return found
