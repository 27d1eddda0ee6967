"""Suites: options by name, from files; the command line wins; a campaign keeps its own."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import get_type_hints

import pytest

from benchmark.commands import COMMANDS, bench
from benchmark.commands._app import parse
from benchmark.errors import BadInput
from benchmark.plan import suites
from benchmark.plan.options import Options
from tests.support import encoded


def known(command: str) -> dict[str, object]:
    return get_type_hints(import_module(f"benchmark.commands.{command}").Options)


def options(*words: str) -> Options:
    return parse("bench", bench.Options, words)


@pytest.mark.parametrize("name", suites.known())
def test_every_suite_that_ships_describes_itself_and_makes_a_grid(name: str, tmp_path: Path) -> None:
    assert suites.about(suites.known()[name])
    encoded.write(tmp_path / "pets.npz")
    assert options(f"--suite={name}", f"--data={tmp_path}").grid().runs()


def test_the_suite_default_is_a_bench_without_options() -> None:
    assert options("--suite=default").grid() == options().grid()


def test_the_command_line_wins_over_a_suite() -> None:
    asked = options("--suite=quick", "--noise=0.25")
    assert asked.noise == "0.25"
    assert asked.datasets == options("--suite=quick").datasets != options().datasets


def test_a_suite_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("seeds = 7\n", encoding="utf-8-sig")
    assert options(f"--suite={tmp_path / 'mine.toml'}").seeds == "7"


def test_users_keep_suites_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "mine.toml").write_text(
        'methods = ["gce[q=0.5]", "linear_probe"]\nnoise = [0, 0.5]\nseeds = [1, 2, 3]\n'
    )
    assert options("--suite=mine").methods == "gce[q=0.5],linear_probe"
    assert options("--suite=mine").noise == "0,0.5"
    assert options("--suite=suites/mine.toml").grid() == options("--suite=mine").grid()


@pytest.mark.parametrize(
    ("content", "words", "complaint"),
    [
        (None, ["--suite=mine"], "unknown suite 'mine'"),
        (None, ["--suite=mine.toml"], "there is no suite mine.toml"),
        ("noise = ", ["--suite=mine.toml"], "cannot be read"),
        ("nois = 1", ["--suite=mine.toml"], "did you mean 'noise'"),
        ("suite = 'quick'", ["--suite=mine.toml"], "which there is not"),
        ("seeds = 'x'", ["--suite=mine.toml"], "seeds: 'x' should be a"),
        ("pack = 'x'", ["--suite=mine.toml"], "pack=x should be a whole number"),
        ("", ["--suite=mine.toml", "--again=results"], "give one of them"),
        (None, ["--again=results"], "no campaign was started there"),
    ],
)
def test_a_suite_that_cannot_be_used_is_refused(
    content: str | None, words: list[str], complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "mine.toml").write_text(content)
    with pytest.raises(BadInput, match=complaint):
        options(*words).grid()


def test_a_campaign_is_repeated_from_what_it_kept(tmp_path: Path) -> None:
    first = options("--methods=ce,gce[q=0.5]", "--noise=0,0.5", "--pack=7", f"--out={tmp_path}", "--devices=cpu")
    suites.keep(first, "older", "2026-01-01 00:00:00")
    later = options("--methods=coop", f"--out={tmp_path}")
    suites.keep(later, "newer", "2026-01-02 00:00:00")
    assert options(f"--again={tmp_path}") == replace(later, again=str(tmp_path))
    again = options(f"--suite={tmp_path}/campaigns/older.toml", f"--out={tmp_path}")
    assert again.grid() == first.grid() and again.pack == 7 and again.devices == "auto"


#: Options that say where, how, whether and to whom; with `suites.WHAT` they are all that the commands with suites have.
ELSEWHERE = {"out": "/x", "cache": "/x", "data": "/x", "costs": "/x", "engine": "ray[address=example.org:1]",
             "detach": True, "devices": "0", "timeout": 1, "track": "csv", "dry_run": False, "wandb": "online",
             "wandb_project": "x", "wandb_entity": "x", "wandb_group": "x", "wandb_tags": ["x", "y"]}  # fmt: skip
WITH_SUITES = [name for name in COMMANDS if "suite" in known(name)]


@pytest.mark.parametrize("command", WITH_SUITES)
def test_every_option_is_for_suites_or_for_the_command_line_alone(command: str) -> None:
    """A new option has to be put into one of the two."""
    assert known(command).keys() - {"suite", "again"} <= {*suites.WHAT, *ELSEWHERE}
    assert not {*suites.WHAT} & ELSEWHERE.keys()


@pytest.mark.parametrize("way", ["suite", "again"])
@pytest.mark.parametrize("option", ELSEWHERE)
@pytest.mark.parametrize("command", WITH_SUITES)
def test_no_file_decides_where_results_go_or_who_is_told(
    command: str, option: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / {"suite": "mine.toml", "again": "results/campaigns/mine.toml"}[way]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"seeds = 1\n{option} = {json.dumps(ELSEWHERE[option])}\n")
    words = {"suite": ["--suite=mine.toml"], "again": ["--again=results"]}[way]
    with pytest.raises(BadInput) as error:
        parse(command, import_module(f"benchmark.commands.{command}").Options, words)
    if option in known(command):
        text = ",".join(map(str, value)) if isinstance(value := ELSEWHERE[option], list) else str(value)
        assert f"leave {option} out of it" in str(error.value)
        assert shlex.split(str(error.value).rpartition(" type ")[2]) == [f"--{option}={text}"]


def test_a_folder_goes_on_in_its_own_place_unless_another_is_typed(tmp_path: Path) -> None:
    suites.keep(options(f"--out={tmp_path}", "--wandb=offline", "--engine=ray", "--cache=/x"), "mine", "2026")
    again = options(f"--again={tmp_path}")
    assert (again.out, again.wandb, again.engine, again.cache) == (tmp_path, "", "local", Options.cache)
    assert options(f"--again={tmp_path}", "--out=other").out == Path("other")


@pytest.mark.parametrize("line", ["# mine\n", 'description = "mine"\n', "seeds = [1]\n"])
def test_a_kept_suite_is_renewed_until_a_person_adds_a_line(tmp_path: Path, line: str) -> None:
    options = Options(datasets="digits", out=tmp_path)
    for made in ("2026-01-01 00:00:00", "2026-01-02 00:00:00"):
        suites.keep(options, "name", made)
    (path,) = tmp_path.glob("campaigns/*.toml")
    assert "2026-01-02" in path.read_text()
    path.write_text(text := path.read_text() + line)
    with pytest.raises(BadInput, match=r"name\.toml was not written by promptnoise and is kept"):
        suites.keep(options, "name", "2026-01-03 00:00:00")
    assert path.read_text() == text
