"""Every option of every command, given what no option takes: one line or a result, and never a traceback.

The options come from the commands' own `Options`, so that a new one is covered by itself.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields
from importlib import import_module
from pathlib import Path
from typing import Any, get_origin, get_type_hints

import numpy as np
import pytest
from PIL import Image

from benchmark.__main__ import main
from benchmark.commands import COMMANDS
from benchmark.errors import BadInput
from benchmark.records.store import Store
from benchmark.run import resources
from benchmark.speed import text_pass
from tests.support.records_factory import result, run

LONG = "x" * 10**5
PATHS = ["", " ", "\0", "caf\udce9", "x" * 300, "x/" * 3000, "a\nb", "\x1b[31m", "/dev/null", "--"]
NUMBERS = ["-1", "0", str(10**20), str(2**63 - 1), "9" * 5000, "1.5", "nan", "inf", "-1e400", "", "\0", "\n"]
TEXTS = ["", "\0", "caf\udce9", "a\nb\x1b[31m", "[", "x[", "x[y]", ",", "-1", "1-", "hf:", "folder:\x1b[31m", "../x",
         str(10**20), "=1", LONG, f"x[y={LONG}]", f"folder:{LONG}", f"local-dir:{LONG}", f"/{LONG}"]  # fmt: skip

#: What a command needs beside the option that is tried; it does no work with these.
BASE = {
    "audit": ["PICTURES"],
    "bench": ["--dry-run", "--datasets=digits", "--methods=ce"],
    "choose": ["PICTURES"],
    "compare": ["RECORDS", "RECORDS"],
    "completion": ["bash"],
    "detect": ["--datasets=digits"],
    "export": ["KEY", "--out=RECORDS"],
    "features": ["PICTURES", "--to=NEW.npz"],
    "fetch": ["--datasets=digits"],
    "merge": ["RECORDS", "--out=MERGED"],
    "paper": ["nlprompt", "--dry-run", "--methods=gce", "--datasets=dtd"],
    "plan": ["--datasets=digits", "--methods=ce", "--costs=RECORDS"],
    "predict": ["PICTURES", "--with=PICTURES"],
    "readme": ["--check"],
    "report": ["--out=RECORDS"],
    "show": ["KEY", "--out=RECORDS"],
    "speed": ["--cases=text"],
    "sync": ["--out=RECORDS", "--wandb=offline"],
    "tune": ["--dry-run", "--datasets=digits", "--methods=ce"],
}


def cases() -> Iterator[Any]:
    """Every option of every command; one that several commands share is tried fast on the first of them alone."""
    tried: set[tuple[type, str]] = set()
    for command in sorted(COMMANDS, key=lambda name: name != "bench"):
        options = import_module(f"benchmark.commands.{command}").Options
        kinds = get_type_hints(options)
        for field in fields(options):
            kind = kinds[field.name]
            values = PATHS if kind is Path or get_origin(kind) is tuple else NUMBERS if kind in (int, float) else TEXTS
            owner = next(base for base in options.__mro__ if field.name in vars(base).get("__annotations__", {}))
            repeated = pytest.mark.slow if (owner, field.name) in tried else ()
            tried.add((owner, field.name))
            yield pytest.param(command, field.name, (*values,), id=f"{command}-{field.name}", marks=repeated)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("place")
    Store(root / "RECORDS").write(run(), result())
    for name in ("cat", "dog"):
        (root / "PICTURES" / name).mkdir(parents=True)
        for number in range(2):
            Image.fromarray(np.full((8, 8, 3), 40 * number, np.uint8)).save(root / "PICTURES" / name / f"{number}.png")
    return root


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    """Stops every command before it encodes, trains, draws, times, logs or fetches."""

    def stop(*_: Any, **__: Any) -> None:
        raise BadInput("got as far as work")

    monkeypatch.chdir(place)
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.setattr(resources, "open_bank", stop)
    monkeypatch.setattr(text_pass, "text", lambda settings: [])
    for name in ("benchmark.report.make.make", "benchmark.report.make.publish", "benchmark.commands.sync.sync",
                 "methods.clip.loading.load_backbone", "benchmark.commands.paper._finish"):  # fmt: skip
        module, _, function = name.rpartition(".")
        monkeypatch.setattr(import_module(module), function, stop)


def words(command: str, option: str, value: str) -> list[str]:
    """The command with this value of this option, in the place of the one that it has."""
    options = import_module(f"benchmark.commands.{command}").Options
    needed = [field.name for field in fields(options) if field.default is MISSING]
    base = [word.replace("KEY", run().key) for word in BASE.get(command, [])]
    flag = f"--{option.rstrip('_')}"
    kept = [word for word in base if word.partition("=")[0].replace("-", "_") != flag.replace("-", "_")]
    if option in needed and not any(word.startswith(f"{flag}=") for word in base):
        kept.remove([word for word in kept if not word.startswith("-")][needed.index(option)])
    return [command, *kept, f"{flag}={value}"]


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize(("command", "option", "values"), list(cases()))
def test_no_value_of_an_option_ends_in_a_traceback_or_reaches_the_screen_as_it_is(
    command: str, option: str, values: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    for value in values:
        given = words(command, option, value)
        code = main(given)
        said = capfd.readouterr()
        assert "should not have happened" not in said.err, (given[-1][:80], said.err)
        assert code in (0, 1, 2), (given[-1][:80], said.err)
        assert not {"\x1b", "\0"} & set(said.out + said.err), (given[-1][:80], said.out, said.err)
        errors = [line for line in said.err.splitlines() if line.startswith("promptnoise: ")]
        assert len(errors) == (code != 0) or (code == 1 and not errors), (given[-1][:80], said.err)
        assert all(len(line) < 2500 for line in errors)


def test_every_command_that_needs_a_word_is_given_one() -> None:
    assert BASE.keys() <= COMMANDS.keys()
    for command in COMMANDS:
        options = import_module(f"benchmark.commands.{command}").Options
        needed = [field.name for field in fields(options) if field.default is MISSING]
        assert not needed or command in BASE, f"say in BASE what {command} needs"
    assert sys.getrecursionlimit() > 500
