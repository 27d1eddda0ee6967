"""Accuracy by what is learned and with which loss, as files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from benchmark.analysis.by_loss import in_order
from benchmark.analysis.columns import to_csv
from benchmark.plan.axes import SETTING, setting_phrase
from benchmark.plan.method_names import printed
from benchmark.plan.short_names import short_name
from benchmark.report.markdown import plain
from benchmark.report.markdown import table as table_of


def files(table: pd.DataFrame) -> Mapping[str, str]:
    """`losses.csv` and, for people, `losses.md`; nothing where no learner has two losses."""
    return {"losses.csv": to_csv(table), "losses.md": markdown(table)} if len(table) else {}


def markdown(table: pd.DataFrame) -> str:
    """For each kind of noise, rate and setting: learners down, losses across, the best of each row in bold."""
    parts = ["# What is learned against the loss\n", "Mean accuracy over the data sets, in percent.\n"]
    terms: Any
    for terms, rows in table.groupby(["noise", "rate", *SETTING], dropna=False, sort=True):
        if rows["learner"].nunique() < 2 or rows["loss"].nunique() < 2:
            continue
        noise, _, *setting = terms
        rate = float(rows["rate"].iloc[0])
        wide = rows.pivot(index="learner", columns="loss", values="mean")
        wide = wide[in_order(map(str, wide))]
        about = "measured" if math.isnan(rate) else f"{rate:.0%} wrong labels"
        backbone = short_name(setting[SETTING.index("backbone")])
        parts.append(f"**{plain(f'{about}, {noise} noise, {setting_phrase(setting, backbone)}')}**\n")
        lines = [[printed(str(learner)), *_cells(list(values))] for learner, values in wide.iterrows()]
        parts.append(table_of(["learned", *map(str, wide)], lines))
    return "\n".join(parts)


def _cells(values: Sequence[float]) -> list[str]:
    best = max(value for value in values if not math.isnan(value))
    return ["-" if math.isnan(v) else f"**{v:.1f}**" if v == best else f"{v:.1f}" for v in values]
