"""Leads by estimated true classes, their errors, and the rule."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmark.choose.rule import ERRORS, Lead, accuracies, decide, lead, leads_over


def test_a_method_is_taken_only_where_its_lead_over_the_default_exceeds_its_error() -> None:
    needed = 4 * ERRORS
    for points, method, by in ((needed + 0.01, "linear_probe", "clear lead"), (needed - 0.01, "gce", "default kept")):
        choice = decide({"linear_probe": Lead(points, 4.0)}, default="gce")
        assert (choice.method, choice.by, choice.rival, choice.lead) == (method, by, "linear_probe", points)
        assert choice.needed == pytest.approx(needed)


def test_of_the_methods_with_a_clear_lead_the_highest_is_taken_however_high_an_unclear_one_is() -> None:
    leads = {"coop": Lead(30.0, 20.0), "linear_probe": Lead(9.0, 1.0), "mae": Lead(8.0, 0.5), "sce": Lead(-5.0, 0.1)}
    assert decide(leads, default="gce").method == "linear_probe"


def test_of_equals_the_default_is_taken_even_without_any_error() -> None:
    assert decide({"linear_probe": Lead(0.0, 0.0)}, default="gce").method == "gce"


def guesses(rows: list[str]) -> np.ndarray:
    """The class guessed by seed and image, . where it was not held out."""
    return np.array([[-1 if sign == "." else int(sign) for sign in row] for row in rows])


def known(classes: str) -> np.ndarray:
    """Probabilities of true classes that are known."""
    return np.eye(2)[[int(sign) for sign in classes]]


def test_the_error_of_a_lead_is_that_of_mcnemar_where_true_classes_are_known_and_one_seed_held_images_out() -> None:
    found = lead(guesses(["1111110000.."]), guesses(["1100101000.."]), known("1" * 12))
    better, worse, n = 3, 1, 10
    variance = (better + worse) / n - ((better - worse) / n) ** 2
    assert (found.points, found.error) == (pytest.approx(20.0), pytest.approx(100 * math.sqrt(variance / n)))


def test_an_image_that_every_seed_holds_out_is_no_new_evidence() -> None:
    own, usual = "1110", "0010"
    once = lead(guesses([own]), guesses([usual]), known("1111"))
    again = lead(guesses([own] * 3), guesses([usual] * 3), known("1111"))
    others = lead(guesses([own + "." * 4, "." * 4 + own]), guesses([usual + "." * 4, "." * 4 + usual]), known("1" * 8))
    assert (again.points, again.error) == (pytest.approx(once.points), pytest.approx(once.error))
    assert others.error == pytest.approx(once.error / math.sqrt(2))


def test_an_image_whose_class_is_unknown_says_nothing_and_adds_to_the_error() -> None:
    sure, unsure = known("1111"), np.array([[0.0, 1.0]] * 3 + [[0.5, 0.5]])
    own, usual = guesses(["1111"]), guesses(["1110"])
    assert lead(own, usual, sure).points == pytest.approx(25.0)
    found = lead(own, usual, unsure)
    assert (found.points, found.error) == (pytest.approx(0.0), pytest.approx(25.0))
    assert accuracies(own, unsure) == [pytest.approx(87.5)]


def test_leads_and_errors_are_those_of_plain_sums_over_images_and_true_classes() -> None:
    rng = np.random.default_rng(0)
    true, own, usual = rng.dirichlet(np.ones(4), 9), rng.integers(0, 4, (3, 9)), rng.integers(0, 4, (3, 9))
    out = rng.random((3, 9)) < 0.4
    own[out] = usual[out] = -1
    total = sum(true[i, own[r, i]] - true[i, usual[r, i]] for r in range(3) for i in range(9) if own[r, i] >= 0)
    n = int((own >= 0).sum())
    squares = 0.0
    for i in range(9):
        for z in range(4):
            gains = [(own[r, i] == z) * 1.0 - (usual[r, i] == z) - total / n for r in range(3) if own[r, i] >= 0]
            squares += true[i, z] * sum(gains) ** 2
    found = lead(own, usual, true)
    assert found.points == pytest.approx(100 * total / n)
    assert found.error == pytest.approx(100 * math.sqrt(squares) / n)


def test_a_lead_counts_by_the_explanation_that_speaks_least_for_it() -> None:
    tried = {"linear_probe": guesses(["1111"]), "gce": guesses(["0000"])}
    one, other = known("1110"), known("0010")
    assert leads_over(tried, "gce", [one])["linear_probe"].points == pytest.approx(50.0)
    assert leads_over(tried, "gce", [one, other])["linear_probe"].points == pytest.approx(-50.0)
