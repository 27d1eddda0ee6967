"""The script for the first minutes on a GPU: its steps are commands that exist, and its page tells what failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.__main__ import main
from benchmark.speed import gpu_check
from benchmark.speed.gpu_check import Outcome, Step, page, run, steps


def test_all_steps_take_six_minutes_at_most() -> None:
    assert sum(step.bound for step in steps(Path("work"), "auto")) <= 360


@pytest.mark.parametrize("step", [s for s in steps(Path("work"), "auto") if s.arguments[0] == "bench"], ids=str)
def test_every_bench_is_one_that_can_be_planned(step: Step, tmp_path: Path) -> None:
    arguments = [word for word in step.arguments if not word.startswith(("--out", "--devices"))]
    assert main([*arguments, f"--out={tmp_path}", "--devices=cpu", "--dry_run"]) == 0


def test_the_others_are_commands_with_these_options(capsys: pytest.CaptureFixture[str]) -> None:
    for step in steps(Path("work"), "cpu"):
        assert main([step.arguments[0], "--help"]) == 0
        told = capsys.readouterr().out
        assert all(word.split("=")[0] in told for word in step.arguments[1:] if word.startswith("--"))


def test_a_step_that_fails_or_takes_too_long_is_named() -> None:
    assert run(Step("version", 60, ("--version",))).verdict == "ok"
    failed = run(Step("fault", 60, ("bench", "--methods=nothing")))
    assert failed.verdict == "exit 2" and "unknown method" in failed.lines[-1]
    assert run(Step("slow", 0, ("list",))).verdict == "over 0 s"


def test_the_page_is_written_after_every_step_and_the_exit_status_says_whether_all_were_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pretend(step: Step) -> Outcome:
        return Outcome(step, 1.0, "exit 1" if step.name == "speed" else "ok", ["a | line"])

    monkeypatch.setattr(gpu_check, "run", pretend)
    assert gpu_check.main(tmp_path) == 1
    text = (tmp_path / "check.md").read_text()
    assert text.startswith("# GPU check") and text.count("| ok") == 6 and text.count("exit 1") == 1
    assert gpu_check.main(tmp_path) == 1
    monkeypatch.setattr(gpu_check, "run", lambda step: Outcome(step, 1.0, "ok", []))
    assert gpu_check.main(tmp_path) == 0
    assert "| speed" in page([Outcome(Step("speed", 1, ("speed",)), 1.0, "ok", [])], "a GPU")
