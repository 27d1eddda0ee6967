"""Marks of who began to train what: they go with the training, stay with the dead, and count each dead job once."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.records.attempts import Attempts, forget_all
from tests.support.records_factory import run

RUNS = [run(seed=1), run(seed=2)]


def leave(out: Path, holder: str) -> None:
    """A mark of a job that was killed."""
    with Attempts(out, holder).mark(RUNS):
        marks = {path: path.read_bytes() for path in (out / "locks" / "begun").glob(f"*.{holder}")}
    for path, content in marks.items():
        path.write_bytes(content)


def test_a_training_that_ends_leaves_no_mark_even_with_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError), Attempts(tmp_path, "7-0").mark(RUNS):
        assert Attempts(tmp_path, "8-0").deaths(RUNS) == 1
        raise ValueError
    assert Attempts(tmp_path, "8-0").deaths(RUNS) == 0


def test_jobs_that_died_over_the_same_runs_are_counted(tmp_path: Path) -> None:
    leave(tmp_path, "7-0")
    leave(tmp_path, "8-0")
    assert Attempts(tmp_path, "9-0").deaths(RUNS[::-1]) == 2
    assert Attempts(tmp_path, "8-0").deaths(RUNS) == 1
    assert Attempts(tmp_path, "9-0").deaths(RUNS[:1]) == 0


def test_a_job_that_the_cluster_moved_counts_once_and_not_for_itself(tmp_path: Path) -> None:
    leave(tmp_path, "7-0")
    leave(tmp_path, "7-1")
    assert Attempts(tmp_path, "7-2").deaths(RUNS) == 0 and Attempts(tmp_path, "8-0").deaths(RUNS) == 1


def test_marks_are_forgotten_by_holder_or_all_at_once(tmp_path: Path) -> None:
    leave(tmp_path, "7-0")
    leave(tmp_path, "8-0")
    Attempts(tmp_path, "7-0").forget()
    assert Attempts(tmp_path, "9-0").deaths(RUNS) == 1
    forget_all(tmp_path)
    assert Attempts(tmp_path, "9-0").deaths(RUNS) == 0
