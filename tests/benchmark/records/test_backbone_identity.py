"""Identities of backbones in records: of one rule they can be compared, of two they cannot."""

from __future__ import annotations

import pytest

from benchmark.records.backbone_identity import cannot_be_compared, differ, rule, weights_of
from benchmark.records.record import Record
from tests.support.records_factory import run


def record(weights: str, **more: int) -> Record:
    work = run(**more)
    return Record(work, work.key, "ok", 70.0, hashes={"weights": weights} if weights else {})


@pytest.mark.parametrize(
    ("some", "others", "expected"),
    [
        ("v2:ab", "v2:ab", False),
        ("v2:ab", "v2:cd", True),
        ("v2:ab", "cd", False),
        ("ab", "cd", True),
        ("v2:ab", "v3:ab", False),
    ],
)
def test_two_models_are_told_apart_by_one_rule_alone(some: str, others: str, expected: bool) -> None:
    assert differ(some, others) is differ(others, some) is expected


def test_a_record_without_an_identity_has_an_empty_one() -> None:
    assert weights_of(record("")) == rule("") == ""
    assert weights_of(record("v2:ab")) == "v2:ab" and rule("v2:ab") == "v2"


def test_runs_of_an_earlier_rule_are_counted_for_each_backbone_that_has_both() -> None:
    mixed = [record("ab"), record("v1:ab", seed=2), record("v2:ab"), record("v2:cd"), record("v2:ef")]
    (line,) = cannot_be_compared(mixed)
    assert line.startswith("2 runs of embedded recorded by an earlier version than the other 3: ")
    assert cannot_be_compared(mixed[2:]) == cannot_be_compared([]) == []
    (line,) = cannot_be_compared(mixed[1:3])
    assert line.startswith("1 run of embedded")
