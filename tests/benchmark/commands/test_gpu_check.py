"""The script for the first minutes on a GPU: its steps are commands that exist, and its page tells what failed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from benchmark.__main__ import main
from benchmark.commands import _gpu_check
from benchmark.commands._gpu_check import MARK, Outcome, Step, check, page, run, steps
from benchmark.outputs import OneFile
from benchmark.screen import Screen


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

    monkeypatch.setattr(_gpu_check, "run", pretend)
    file = OneFile(tmp_path / "check.md", MARK)
    assert check(file, Screen(), "cpu") == 1
    text = file.path.read_text()
    assert text.startswith("# GPU check: no GPU, so") and text.count("| ok") == 6 and text.count("exit 1") == 1
    assert check(file, Screen(), "cpu") == 1
    monkeypatch.setattr(_gpu_check, "run", lambda step: Outcome(step, 1.0, "ok", []))
    assert check(file, Screen(), "cpu") == 0
    assert "| speed" in page([Outcome(Step("speed", 1, ("speed",)), 1.0, "ok", [])], "a GPU")


def test_without_a_gpu_one_line_says_so_and_nothing_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert main(["doctor", "--deep", f"--out={tmp_path}", f"--data={tmp_path}", f"--cache={tmp_path}"]) == 0
    assert capsys.readouterr().out.endswith("deep check: there is no GPU here, so nothing was run\n")
    assert not list(tmp_path.iterdir())


def test_on_a_gpu_every_step_runs_on_it_and_the_page_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Pretend 1")
    monkeypatch.setattr(_gpu_check, "run", lambda step: Outcome(step, 1.0, "ok", list(step.arguments)))
    assert main(["doctor", "--deep", f"--out={tmp_path}", f"--data={tmp_path}", f"--cache={tmp_path}"]) == 0
    text = (tmp_path / "gpu" / "check.md").read_text()
    assert text.startswith("# GPU check: Pretend 1, torch ") and text.count("--devices=auto") == 4 * 2
