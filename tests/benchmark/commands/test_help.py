"""Help fits the screen: the commands on one of 24 lines, every option within 80 columns."""

from __future__ import annotations

import re
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest

from benchmark.__main__ import main
from benchmark.commands import COMMANDS
from benchmark.commands._overview import GROUPS, overview


def test_the_commands_fit_one_screen_and_each_stands_in_a_group(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) < 24, "the prompt needs a line, too"
    assert max(map(len, lines)) <= 80
    assert [line[:8].strip() for line in lines[2:] if line[:8].strip()] == list(GROUPS)
    assert sorted(COMMANDS) == sorted(line[8:].split()[0] for line in lines[2:])


def test_a_command_names_its_own_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, group in (("weigh", 'GROUP = "read"'), ("brew", 'GROUP = "kitchen"'), ("wait", "")):
        (tmp_path / f"{name}.py").write_text(f'"""`promptnoise {name}`: {name} it."""\n\n{group}\n')
        monkeypatch.setitem(COMMANDS, name, tmp_path / f"{name}.py")
    lines = overview().splitlines()
    assert lines.index("        weigh      weigh it.") < lines.index(
        "labels  audit      find labels that are probably wrong, suggest others."
    )
    assert lines[-2:] == ["kitchen brew       brew it.", "more    wait       wait it."]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_a_command_is_explained_within_80_columns(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    words = re.findall(r"^(?: | \*  |    )(?:[A-Z]+ )?--([a-z_]+) ", text, re.MULTILINE)
    options = import_module(f"benchmark.commands.{command}").Options
    assert sorted(words) == sorted(field.name.rstrip("_") for field in fields(options)), "each once, with what it is"
    assert [line for line in text.splitlines() if len(line) > 80 and " " in line.strip()] == []


def test_options_that_several_commands_have_stand_in_a_group_with_their_defaults(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["bench", "--help"])
    own, training, data, wandb = re.split(r"\n *\n", capsys.readouterr().out)[2:6]
    assert re.search(r"^ --shots +Labelled images per class, or all\. \[default: 16\] *$", own, re.MULTILINE)
    assert re.match(r" *How and where runs are trained\. *\n --devices ", training)
    assert re.match(r" *Where data sets are\. *\n --data ", data)
    assert re.match(r" *Weights & Biases\. *\n --wandb ", wandb)
