"""The live view: what a worker tells ends up in a line of its own, and in the time left."""

from __future__ import annotations

import io
import re
from types import SimpleNamespace

import pytest

from benchmark.run.events import Event
from benchmark.run.progress import LiveProgress
from benchmark.screen import Screen


def shown(terminal: bool, *told: tuple[int, Event]) -> str:
    out = io.StringIO()
    console = Screen(file=out, force_terminal=terminal, width=100, color_system=None)
    with LiveProgress(console, total=8, done=2) as progress:
        for worker, event in told:
            progress(worker, event)
    return out.getvalue()


def last_frame(*told: tuple[int, Event]) -> str:
    return "runs " + shown(True, *told).split("runs  ")[-1]


def epoch(done: int, title: str = "digits · 4 runs") -> Event:
    return Event("cpu", "epoch", f"{title}, epoch {done + 1} of 10", done, 10, runs=4)


def test_each_worker_has_a_line_and_the_runs_a_bar() -> None:
    both = (0, epoch(3)), (1, epoch(7, "combos · 4 runs"))
    under_way = last_frame(*both)
    assert "2/8" in under_way
    assert "cpu: digits · 4 runs, epoch 4 of 10" in under_way and "cpu: combos · 4 runs, epoch 8 of 10" in under_way
    one_done = last_frame(*both, (0, Event("cpu", "finished", finished=4)))
    assert "6/8" in one_done and "combos" in one_done and "digits" not in one_done


def test_without_a_terminal_there_are_plain_lines() -> None:
    text = shown(False, (0, epoch(3)), (0, Event("cpu", "finished", finished=6)), (0, Event("cpu", "note", "hello")))
    assert text.splitlines() == ["8/8 runs done", "hello"]


def test_a_log_hears_of_a_long_pack_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10000, 25))
    monkeypatch.setattr("benchmark.run.progress.time", SimpleNamespace(monotonic=lambda: next(clock)))
    text = shown(False, *[(0, epoch(number)) for number in range(9)])
    assert 2 <= len(text.splitlines()) <= 4
    assert "cpu: digits · 4 runs, epoch 3 of 10" in text


def test_the_bar_counts_the_epochs_of_runs_under_way() -> None:
    console = Screen(file=io.StringIO(), force_terminal=True)
    with LiveProgress(console, total=8) as progress:
        progress(0, epoch(5))
        progress(1, epoch(2, "combos · 4 runs"))
        assert progress._bars.tasks[0].completed == 2.8
        progress(0, Event("cpu", "finished", finished=4))
        assert progress._bars.tasks[0].completed == 4.8


def test_a_note_is_told_once_and_a_failure_by_name() -> None:
    text = shown(
        False,
        *[(0, Event("cpu", "note", "zero-shot 40 %"))] * 2,
        (0, Event("cpu", "failed", "coop seed 1", finished=1)),
    )
    assert text.count("zero-shot 40 %") == 1
    assert "failed coop seed 1" in text and "3/8 runs done" in text


def test_a_dead_worker_and_a_pack_that_stands_still_get_a_line_each() -> None:
    text = shown(
        False,
        (0, epoch(3)),
        (0, Event("cuda:1", "quiet", "no progress for 60 s: digits · 4 runs")),
        (0, Event("cuda:1", "died", "digits · 4 runs: its worker on cuda:1 died; it is tried again in halves")),
    )
    assert "cuda:1: no progress for 60 s: digits · 4 runs" in text and "it is tried again in halves" in text


def test_epochs_of_a_worker_that_died_do_not_count() -> None:
    console = Screen(file=io.StringIO(), force_terminal=True)
    with LiveProgress(console, total=8) as progress:
        progress(0, epoch(5))
        progress(0, Event("cpu", "died", "its worker died"))
        assert progress._bars.tasks[0].completed == 0


def test_options_in_brackets_of_a_failed_run_are_shown() -> None:
    assert "failed digits gce[q=0.5]" in shown(False, (0, Event("cpu", "failed", "digits gce[q=0.5]", finished=1)))


@pytest.mark.parametrize("width", [60, 80, 140])
def test_a_line_has_its_bar_and_both_times_however_long_the_folders_path(width: int) -> None:
    out = io.StringIO()
    path = f"folder:/{'very-long-name/' * 20}pictures"
    with LiveProgress(Screen(file=out, force_terminal=True, width=width, color_system=None), total=8) as progress:
        progress(0, Event("cpu", "encode", f"encoding {path} test, 12 per second", 1024, 50_000))
        progress(1, epoch(3, f"{path} · 4 runs"))
    frame = "runs " + out.getvalue().split("runs  ")[-1]
    lines = [line for line in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", frame).splitlines() if line.strip()]
    assert len(lines) == 3 and all(len(line.rstrip()) <= width for line in lines)
    for line in lines:
        assert re.search(r" \d+/\d+ +\d:\d\d:\d\d +[-\d]:[-\d]{2}:[-\d]{2} *$", line), line
    assert "epoch 4 of 10" in lines[2] or width < 80
    assert "━━" in lines[2]
    assert "per second" in lines[1] or width < 80
