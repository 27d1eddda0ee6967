"""Help fits the screen: the commands on one of 24 lines, every option within 80 columns."""

from __future__ import annotations

from dataclasses import fields
from importlib import import_module

import pytest

from benchmark.__main__ import main
from benchmark.commands import COMMANDS
from benchmark.commands._help import GROUPS


def test_the_commands_fit_one_screen_and_each_stands_in_a_group(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) < 24, "the prompt needs a line, too"
    assert max(map(len, lines)) <= 80
    assert [name for group in GROUPS.values() for name in group] == [line[8:].split()[0] for line in lines[2:]]
    assert sorted(COMMANDS) == sorted(name for group in GROUPS.values() for name in group)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_a_command_is_explained_within_80_columns(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    words = [word for line in text.splitlines() if line.startswith("  ") for word in line[2:].split(" ")[:1] if word]
    options = import_module(f"benchmark.commands.{command}").Options
    assert sorted(word.removeprefix("--").lower() for word in words) == sorted(
        field.name.rstrip("_") for field in fields(options)
    ), "each once, with what it is"
    assert [line for line in text.splitlines() if len(line) > 80 and " " in line.strip()] == []


def test_options_that_several_commands_have_stand_in_a_group_with_their_defaults(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["bench", "--help"])
    own, training, wandb = capsys.readouterr().out.split("\n\n")[2:]
    assert "  --shots            Labelled images per class. [16]\n" in own
    assert training.startswith("How and where runs are trained.\n  --devices ")
    assert wandb.startswith("Weights & Biases.\n  --wandb ")
