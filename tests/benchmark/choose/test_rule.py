"""The rule, the confusion of labels that it rests on, expected regrets, and the card."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch.nn.functional import normalize

from benchmark.choose.card import Card
from benchmark.choose.confusion import dominant_share, estimated_confusion
from benchmark.choose.expected import Regret, add_to_table, expectation, read_table
from benchmark.choose.rule import Choice, decide
from benchmark.errors import BadInput

AGREEMENTS = {"ce": [60.0, 62.0, 61.0], "gce": [64.0, 63.0, 68.0], "coop": [20.0, 30.0, 25.0]}


def regret(seed: int = 1, accuracy: float = 70.0, by: str = "noisy validation", rate: float = 0.25) -> Regret:
    return Regret("digits", "symmetric", rate, seed, 1.0, by, "gce[q=0.5,n_ctx=4]", accuracy, "ce", 75.0, "gce", 60.0)


def test_the_method_that_agrees_most_is_taken_with_its_lead_over_the_second() -> None:
    choice = decide(AGREEMENTS, 0.95, default="coop")
    assert (choice.method, choice.by, choice.second) == ("gce", "noisy validation", "ce")
    gaps = [4.0, 1.0, 7.0]
    mean = sum(gaps) / 3
    error = math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / 2 / 3)
    assert (choice.lead, choice.error) == (pytest.approx(mean), pytest.approx(error))


def test_the_default_is_taken_where_labels_are_not_to_be_trusted_whatever_agrees() -> None:
    choice = decide(AGREEMENTS, 0.89, default="coop")
    assert (choice.method, choice.by, choice.second) == ("coop", "default", "")
    assert decide({}, 1.0, default="coop").by == "default"


def test_of_equals_the_default_is_taken() -> None:
    assert decide({"ce": [50.0], "gce": [50.0]}, 1.0, default="gce").method == "gce"
    assert decide({"ce": [50.0], "gce": [50.0]}, 1.0, default="ce").method == "ce"


def pictures(classes: int, each: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Unit features around one text feature per class, and the true labels."""
    generator = torch.Generator().manual_seed(seed)
    text = normalize(torch.randn(classes, 16, generator=generator), dim=-1)
    true = torch.arange(classes).repeat_interleave(each)
    return normalize(text[true] + 0.15 * torch.randn(len(true), 16, generator=generator), dim=-1), true, text


@pytest.mark.parametrize(("rate", "trusted"), [(0.0, True), (0.25, True), (0.75, False)])
def test_labels_that_mostly_name_another_class_are_seen_to_be_such(rate: float, trusted: bool) -> None:
    features, true, text = pictures(5, 24, seed=2)
    moved = torch.arange(len(true)) % 24 < 24 * rate
    given = torch.where(moved, (true + 1) % 5, true)
    confusion = estimated_confusion(features, given, text)
    torch.testing.assert_close(confusion.sum(1), torch.ones(5))
    assert float((confusion.diagonal() - (1 - rate)).abs().mean()) < 0.2
    assert (dominant_share(confusion) >= 0.9) is trusted


def test_a_label_as_likely_as_another_is_not_dominant() -> None:
    assert dominant_share(torch.tensor([[0.5, 0.5], [0.2, 0.8]])) == 0.5
    assert dominant_share(torch.eye(3)) == 1.0


def test_expected_regret_is_that_of_choices_made_in_the_same_way(tmp_path: Path) -> None:
    path = tmp_path / "regret.csv"
    assert read_table(path) == [] and expectation([], "default") == ""
    for row in (regret(1, 70.0), regret(2, 74.0), regret(1, 50.0, "default", 0.75), regret(2, 73.0)):
        add_to_table(path, row)
    table = read_table(path)
    assert table == [regret(1, 70.0), regret(2, 73.0), regret(1, 50.0, "default", 0.75)]
    line = expectation(table, "noisy validation")
    assert "3.5 points" in line and "5.0 at worst" in line and "2 runs of 1 settings" in line
    assert "25.0 points" in expectation(table, "default")
    path.write_text("a,b\n1,2\n")
    with pytest.raises(BadInput, match="is not a table of regrets"):
        read_table(path)


def card(choice: Choice, agreements: dict[str, list[float]]) -> str:
    return Card(
        "folder", 96, ("a", "b"), "embedded", "embedded", 1.0, agreements, 24, choice, "", "promptnoise choose x",
        {"torch": "2"}, ["prompt.json"],
    ).text()  # fmt: skip


def test_a_card_claims_no_accuracy_and_says_where_two_methods_are_too_close() -> None:
    text = card(
        decide({"ce": [50.0, 60.0], "gce": [55.0, 57.0]}, 1.0, "gce"), {"ce": [50.0, 60.0], "gce": [55.0, 57.0]}
    )
    assert "too close to tell apart" in text and "| gce | 56.0 ± 1.4 |" in text
    assert "promptnoise choose x" in text and "the benchmark has no record of such a choice" in text
    spoken = text.replace("this is not an accuracy", "")
    assert "accura" not in spoken.lower()
    alone = card(Choice("em_means", "default"), {})
    assert "the default, since agreement with the given labels cannot be trusted" in alone and "| method |" not in alone
