"""What an audit says on the screen: what was left out, a warning, and how good it is where truth is known."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from benchmark.audit.audit_result import AuditResult, examine
from benchmark.audit.copies import Copies
from benchmark.audit.doubtful import Doubtful
from benchmark.audit.estimate import Interval
from benchmark.audit.result_lines import WIDE, say_result
from benchmark.screen import Screen
from tests.benchmark.audit.samples import CLASSES, clusters
from tests.support import toy

NAMES = tuple("abcdefgh"[:CLASSES])


@pytest.fixture(scope="module")
def audited() -> tuple[Doubtful, AuditResult]:
    """Clusters with wrong labels, and what is found in them."""
    sample, _ = clusters(per_class=10)
    given = sample.labels.numpy()
    files = tuple(f"{row}.png" for row in range(len(given)))
    return Doubtful("made", toy.split(1, 1).images, files, given, NAMES, NAMES, "{}"), examine(sample)


def said(data: Doubtful, result: AuditResult) -> str:
    screen = Screen(file=io.StringIO(), width=300)
    say_result(screen, data, result, Copies(), 0.2)
    text: str = screen.file.getvalue()  # type: ignore[attr-defined]
    return text


def test_files_that_were_left_out_are_counted_and_the_first_is_named(audited: tuple[Doubtful, AuditResult]) -> None:
    data, result = audited
    assert "left out" not in said(data, result)
    some = replace(data, left_out=(("a.txt", "is no picture"), ("b.png", "cannot be read")))
    assert "2 files left out: a.txt is no picture ...; see left_out.csv" in said(some, result)


@pytest.mark.parametrize(("width", "warned"), [(WIDE / 2, False), (2 * WIDE, True)])
def test_a_wide_interval_warns(audited: tuple[Doubtful, AuditResult], width: float, warned: bool) -> None:
    data, result = audited
    found = said(data, replace(result, fraction=Interval(0.3, 0.3 - width / 2, 0.3 + width / 2)))
    assert ("say what you expect with --expected (now 0.2)" in found) is warned


def test_where_truth_is_known_the_ranking_is_measured(audited: tuple[Doubtful, AuditResult]) -> None:
    data, result = audited
    assert "precision" not in said(data, result)
    true = data.given.copy()
    true[result.order[:8]] = (true[result.order[:8]] + 1) % CLASSES
    found = said(replace(data, true=true), result)
    assert "20.0% are wrong (8 labels)" in found and "precision at 8" in found
    (row,) = (line for line in found.splitlines() if line.split()[:1] == ["joint"])
    assert row.split()[1:] == ["100.0", "100.0", "100.0"]
