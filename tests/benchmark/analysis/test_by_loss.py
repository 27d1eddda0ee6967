"""What is learned against the loss: methods are told apart into both, and only what compares is shown."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmark.analysis.by_loss import by_loss, learner_and_loss
from benchmark.report.loss_table import markdown
from benchmark.report.pictures.equal_loss import at_equal_loss


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("coop", ("coop", "ce")),
        ("gce", ("coop", "gce")),
        ("coop[loss=elr]", ("coop", "elr")),
        ("ce", ("linear_probe", "ce")),
        ("linear_probe[init=random,loss=mae]", ("linear_probe[init=random]", "mae")),
        ("vpt[loss=dspt]", ("vpt", "dspt")),
        ("em_means", ("em_means", "gce")),
        ("gce[q=0.5]", None),
        ("zero_shot", None),
        ("nlprompt", None),
        ("of_somebody_else", None),
    ],
)
def test_a_method_is_what_it_learns_and_its_loss(method: str, expected: tuple[str, str] | None) -> None:
    assert learner_and_loss(method) == expected


def board(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    """A leaderboard of (data set, method, rate, mean)."""
    setting = {"shots": 16, "recipe": "embedded", "backbone": "embedded", "paradigm": "fewshot", "noise": "symmetric"}
    return pd.DataFrame([{"dataset": d, "method": m, "rate": r, "mean": v, **setting} for d, m, r, v in rows])


FULL = [
    (dataset, method, rate, number + shift)
    for dataset, shift in (("a", 0.0), ("b", 10.0))
    for rate in (0.0, 0.5)
    for number, method in enumerate(
        ("coop", "gce", "linear_probe", "linear_probe[loss=gce]", "nlprompt", "task_res"), start=50
    )
]


def test_means_are_over_data_sets_and_only_of_what_has_two_losses() -> None:
    found = by_loss(board(*FULL)).set_index(["rate", "learner", "loss"])["mean"]
    assert found[0.5, "coop", "gce"] == 56.0 and found[0.5, "linear_probe", "ce"] == 57.0
    assert {learner for _, learner, _ in found.index} == {"coop", "linear_probe"}
    assert by_loss(board(*[row for row in FULL if row[1] in ("coop", "gce")])).empty, "one learner compares with none"


def test_a_mean_that_lacks_a_data_set_is_left_out() -> None:
    found = by_loss(board(*FULL, ("a", "task_res[loss=gce]", 0.0, 60.0)))
    assert set(found["learner"]) == {"coop", "linear_probe"}


def test_the_table_marks_the_best_loss_of_each_learner() -> None:
    text = markdown(by_loss(board(*FULL)))
    assert "| learned | ce | gce |" in text
    assert "| linear probe | 57.0 | **58.0** |" in text


def test_the_picture_has_a_panel_per_rate_and_a_line_per_learner() -> None:
    figure = at_equal_loss(by_loss(board(*FULL)), "what is shown")
    assert figure is not None
    assert [axis.get_title() for axis in figure.axes] == ["0% wrong", "50% wrong"]
    assert all(len(axis.lines) == 2 for axis in figure.axes)
    assert at_equal_loss(by_loss(board(*[row for row in FULL if row[1] in ("coop", "gce")])), "") is None
