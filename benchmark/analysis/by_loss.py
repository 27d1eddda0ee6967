"""What is learned against the loss that it is learned with: prompts, heads and adapters at equal loss."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

import pandas as pd

from benchmark.errors import BadInput
from benchmark.plan import method_catalog
from benchmark.plan.axes import SETTING
from benchmark.plan.method_spec import parse_method

COLUMNS = ["noise", "rate", *SETTING, "learner", "loss", "mean", "data_sets"]


def learner_and_loss(method: str) -> tuple[str, str] | None:
    """What a method learns, as the method's name without its loss, and the loss; None if it has no choice of losses.

    >>> learner_and_loss("gce"), learner_and_loss("linear_probe[loss=gce]"), learner_and_loss("coop")
    (('coop', 'gce'), ('linear_probe', 'gce'), ('coop', 'ce'))
    """
    try:
        info, options = parse_method(method)
    except BadInput:
        return None
    if (learner := info.file.get("LOSS_OF")) and not options:
        return learner, info.name
    if "loss" not in info.options:
        return None
    loss = str(options.get("loss_", info.options["loss"].default))
    return info.canonical({name: value for name, value in options.items() if name != "loss_"}), loss


def in_order(losses: Iterable[str]) -> list[str]:
    """Losses from the plain one to the most robust, as CoOp's option lists them; others stand behind."""
    known = get_args(method_catalog.method("coop").options["loss"].kind)
    return sorted(losses, key=lambda loss: (known.index(loss) if loss in known else len(known), loss))


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
