"""Suites: named sets of options of `promptnoise bench`, one TOML file each, and those that a campaign was started with.

A file holds options by name, `noise = [0, 0.5]` or `noise = "0,0.5"`, and may hold a `description`.
"""

from __future__ import annotations

import json
import shlex
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from benchmark.errors import BadInput
from benchmark.outputs import OneFile
from benchmark.plan.axes import OPTIONS
from benchmark.plan.options import Options
from datamodules import reading
from datamodules.errors import nearest
from datamodules.foreign import LONGEST_NAME, one_line
from methods.options.option import as_text

SHIPPED = Path(__file__).parents[1] / "suites"
#: Where users keep theirs, from the folder that a command runs in.
OWN = Path("suites")
#: What a file holds beside options.
ABOUT = ("description", "made")
#: What a suite may say: what is trained. Where that is written, on which machines, and who is told, is said on the
#: command line alone, so that a file of somebody else's decides none of it.
WHAT = (*OPTIONS, "epochs", "precision", "pack", "skip_bad_images", "fewer_shots", "save_predictions", "lr")

#: All that `keep` writes.
MADE = rb'\Amade = ".*"\n((?!description)[a-z_]+ = ".*"\n)*\Z'


def known() -> dict[str, Path]:
    """The suites by name: those that ship with promptnoise, and those of the folder suites/, which win."""
    return {path.stem: path for folder in (SHIPPED, OWN) for path in sorted(folder.glob("*.toml"))}


def completed(given: Mapping[str, str], options: Collection[str]) -> dict[str, str]:
    """Options as texts, with those that `suite` or `again` stand for where they are not given themselves.

    `suite` is a name or a file's path; `again` is a results folder, whose last campaign is taken, and where results go
    on to be written. A file may set `WHAT` is trained and nothing else. Raises BadInput: a suite that there is not or
    that cannot be read, or an option in it that is none of `options` or is for the command line alone.
    """
    if given.get("suite") and given.get("again"):
        raise BadInput("--suite and --again both stand for options; give one of them")
    if again := given.get("again"):
        folder = Path(again).expanduser()
        return {**_texts(_last(folder), options), "out": again, **given}
    return {**_texts(_path(suite), options), **given} if (suite := given.get("suite")) else dict(given)


def about(path: Path) -> str:
    """What a suite says of itself; empty if it says nothing. Raises BadInput: the file cannot be read."""
    return str(_read(path).get("description", ""))


def keep(options: Options, name: str, made: str) -> None:
    """Writes what a campaign was started with to `OUT/campaigns/NAME.toml`, with when and by what it was `made`.

    Raises OSError: the folder cannot be written.
    """
    values = {field.name: as_text(getattr(options, field.name)) for field in fields(Options)}
    kept = {"made": made} | {name: text for name, text in values.items() if name in WHAT}
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in kept.items()]
    kept_in(options, name).write("".join(lines))


def kept_in(options: Options, name: str) -> OneFile:
    """The file that keeps what a campaign was started with; one to which a person added a line is not ours any more."""
    return OneFile(options.out / "campaigns" / f"{name}.toml", MADE)


def _path(suite: str) -> Path:
    if suite.endswith(".toml"):
        return Path(suite).expanduser()
    if suite not in (names := known()):
        raise BadInput(f"unknown suite {suite!r}: {nearest(suite, names)}; a file's name ends in .toml")
    return names[suite]


def _last(folder: Path) -> Path:
    paths = list((folder / "campaigns").glob("*.toml"))
    if not paths:
        raise BadInput(f"--again={folder}: no campaign was started there; there must be {folder / 'campaigns'}")
    return max(paths, key=lambda path: (str(_read(path).get("made", "")), path.name))


def _texts(path: Path, options: Collection[str]) -> dict[str, str]:
    texts = {}
    for name, value in _read(path).items():
        if name in ABOUT:
            continue
        if name not in options or name in ("suite", "again"):
            raise BadInput(
                f"suite {path} has the option {one_line(name, LONGEST_NAME)!r}, which there is not; "
                f"{nearest(name, [each for each in options if each in WHAT])}"
            )
        text = ",".join(map(as_text, value)) if isinstance(value, list) else as_text(value)
        if name not in WHAT:
            typed = shlex.quote(f"--{name}={one_line(text, LONGEST_NAME)}")
            raise BadInput(
                f"suite {path} sets {name}; a suite says what is trained, not where or how: leave {name} out of it, "
                f"and if you want it so, type {typed}"
            )
        texts[name] = text
    return texts


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(reading.read_text(path, encoding="utf-8-sig"))
    except FileNotFoundError:
        raise BadInput(f"there is no suite {path}") from None
    except RecursionError:
        raise BadInput(f"suite {path} is nested too deeply; options are numbers, texts, or lists of them") from None
    except (OSError, ValueError) as error:
        raise BadInput(f"suite {path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
