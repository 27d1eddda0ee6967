"""The rule, the confusion of labels that it rests on, expected regrets, and the card."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from benchmark.choose.card import Card
from benchmark.choose.confusion import estimated_confusion
from benchmark.choose.expected import Regret, add_to_table, expectation, read_table
from benchmark.choose.measure import comparison, regrets
from benchmark.choose.rule import Choice, Lead, decide, lead
from benchmark.choose.trial_table import Trial, read_trials, write_trials
from benchmark.errors import BadInput
from methods.functional.noise_matrix import dominant_fraction


def regret(seed: int = 1, accuracy: float = 70.0, by: str = "noisy validation", rate: float = 0.25) -> Regret:
    return Regret(
        "digits", "symmetric", rate, seed, 1.0, by, "gce[q=0.5,n_ctx=4]", accuracy, "linear_probe", 75.0, "gce", 60.0
    )


def test_a_method_is_taken_only_where_its_lead_over_the_default_exceeds_its_error() -> None:
    needed = 4 * NormalDist().inv_cdf(1 - 0.05 / 2)
    for points, method, by in (
        (needed + 0.01, "linear_probe", "noisy validation"),
        (needed - 0.01, "gce", "default kept"),
    ):
        choice = decide({"linear_probe": Lead(points, 4.0)}, 0.95, default="gce")
        assert (choice.method, choice.by, choice.rival, choice.lead) == (method, by, "linear_probe", points)
        assert choice.needed == pytest.approx(needed)


def test_of_the_methods_with_a_clear_lead_the_highest_is_taken_however_high_an_unclear_one_is() -> None:
    leads = {"coop": Lead(30.0, 20.0), "linear_probe": Lead(9.0, 1.0), "mae": Lead(8.0, 0.5), "sce": Lead(-5.0, 0.1)}
    assert decide(leads, 1.0, default="gce").method == "linear_probe"


def test_more_rivals_need_a_clearer_lead() -> None:
    one, four = (
        {"linear_probe": Lead(4.4, 2.0)},
        {name: Lead(4.4, 2.0) for name in ("linear_probe", "coop", "mae", "sce")},
    )
    assert (decide(one, 1.0, "gce").method, decide(four, 1.0, "gce").method) == ("linear_probe", "gce")


def test_the_default_is_taken_where_labels_are_not_to_be_trusted_whatever_leads() -> None:
    choice = decide({"linear_probe": Lead(50.0, 1.0)}, 0.89, default="coop")
    assert (choice.method, choice.by, choice.rival) == ("coop", "default", "")
    assert "there is no other method" in card(decide({}, 1.0, default="coop"), {})


def test_of_equals_the_default_is_taken_even_without_any_error() -> None:
    assert decide({"linear_probe": Lead(0.0, 0.0)}, 1.0, default="gce").method == "gce"


def hits(rows: list[str]) -> np.ndarray:
    """Agreement by seed and image: 1, 0, or . where not held out."""
    return np.array([[np.nan if sign == "." else float(sign) for sign in row] for row in rows])


def test_the_error_of_a_lead_is_that_of_mcnemar_where_one_seed_held_images_out() -> None:
    own, usual = hits(["1111110000.."]), hits(["1100101000.."])
    better, worse, n = 3, 1, 10
    variance = (better + worse) / n - ((better - worse) / n) ** 2
    found = lead(own, usual)
    assert (found.points, found.error) == (pytest.approx(20.0), pytest.approx(100 * math.sqrt(variance / n)))


def test_an_image_that_every_seed_holds_out_is_no_new_evidence() -> None:
    own, usual = "1110", "0010"
    once = lead(hits([own]), hits([usual]))
    again = lead(hits([own] * 3), hits([usual] * 3))
    others = lead(hits([own + "." * 4, "." * 4 + own]), hits([usual + "." * 4, "." * 4 + usual]))
    assert (again.points, again.error) == (pytest.approx(once.points), pytest.approx(once.error))
    assert others.error == pytest.approx(once.error / math.sqrt(2))


def test_seeds_that_disagree_more_than_their_images_explain_widen_the_error() -> None:
    own, usual = hits(["1" * 20 + "." * 20, "." * 20 + "0" * 20]), hits(["0" * 20 + "." * 20, "." * 20 + "1" * 20])
    assert lead(own, usual) == Lead(0.0, pytest.approx(100.0))


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
    assert (dominant_fraction(confusion) >= 0.9) is trusted


def test_a_label_as_likely_as_another_is_not_dominant() -> None:
    assert dominant_fraction(torch.tensor([[0.5, 0.5], [0.2, 0.8]])) == 0.5
    assert dominant_fraction(torch.eye(3)) == 1.0


def test_expected_regret_is_that_of_choices_made_in_the_same_way(tmp_path: Path) -> None:
    path = tmp_path / "regret.csv"
    assert read_table(path) == [] and expectation([], "default", "gce") == ""
    for row in (regret(1, 70.0), regret(2, 74.0), regret(1, 50.0, "default", 0.75), regret(2, 73.0)):
        add_to_table(path, row)
    table = read_table(path)
    assert table == [regret(1, 70.0), regret(2, 73.0), regret(1, 50.0, "default", 0.75)]
    line = expectation(table, "noisy validation", "gce")
    assert "3.5 points" in line and "5.0 at worst" in line and "2 runs of 1 settings" in line
    assert "25.0 points" in expectation(table, "default", "gce")
    assert expectation(table, "default", "coop") == "", "nothing is known of other defaults"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(BadInput, match="is not a table of regrets"):
        read_table(path)


def card(choice: Choice, agreements: dict[str, list[float]]) -> str:
    return Card(
        "folder", 96, ("a", "b"), "embedded", "embedded", 1.0, agreements, 24, choice, "", "promptnoise choose x",
        {"torch": "2"}, ["prompt.json"],
    ).text()  # fmt: skip


def test_a_card_claims_no_accuracy_and_says_why_the_method_was_taken() -> None:
    agreements = {"linear_probe": [50.0, 60.0], "gce": [55.0, 57.0]}
    text = card(Choice("gce", "default kept", "linear_probe", 1.2, 3.1), agreements)
    assert "kept the default, gce: linear_probe's lead of 1.2 points is within its error of 3.1" in text
    assert "| gce | 56.0 ± 1.4 |" in text
    assert "promptnoise choose x" in text and "the benchmark has no record of such a choice" in text
    spoken = text.replace("this is not an accuracy", "")
    assert "accura" not in spoken.lower()
    taken = card(Choice("linear_probe", "noisy validation", "linear_probe", 6.2, 3.1), agreements)
    assert "chosen: linear_probe, by noisy validation" in taken and "6.2 points, exceeds its error of 3.1" in taken
    assert "no other method agrees more" in card(Choice("gce", "default kept", "linear_probe", -1.0, 3.1), agreements)
    alone = card(Choice("em_means", "default"), {})
    assert "the default, since agreement with the given labels cannot be trusted" in alone and "| method |" not in alone


def trial(method: str, lead: float, accuracy: float, rate: float = 0.25, dominant: float = 1.0) -> Trial:
    return Trial("digits", "symmetric", rate, 1, dominant, method, 50.0 + lead, lead, 2.0, accuracy)


def test_rules_are_compared_by_what_they_would_have_taken_of_the_same_trials(tmp_path: Path) -> None:
    unclear = [trial("linear_probe", 3.0, 60.0), trial("em_means", 0.0, 70.0)]
    clear = [trial("linear_probe", 9.0, 75.0, 0.4), trial("em_means", 0.0, 70.0, 0.4)]
    doubtful = [trial("linear_probe", 9.0, 30.0, 0.75, 0.5), trial("em_means", 0.0, 70.0, 0.75, 0.5)]
    trials = [*unclear, *clear, *doubtful]
    assert [row.regret for row in regrets(trials)] == [0.0, 0.0, 0.0]
    assert [row.regret for row in regrets(trials, errors=0.0)] == [10.0, 0.0, 0.0]
    assert [row.regret for row in regrets(trials, guard=False)] == [0.0, 0.0, 40.0]
    assert "| mean | 3.33 | 10.00 | 0.00 | 0.00 | 1.67 |" in comparison(trials)
    write_trials(tmp_path / "trials.csv", trials)
    assert read_trials(tmp_path / "trials.csv") == trials
