"""Methods with the same numbers in every run are pointed out, and only those."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from benchmark.__main__ import main
from benchmark.analysis.identical import FEWEST
from benchmark.analysis.results import Results
from benchmark.records.store import Store
from benchmark.report import terminal
from benchmark.screen import Screen
from tests.support.records_factory import result, run


def write(out: Path, method: str, runs: int, offset: float = 0.0, **more: Any) -> None:
    for seed in range(1, runs + 1):
        own = run(method, seed=seed)
        Store(out).write(own, result(60.0 + seed + offset, own, **more))


def doubts(out: Path) -> list[str]:
    return Results.of(*Store(out).load()).doubts()


def test_methods_with_the_same_numbers_in_all_runs_are_named_once(tmp_path: Path) -> None:
    for method in ("coop", "mine", "mine[q=2]"):
        write(tmp_path, method, 4)
    write(tmp_path, "gce", 4, offset=0.5)
    (line,) = doubts(tmp_path)
    assert line.startswith("CoOp, mine and mine[q=2] have identical numbers in all 4 runs that they share")
    assert "is an override or an option not used?" in line


@pytest.mark.parametrize("other", [{"ece": 4.999}, {"curves": {"test_accuracy": [1.0] * 10}}])
def test_another_number_in_one_run_is_enough_to_be_another_method(tmp_path: Path, other: dict[str, Any]) -> None:
    write(tmp_path, "coop", 5)
    write(tmp_path, "mine", 5)
    assert len(doubts(tmp_path)) == 1
    own = run("mine", seed=5)
    Store(tmp_path).path(own).unlink()
    Store(tmp_path).write(own, result(65.0, own, **other))
    assert doubts(tmp_path) == []


def test_few_runs_broken_runs_and_other_cells_are_no_evidence(tmp_path: Path) -> None:
    write(tmp_path, "coop", FEWEST - 1)
    write(tmp_path, "mine", FEWEST - 1)
    for method in ("gce", "mae"):
        write(tmp_path, method, 5, offset=1.0, status="diverged")
    for rate, method in ((0.25, "sce"), (0.75, "upl")):
        for seed in range(5):
            own = run(method, rate=rate, seed=seed)
            Store(tmp_path).write(own, result(50.0 + seed, own))
    assert doubts(tmp_path) == []


def test_a_method_that_is_zero_shot_at_every_rate_is_one_of_those(tmp_path: Path) -> None:
    """A run that uses no labels stands in all cells, where one that was trained of nothing gives its numbers back."""
    for seed in (1, 2):
        free = run("zero_shot", noise="none", rate=0.0, seed=seed, paradigm="ul")
        Store(tmp_path).write(free, result(66.0, free))
        for rate in (0.25, 0.5):
            own = run("residual_of_zeros", rate=rate, seed=seed)
            Store(tmp_path).write(own, result(66.0, own))
    (line,) = doubts(tmp_path)
    assert "residual_of_zeros and zero-shot CLIP have identical numbers in all 4 runs" in line


def test_report_and_leaderboard_say_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "coop", 3)
    write(tmp_path, "gce", 3)
    console = Screen(width=100, file=io.StringIO())
    terminal.show(Results.of(*Store(tmp_path).load()), console)
    assert main(["report", f"--out={tmp_path}"]) == 0
    page, words = (tmp_path / "report.html").read_text(), (tmp_path / "statistics.md").read_text()
    for text in (console.file.getvalue(), capsys.readouterr().out, page, words):  # type: ignore[attr-defined]
        assert "CoOp and PromptGCE have identical numbers in all 3 runs" in text
