"""Which pictures a campaign gets, and what they are called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from matplotlib.figure import Figure

from benchmark.records.paths import slug
from benchmark.records.record import Record
from benchmark.report.campaign import Campaign
from benchmark.report.leaderboard import SETTING
from benchmark.report.pictures.accuracy import against_noise, heat_map
from benchmark.report.pictures.classes import per_class
from benchmark.report.pictures.epochs import GRADIENTS, MEMORISATION, over_epochs
from benchmark.report.pictures.ranks import critical_difference
from benchmark.report.pictures.style import render, styled
from benchmark.report.ranking import rankings

#: Training curves and classes are shown at the noise rate nearest to this one.
TELLING_RATE = 0.5


def draw_all(campaign: Campaign) -> Iterator[dict[str, bytes]]:
    """Draw every picture that the records allow; each as PNG and SVG, by the names of their files.

    Names begin with what is shown (`accuracy`, `heatmap`, `gradients`, `memorisation`, `classes`, `ranks`), then say
    the kind of noise, and the setting where the campaign has several.
    """
    with styled():
        for name, figure in figures(campaign).items():
            if figure is not None:
                yield {f"plots/{name}.{kind}": content for kind, content in render(figure).items()}


def figures(campaign: Campaign) -> dict[str, Figure | None]:
    """Every picture by its file's name without ending; None where the records have nothing to draw."""
    records, board = campaign.records, campaign.board
    methods = sorted(board["method"].unique())
    several = len(board[SETTING].drop_duplicates()) > 1
    drawn: dict[str, Figure | None] = {}
    for group, rows in board.groupby(["noise", *SETTING], sort=True):
        terms = tuple(map(str, group))
        name = _name(terms, several)
        drawn[f"accuracy-{name}"] = against_noise(rows, methods)
        drawn[f"heatmap-{name}"] = heat_map(rows)
        near = _telling(records, terms)
        drawn[f"gradients-{name}"] = over_epochs(near, GRADIENTS, "gradient norm at the logits")
        drawn[f"memorisation-{name}"] = over_epochs(near, MEMORISATION, "accuracy, %")
        drawn[f"classes-{name}"] = per_class(near, methods)
    for ranking in rankings(board):
        drawn[f"ranks-{_name(ranking.terms, several)}"] = critical_difference(ranking)
    return drawn


def _name(terms: tuple[str, ...], several: bool) -> str:
    noise, shots, recipe, backbone, paradigm = terms
    parts = [noise, backbone, f"{shots}shots", recipe, paradigm] if several else [noise]
    return slug("-".join(parts))


def _telling(records: Sequence[Record], terms: tuple[str, ...]) -> list[Record]:
    """Runs of one kind of noise and setting at the rate nearest to `TELLING_RATE`, and those that use no labels."""
    noise, shots, recipe, backbone, paradigm = terms
    own = {paradigm, "ul"} if paradigm == "fewshot" else {paradigm}
    home = [
        record
        for record in records
        if record.run.paradigm in own
        and (record.run.shots, record.run.recipe, record.run.backbone) == (int(shots), recipe, backbone)
    ]
    rates = {record.run.rate for record in home if record.run.noise == noise}
    asked = [rate for rate in rates if rate is not None]
    nearest = min(asked, key=lambda rate: (abs(rate - TELLING_RATE), rate)) if asked else None
    return [r for r in home if (r.run.noise == noise and r.run.rate == nearest) or r.label_free]
