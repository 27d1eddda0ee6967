"""What a card says of a choice."""

from __future__ import annotations

from benchmark.choose.card import Card
from benchmark.choose.rule import Choice, decide

WRONG = ["probably wrong: 24.0% of the labels (20.0% to 28.0%)"]


def card(choice: Choice, estimated: dict[str, list[float]]) -> str:
    return Card(
        "folder", 96, ("a", "b"), "embedded", "embedded", WRONG, estimated, 24, choice, "", "promptnoise choose x",
        {"torch": "2"}, ["prompt.json"],
    ).text()  # fmt: skip


def test_a_card_says_why_the_method_was_taken_and_that_accuracies_are_estimates() -> None:
    estimated = {"linear_probe": [50.0, 60.0], "gce": [55.0, 57.0]}
    text = card(Choice("gce", "default kept", "linear_probe", 1.2, 3.1), estimated)
    assert "kept the default, gce: linear_probe's lead of 1.2 points is within its error of 3.1" in text
    assert WRONG[0] in text and "| gce | 56.0 ± 1.4 |" in text
    assert "promptnoise choose x" in text and "the benchmark has no record of such a choice" in text
    assert all("estimated" in line for line in text.splitlines() if "accura" in line.lower())
    taken = card(Choice("linear_probe", "clear lead", "linear_probe", 6.2, 3.1), estimated)
    assert "chosen: linear_probe" in taken and "6.2 points, exceeds its error of 3.1" in taken
    assert "no other method is estimated to be better" in card(
        Choice("gce", "default kept", "linear_probe", -1.0, 3.1), estimated
    )


def test_a_card_of_one_method_alone_has_no_table() -> None:
    text = card(decide({}, default="coop"), {})
    assert "there is no other method" in text and "| method |" not in text
