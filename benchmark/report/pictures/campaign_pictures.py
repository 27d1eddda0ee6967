"""Which pictures a campaign gets, and what they are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from benchmark.analysis.by_loss import by_loss
from benchmark.analysis.by_method import spreads
from benchmark.analysis.own_recipes import shown_recipes
from benchmark.analysis.ranking import rankings
from benchmark.analysis.results import Results
from benchmark.plan.axes import SETTING, Run
from benchmark.plan.short_names import percent, short_noise
from benchmark.records.record import Record
from benchmark.report.blocks import Block, blocks, in_colour
from benchmark.report.file_names import group_name
from benchmark.report.headline import TELLING_RATE, result_of
from benchmark.report.pictures.accuracy import against_noise
from benchmark.report.pictures.classes import per_class
from benchmark.report.pictures.epochs import GRADIENTS, MEMORISATION, over_epochs
from benchmark.report.pictures.equal_loss import at_equal_loss
from benchmark.report.pictures.heat_map import heat_map
from benchmark.report.pictures.image_files import render
from benchmark.report.pictures.ranks import critical_difference
from benchmark.report.pictures.style import styled
from datamodules.names import number_of


def draw_all(campaign: Results, for_paper: bool = False) -> dict[str, bytes]:
    """Every picture that the records allow; each as PNG and SVG, by the names of their files.

    Those for a paper, as PDF and SVG, have no headline, and no caption, which their text has.

    Names begin with what is shown (`accuracy`, `heatmap`, `gradients`, `memorisation`, `classes`, `losses`,
    `ranks`), then say the kind of noise, and the setting where the campaign has several.
    """
    folder = "paper" if for_paper else "plots"
    with styled():
        drawn = {name: render(one, for_paper) for name, one in figures(campaign, for_paper).items() if one}
    return {f"{folder}/{name}.{kind}": content for name, one in drawn.items() for kind, content in one.items()}


def figures(campaign: Results, for_paper: bool = False) -> dict[str, Figure | None]:
    """Every picture by its file's name without ending; None where the records have nothing to draw."""
    records, board = campaign.records, campaign.board
    methods, recipes = sorted(board["method"].unique()), shown_recipes(record.run for record in records)
    several = len(board[SETTING].drop_duplicates()) > 1
    drawn: dict[str, Figure | None] = {}
    means, spoken = spreads(campaign.seen), not for_paper
    whole: dict[Any, Block] = {(block.noise, *block.setting): block for block in blocks(board)}  # the mean comes last
    for group, rows in board.groupby(["noise", *SETTING], sort=True):
        terms = tuple(map(str, group))
        name, block = group_name(terms, several), whole[group]
        own = {key[-2:]: spread for key, spread in means.items() if key[:-2] == tuple(group)}
        most = max((count for _, count in own.values()), default=0)
        caption = f"{block.terms}; {number_of(most, 'seed')}"
        caption += ", bands: one standard error over seeds" if rows["std"].notna().any() else ""
        drawn[f"accuracy-{name}"] = against_noise(rows, methods, spoken * result_of(block), spoken * caption, own)
        drawn[f"heatmap-{name}"] = heat_map(rows, for_paper)
        near, where = _telling(records, recipes, terms)
        where = spoken * where
        drawn[f"gradients-{name}"] = over_epochs(near, GRADIENTS, "gradient norm at the logits", where)
        drawn[f"memorisation-{name}"] = over_epochs(near, MEMORISATION, "accuracy, %", where)
        drawn[f"classes-{name}"] = per_class(near, methods, in_colour(rows), where)
    losses = by_loss(board)
    for group, rows in losses.groupby(["noise", *SETTING], sort=True):
        terms = tuple(map(str, group))
        about = whole[group].terms
        caption = f"{about}; mean over data sets"
        drawn[f"losses-{group_name(terms, several)}"] = at_equal_loss(rows, spoken * caption)
    for ranking in rankings(board):
        drawn[f"ranks-{group_name(ranking.terms, several)}"] = critical_difference(ranking, spoken)
    return drawn


def _telling(
    records: Sequence[Record], recipes: Mapping[Run, tuple[str, ...]], terms: tuple[str, ...]
) -> tuple[list[Record], str]:
    """Runs of one kind of noise and setting at the rate nearest to `TELLING_RATE`, with those that use no labels.

    Also says in words which rate that is.
    """
    noise, *values = terms
    setting = dict(zip(SETTING, values, strict=True))
    recipe = setting.pop("recipe")
    home = [
        record
        for record in records
        if record.run.noise == noise or record.label_free
        for shown in [record.run.shown]
        if recipe in recipes[record.run] and all(str(getattr(shown, name)) == setting[name] for name in setting)
    ]
    asked = {rate for record in home if record.run.noise == noise and (rate := record.run.rate) is not None}
    nearest = min(asked, key=lambda rate: (abs(rate - TELLING_RATE), rate)) if asked else None
    near = [r for r in home if r.run.rate == nearest or r.label_free]
    return near, _where(near, noise, nearest)


def _where(records: Sequence[Record], noise: str, rate: float | None) -> str:
    if noise == "none":
        return "no wrong labels"
    if rate is not None:
        return f"{percent(rate)} wrong labels, {short_noise(noise)} noise"
    known = [record.noise.realised for record in records if record.run.noise == noise]
    measured = [share for share in known if share is not None]
    return (
        f"{percent(sum(measured) / len(measured) if measured else None)} wrong labels (measured), {short_noise(noise)}"
    )
