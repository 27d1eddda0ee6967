"""A variable of make that is nearly one of ours stops it."""

from __future__ import annotations

import sys

import pytest

from benchmark.plan.make_variables import main, meant

OURS = ["METHODS", "SEEDS", "NOISE_TYPE", "OUT"]


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("METHOD", "METHODS"),
        ("seeds", "SEEDS"),
        ("noise-type", "NOISE_TYPE"),
        ("COLOUR", ""),
        ("SHELL", ""),
        ("WANDB_MODE", ""),
    ],
)
def test_what_is_meant_is_what_is_nearly_written(name: str, ours: str) -> None:
    assert meant(name, OURS) == ours


@pytest.mark.parametrize(("given", "code"), [("COLOUR METHDOS", 2), ("COLOUR", 0), ("", 0)])
def test_the_first_of_those_given_is_named_and_ends_make(
    given: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GIVEN", given)
    monkeypatch.setattr(sys, "argv", ["make_variables.py", *OURS])
    assert main() == code
    line = "make: there is no variable METHDOS; did you mean METHODS?\n"
    assert capsys.readouterr().err == (line if code else "")
