"""Accuracy by loss, a line for each thing that is learned: prompts, heads and adapters at equal loss."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from benchmark.analysis.by_loss import in_order
from benchmark.plan.method_names import printed
from benchmark.report.palette import line_styles
from benchmark.report.pictures.style import label, line, panels


def at_equal_loss(table: pd.DataFrame, caption: str) -> Figure | None:
    """A panel per rate of noise, losses across; None unless two learners share two losses.

    `table` has the rows of `by_loss.by_loss` of one kind of noise and one setting.
    """
    wide = table.pivot_table(index="loss", columns="learner", values="mean", aggfunc="mean")
    shared = wide[wide.notna().sum(axis=1) > 1]
    if len(shared) < 2 or len(wide.columns) < 2:
        return None
    losses = in_order(shared.index)
    looks = line_styles(sorted(wide.columns))
    rates = sorted(table["rate"].dropna().unique())
    figure, axes = panels(len(rates))
    for axis, rate in zip(axes, rates, strict=True):
        means = table[table["rate"] == rate].pivot(index="learner", columns="loss", values="mean")
        for learner, values in means.iterrows():
            name = str(learner)
            if here := [(place, values[loss]) for place, loss in enumerate(losses) if pd.notna(values.get(loss))]:
                places, heights = zip(*here, strict=True)
                axis.plot(places, heights, label=printed(name), **line(looks[name]))
        axis.set_title(f"{rate:.0%} wrong")
        axis.set_xticks(range(len(losses)), losses)
        axis.set_xlim(-0.3, len(losses) - 0.7)
    label(figure, axes, "loss", "accuracy, %", caption)
    return figure
