"""Which images come with labels under each learning paradigm."""

from __future__ import annotations

import numpy as np
import pytest

from datamodules.errors import DataError
from datamodules.fewshot import few_shot
from datamodules.paradigms import PARADIGMS, canonical, harmonic_mean, parse, pool, seen_unseen

LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(10), 20))


@pytest.mark.parametrize("paradigm", sorted(set(PARADIGMS) - {"fewshot"}))
def test_every_image_is_labelled_or_unlabelled_and_the_seed_decides(paradigm: str) -> None:
    parts = pool(paradigm, LABELS, 10, seed=1, shots=2)
    assert sorted([*parts.labelled, *parts.unlabelled]) == list(range(200))
    again = pool(paradigm, LABELS, 10, seed=1, shots=2)
    assert parts.labelled.tolist() == again.labelled.tolist()
    other = pool(paradigm, LABELS, 10, seed=0, shots=2)
    assert (parts.labelled.tolist() == other.labelled.tolist()) == (paradigm == "ul")


@pytest.mark.parametrize("imbalance", [1.0, 0.5, 0.1, 0.01])
def test_a_long_tail_keeps_the_first_images_of_every_class_in_the_exponential_profile(imbalance: float) -> None:
    whole, parts = few_shot(LABELS, 16, 3), pool(f"fewshot[imbalance={imbalance}]", LABELS, 10, seed=3, shots=16)
    counts = np.bincount(LABELS[parts.labelled], minlength=10)
    expected = [max(1, int(16 * imbalance ** (place / 9) + 1e-9)) for place in range(10)]
    assert sorted(counts.tolist(), reverse=True) == expected
    for label in range(10):
        own = parts.labelled[LABELS[parts.labelled] == label]
        assert own.tolist() == whole[LABELS[whole] == label][: len(own)].tolist()
    assert not len(parts.unlabelled) and parts.seen.all()


def test_the_seed_draws_which_classes_are_rare() -> None:
    rare = {tuple(np.bincount(LABELS[pool("fewshot[imbalance=0.1]", LABELS, 10, s, 16).labelled])) for s in range(5)}
    assert len(rare) == 5


def test_small_classes_lose_their_share_of_what_they_have() -> None:
    labels = np.array([0] * 20 + [1] * 4)
    kept = pool("fewshot[imbalance=0.5]", labels, 2, seed=1, shots=16).labelled
    assert np.bincount(labels[kept]).tolist() in ([16, 2], [8, 4])


def test_paradigms_have_one_spelling_and_their_options_are_checked() -> None:
    assert [canonical(text) for text in ("fewshot[imbalance=.10]", "fewshot[imbalance=1.0]", "ul")] == [
        "fewshot[imbalance=0.1]", "fewshot", "ul",
    ]  # fmt: skip
    for value in ("0", "1.5", "-0.1", "nan", "half"):
        with pytest.raises(DataError, match=f"imbalance should be above 0 and at most 1; got {value}"):
            parse(f"fewshot[imbalance={value}]")
    with pytest.raises(DataError, match="paradigm 'ssl' has no option 'imbalance'; it has: none"):
        parse("ssl[imbalance=0.5]")


def test_ul_labels_nothing() -> None:
    assert len(pool("ul", LABELS, 10, 1, 16).labelled) == 0


def test_ssl_labels_what_coop_would_draw() -> None:
    parts = pool("ssl", LABELS, 10, seed=3, shots=2)
    assert parts.labelled.tolist() == sorted(few_shot(LABELS, 2, 3))
    assert np.bincount(LABELS[parts.labelled]).tolist() == [2] * 10


@pytest.mark.parametrize(("classes", "seen"), [(2, 1), (3, 1), (10, 6), (47, 29), (100, 62), (102, 63)])
def test_trzsl_labels_all_images_of_62_per_cent_of_the_classes(classes: int, seen: int) -> None:
    labels = np.repeat(np.arange(classes), 3)
    parts = pool("trzsl", labels, classes, seed=500, shots=0)
    assert parts.seen.sum() == seen
    assert parts.seen[labels[parts.labelled]].all()
    assert not parts.seen[labels[parts.unlabelled]].any()


def test_trzsl_draws_the_class_numbers_that_the_released_code_draws() -> None:
    np.random.seed(500)
    released = np.random.choice(range(47), size=int(47 * 0.62), replace=False)
    parts = pool("trzsl", np.arange(47), 47, seed=500, shots=0)
    assert np.flatnonzero(parts.seen).tolist() == sorted(released)


def test_trzsl_needs_a_class_to_leave_unseen() -> None:
    with pytest.raises(DataError, match="at least two classes"):
        pool("trzsl", np.zeros(4, np.int64), 1, 0, 0)


def test_unknown_paradigms_get_the_nearest_match() -> None:
    with pytest.raises(
        DataError, match=r"unknown paradigm 'sssl': did you mean 'ssl'\? known: fewshot, ssl, trzsl, ul"
    ):
        pool("sssl", LABELS, 10, 1, 2)


def test_the_harmonic_mean_punishes_what_is_forgotten() -> None:
    assert harmonic_mean(80, 40) == pytest.approx(53.333, abs=1e-3)
    assert harmonic_mean(50, 50) == 50
    assert harmonic_mean(90, 0) == harmonic_mean(0, 0) == 0


def test_accuracy_on_seen_classes_counts_images_not_classes() -> None:
    per_class, counts = np.array([1.0, 0.5, 0.0]), np.array([10, 30, 20])
    assert seen_unseen(per_class, counts, np.array([True, True, False])) == (0.625, 0.0)
