"""How evenly accuracy is spread over classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure

from benchmark.analysis.curves import mean_curve
from benchmark.plan.method_names import printed
from benchmark.plan.short_names import short_names
from benchmark.records.record import Record
from benchmark.report.palette import FAINT, line_styles
from benchmark.report.pictures.epochs import seeds
from benchmark.report.pictures.style import label, line, panels, title


def per_class(records: Sequence[Record], methods: list[str], shown: Sequence[str], where: str) -> Figure | None:
    """A panel per data set: classes from the worst to the best for each method, mean over seeds; None without any.

    `records` are of one setting, kind and rate of noise (`where`), and of methods that use no labels; all `methods` of
    the campaign fix dashes and markers, those not `shown` are grey.
    """
    kept = [record for record in records if record.per_class_accuracy]
    datasets = sorted({record.run.dataset for record in kept})
    if not datasets:
        return None
    look, short = line_styles(methods), short_names(datasets)
    figure, axes = panels(len(datasets))
    for axis, dataset in zip(axes, datasets, strict=True):
        here = [record for record in kept if record.run.dataset == dataset]
        for method in sorted({record.run.method for record in here}, key=lambda name: (name not in shown, name)):
            values, _ = mean_curve([record.per_class_accuracy for record in here if record.run.method == method])
            values = np.sort(values[~np.isnan(values)])
            place = np.linspace(0, 100, len(values)) if len(values) > 1 else np.array([50.0])
            if method in shown:
                style = line(look[method] if len(values) <= 12 else replace(look[method], marker=""))
                axis.plot(place, values, label=printed(method), **style)
            else:
                axis.plot(place, values, label="others", color=FAINT, linewidth=0.8, zorder=1)
        title(axis, f"{short[dataset]} ({len(here[0].classes)} classes)")
        axis.set_ylim(0, 100)
    caption = f"{where}; mean over {seeds(kept)}" if where else ""
    label(figure, axes, "classes, worst to best, %", "accuracy of the class, %", caption)
    return figure
