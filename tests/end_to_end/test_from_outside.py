"""What another package adds is known everywhere: a method, a data set, a kind of noise and a detector."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.__main__ import main
from benchmark.audit import detectors
from benchmark.commands.completion import words
from benchmark.plan.method_names import family, printed
from tests.support.plugins import Install

METHOD = '''"""Bootstrapped prompts."""

from methods.coop import PromptMethod
from methods.functional import losses

NAME = "Boot-Prompt"
FAMILY = "prompt"
MADE_FOR_WRONG_LABELS = True


class Method(PromptMethod):
    """Cross-entropy."""

    def loss(self, logits, labels):
        return losses.cross_entropy(logits, labels)
'''
DATA = '''"""Few digits."""

from dataclasses import replace

from datamodules.datasets.digits import load as digits

TEMPLATE = "a picture of the number {}."
SIZE = {"classes": 10, "tests": 857}
GROUP = "mine"


def load():
    return replace(digits(), name="few_digits")
'''
NOISE = '''"""The next class."""

import numpy as np

from datamodules.noise import Noisy, count

NEEDS = ()


def corrupt(context, rate, seed):
    labels = context.labels.copy()
    wrong = np.random.default_rng(seed).permutation(len(labels))[: count(rate, len(labels))]
    labels[wrong] = (labels[wrong] + 1) % context.classes
    return Noisy(context.indices, labels)
'''


def test_what_another_package_adds_is_listed_completed_trained_and_shown(
    install: Install, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    install("methods", "boot", METHOD)
    install("datasets", "few_digits", DATA)
    install("noise", "next_class", NOISE)
    install("detectors", "coin", '"""A coin."""\n\n\ndef suspicion(sample):\n    return sample.given * 0.0\n')
    assert main(["list"]) == 0
    listed = "".join(capsys.readouterr().out.split())
    for each in ("boot", "Boot-Prompt", "few_digits", "next_class", "minestandsforfew_digits"):
        assert each in listed
    assert words("promptnoise bench --methods=boo") == ["--methods=boot"]
    assert words("promptnoise bench --datasets=min") == ["--datasets=mine"]
    assert words("promptnoise bench --noise_type=nex") == ["--noise_type=next_class"]
    assert "coin" in detectors.known()
    assert printed("boot") == "Boot-Prompt" and family("boot") == family("coop")
    out = f"--out={tmp_path / 'out'}"
    options = ["--noise=0,0.5", "--seeds=1", "--shots=2", "--epochs=1", "--devices=cpu", out]
    command = ["bench", "--methods=boot,ce", "--datasets=mine", "--noise_type=next_class", *options]
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert "next_class noise" in shown and "few_digits" in shown
    assert shown.index("Boot-Prompt") < shown.index("linear probe"), "its family stands before heads"
    assert main(["report", out]) == 0
    assert "Boot-Prompt" in (tmp_path / "out/leaderboard.md").read_text()
    assert "Boot-Prompt" in (tmp_path / "out/report.html").read_text()
    assert ",boot," in (tmp_path / "out/leaderboard.csv").read_text()
