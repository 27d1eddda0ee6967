"""A robust prompt joins an audit where a class has few images."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from benchmark.__main__ import main
from benchmark.audit.robust_prompt import worth_it


def audited(out: Path, *words: str) -> list[dict[str, str]]:
    common = ["audit", "flipped", "--noise=0.4", "--pictures=0", "--devices=cpu", f"--out={out}"]
    assert main([*common, *words]) == 0
    with (out / "labels.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_prompt_is_trained_for_few_images_and_ranks_them_better(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    precision = {}
    for prompt in ("auto", "no"):
        rows = audited(tmp_path, "--shots=4", f"--prompt={prompt}", "--seed=3")
        assert ("prompt" in rows[0]) == (prompt == "auto")
        line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("joint"))
        precision[prompt] = float(line.split()[2])
    assert precision["auto"] > precision["no"] + 1


def test_many_images_and_real_towers_on_a_cpu_get_none_unless_asked() -> None:
    assert worth_it(80, 10, "embedded", "cpu") and not worth_it(81, 10, "embedded", "cpu")
    assert worth_it(80, 10, "ViT-B-16/openai", "cuda:0") and not worth_it(80, 10, "ViT-B-16/openai", "cpu")
