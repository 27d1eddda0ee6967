"""What is learned against the loss that it is learned with: prompts, heads and adapters at equal loss."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from benchmark.errors import BadInput
from benchmark.plan.grid import parse_method
from benchmark.report.leaderboard import SETTING, to_csv
from benchmark.report.names import short_name

#: Methods that are CoOp's prompt with another loss, at that loss's published settings.
PROMPTS = ("gce", "mae", "dspt", "sce", "nce_rce", "phuber_ce", "label_smoothing")
#: Losses from the plain one to the most robust, as columns stand.
LOSSES = ("ce", "label_smoothing", "elr", "phuber_ce", "sce", "nce_rce", "gce", "dspt", "mae")
COLUMNS = ["noise", "rate", *SETTING, "learner", "loss", "mean", "data_sets"]


def learner_and_loss(method: str) -> tuple[str, str] | None:
    """What a method learns, as the method's name without its loss, and the loss; None if it has no choice of losses.

    >>> learner_and_loss("gce"), learner_and_loss("ce[loss=gce]"), learner_and_loss("ce")
    (('coop', 'gce'), ('ce', 'gce'), ('ce', 'ce'))
    """
    if method in PROMPTS:
        return "coop", method
    try:
        info, options = parse_method(method)
    except BadInput:
        return None
    if "loss" not in info.options:
        return None
    loss = str(options.pop("loss_", info.options["loss"].default))
    return info.canonical(options), loss


def by_loss(board: pd.DataFrame) -> pd.DataFrame:
    """Mean accuracy over data sets, percent, by noise, rate, setting, learner and loss, from a leaderboard.

    Learners are those with two losses or more, and empty if there is but one such learner. A cell that lacks a data set
    that others of its setting have is left out.
    """
    if board.empty:
        return pd.DataFrame(columns=COLUMNS)
    pairs = {method: learner_and_loss(method) for method in board["method"].unique()}
    rows = board[[pairs[method] is not None for method in board["method"]]]
    named = rows.assign(
        learner=[(pairs[method] or ("", ""))[0] for method in rows["method"]],
        loss=[(pairs[method] or ("", ""))[1] for method in rows["method"]],
    )
    keys = ["noise", "rate", *SETTING]
    means = (
        named.groupby([*keys, "learner", "loss"], dropna=False, sort=True)["mean"].agg(["mean", "size"]).reset_index()
    )
    means = means.rename(columns={"size": "data_sets"})
    whole = means.groupby(keys, dropna=False)["data_sets"].transform("max")
    means = means[means["data_sets"] == whole]
    losses = means.groupby("learner")["loss"].transform("nunique")
    found: pd.DataFrame = means[losses > 1][COLUMNS].reset_index(drop=True)
    return found if found["learner"].nunique() > 1 else found[:0]


def files(table: pd.DataFrame) -> Mapping[str, str]:
    """`losses.csv` and, for people, `losses.md`; nothing where no learner has two losses."""
    return {"losses.csv": to_csv(table), "losses.md": markdown(table)} if len(table) else {}


def markdown(table: pd.DataFrame) -> str:
    """For each kind of noise, rate and setting: learners down, losses across, the best of each row in bold."""
    parts = ["# What is learned against the loss\n", "Mean accuracy over the data sets, in percent.\n"]
    for terms, rows in table.groupby(["noise", "rate", *SETTING], dropna=False, sort=True):
        if rows["learner"].nunique() < 2 or rows["loss"].nunique() < 2:
            continue
        noise, _, shots, recipe, backbone, paradigm = map(str, terms)
        rate = float(rows["rate"].iloc[0])
        wide = rows.pivot(index="learner", columns="loss", values="mean")
        losses = [loss for loss in LOSSES if loss in wide] + sorted({str(loss) for loss in wide}.difference(LOSSES))
        about = "measured" if math.isnan(rate) else f"{rate:.0%} wrong labels"
        extra = "" if paradigm == "fewshot" else f", {paradigm}"
        parts.append(f"\n**{about}, {noise} noise, {short_name(backbone)}, {shots} shots, recipe {recipe}{extra}**\n")
        parts.append("| learned | " + " | ".join(losses) + " |")
        parts.append("| :-- |" + " --: |" * len(losses))
        for learner, values in wide[losses].iterrows():
            best = values.max()
            cells = ["-" if math.isnan(v) else f"**{v:.1f}**" if v == best else f"{v:.1f}" for v in map(float, values)]
            parts.append(f"| {learner} | " + " | ".join(cells) + " |")
    return "\n".join(parts) + "\n"
