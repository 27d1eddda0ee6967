"""Names of two classes that are exchanged are told, mislead no classifier, and a person settles what they mean."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from benchmark.audit.audit_result import examine
from benchmark.audit.classifiers import audit
from benchmark.audit.exchanged_names import NAMES_WEIGH, looks_like
from benchmark.audit.sample import Sample
from methods.functional.label_noise_evidence import EXCHANGED, reordered
from tests.benchmark.audit.samples import clusters

CLASSES = 10
OTHER = torch.tensor([0, 1, 5, 3, 4, 2, *range(6, CLASSES)])


def exchanged(rate: float, per_class: int = 16) -> tuple[Sample, torch.Tensor]:
    """Clusters in which the names of classes 2 and 5 are exchanged, and their classes as the labels count them."""
    sample, _ = clusters(per_class, rate, classes=CLASSES)
    return replace(sample, text=sample.text[OTHER]), torch.arange(CLASSES).repeat_interleave(per_class)


@pytest.mark.parametrize("rate", [0.0, 0.25, 0.4])
def test_names_that_are_exchanged_are_found_and_mislead_nobody(rate: float) -> None:
    sample, true = exchanged(rate)
    assert looks_like(sample)[0].tolist() == OTHER.tolist()
    found = audit(sample)
    assert (found.true.argmax(1) == true).float().mean() > 0.97
    assert abs(found.fraction.estimate - rate) < 0.03
    right = replace(sample, text=sample.text[OTHER])
    torch.testing.assert_close(found.true, audit(right).true)
    assert audit(right).rivals == ()


def test_that_all_their_labels_are_wrong_instead_is_a_rival_inside_the_interval() -> None:
    sample, true = exchanged(0.0)
    found = audit(sample)
    (rival,), (fraction,) = found.rivals, found.rival_fractions
    assert (rival.argmax(1) == OTHER[true]).all()
    assert fraction == pytest.approx(2 / CLASSES, abs=0.01)
    assert found.fraction.estimate < 0.01 and found.fraction.low <= 0 and found.fraction.high >= fraction
    assert examine(sample).exchanged == ((2, 5), (5, 2))


def test_decisions_settle_whether_names_are_wrong_or_labels() -> None:
    sample, true = exchanged(0.0)
    asked = torch.tensor(examine(sample).questions[:10])
    assert (OTHER[true[asked]] != true[asked]).any(), "pictures of the two classes are asked for first"
    for truth, fraction in ((true, 0.0), (OTHER[true], 2 / CLASSES)):
        checked = torch.full_like(true, -1)
        checked[asked] = truth[asked]
        found = audit(replace(sample, checked=checked))
        assert found.rivals == ()
        assert found.fraction.estimate == pytest.approx(fraction, abs=0.02)
        assert (found.true.argmax(1) == truth).float().mean() > 0.97


def test_a_whole_list_of_names_in_another_order_is_told_from_labels_that_are_all_wrong_by_a_person() -> None:
    sample, true = exchanged(0.0)
    moved = (torch.arange(CLASSES) + 1) % CLASSES
    found = audit(replace(sample, text=sample.text[OTHER][moved]))
    assert found.fraction.estimate < 0.02 and (found.true.argmax(1) == true).all()
    assert found.rival_fractions[-1] > 0.98
    assert sorted(found.exchanged) == [(own, (own - 1) % CLASSES) for own in range(CLASSES)]


@pytest.mark.parametrize("per_class", [4, 16])
def test_that_most_labels_are_the_next_class_or_names_are_is_both_told_and_ten_decisions_settle_it(
    per_class: int,
) -> None:
    sample, true = exchanged(0.0, per_class)
    wrong = torch.arange(len(true)) % 4 > 0
    labels = torch.where(wrong, (true + 1) % CLASSES, true)
    sample = replace(sample, text=sample.text[OTHER], labels=labels)
    found = audit(sample)
    assert sorted([found.fraction.estimate, *found.rival_fractions]) == pytest.approx([0.25, 0.75], abs=0.06)
    assert found.fraction.low <= 0.25 and found.fraction.high >= 0.75 and len(found.exchanged) == CLASSES
    asked = torch.tensor(examine(sample).questions[:10])
    for truth in (true, (true + 1) % CLASSES):
        checked = torch.full_like(true, -1)
        checked[asked] = truth[asked]
        settled = audit(replace(sample, checked=checked))
        assert settled.rivals == () and (settled.true.argmax(1) == truth).float().mean() > 0.97
        assert settled.fraction.estimate == pytest.approx(float((labels != truth).float().mean()), abs=0.05)
        assert settled.lines([str(number) for number in range(CLASSES)])[0].startswith("probably wrong")


def test_a_choice_says_what_it_assumes_of_exchanged_names() -> None:
    names = [f"class {number}" for number in range(CLASSES)]
    question = "are these names exchanged, or most of these labels wrong? --checked decides"
    sample, _ = exchanged(0.0)
    said = audit(sample).lines(names)
    assert said[-1] == f"images of class 2 look like class 5, of class 5 look like class 2: {question}"
    moved = (torch.arange(CLASSES) + 1) % CLASSES
    said = audit(replace(sample, text=sample.text[OTHER][moved])).lines(names)
    assert said[-1].endswith(f"... (10 classes): {question}")
    assert question not in " ".join(audit(replace(sample, text=sample.text[OTHER])).lines(names))


def test_noise_and_names_that_say_nothing_exchange_no_names() -> None:
    own = torch.arange(CLASSES)
    for rate in (0.0, 0.4):
        sample, _ = clusters(8, rate, classes=CLASSES)
        assert torch.equal(looks_like(sample)[0], own)
        assert torch.equal(looks_like(replace(sample, text=torch.zeros_like(sample.text)))[0], own)
        true = own.repeat_interleave(8)
        leaking = torch.where(torch.arange(len(true)) % 5 < 2, (true + 1) % CLASSES, true)
        assert torch.equal(looks_like(replace(sample, labels=leaking))[0], own)


def test_that_most_labels_of_two_classes_are_each_other_s_is_no_question_among_many_classes() -> None:
    sample, _ = clusters(5, 0.0, classes=CLASSES)
    labels = sample.labels.clone()
    labels[[0, 1, 2, 5, 6, 7]] = torch.tensor([1, 1, 1, 0, 0, 0])
    found = audit(replace(sample, labels=labels))
    assert found.exchanged == () and found.rivals == ()
    assert found.fraction.estimate == pytest.approx(6 / len(labels), abs=0.02)


def test_at_few_images_names_of_some_classes_are_taken_for_exchanged_not_all_of_their_labels_for_wrong() -> None:
    sample, true = exchanged(0.0, per_class=2)
    order, labels = torch.tensor([1, 2, 3, 4, 5, 6, 0, *range(7, CLASSES)]), true.clone()
    labels[[0, 3, 6, 9]] = (true[[0, 3, 6, 9]] + 4) % CLASSES
    sample = replace(sample, text=sample.text[OTHER][order], labels=labels)
    assert reordered((NAMES_WEIGH * sample.zero_shot).softmax(1), labels)[1] < EXCHANGED, "the labels alone do not tell"
    found = audit(sample)
    assert found.fraction.estimate == pytest.approx(0.2, abs=0.06)
    assert found.rival_fractions[-1] == pytest.approx(0.7, abs=0.06)
