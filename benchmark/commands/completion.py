"""`promptnoise completion`: complete words with TAB, in bash, zsh and fish."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from importlib import import_module
from typing import Any, Literal, get_args, get_origin, get_type_hints

from benchmark.commands import COMMANDS
from benchmark.plan import groups, method_catalog, suites
from benchmark.published import protocols
from benchmark.tracking.mode import FILES, MODES
from datamodules import catalog, noise, paradigms, reading
from methods import recipes

GROUP = "set up"

#: What makes each shell complete words.
SCRIPTS = reading.facts_beside(__file__)
#: The values by an option's name, as far as they are names; of a list, those that may come next.
VALUES: dict[str, Callable[[], Iterable[str]]] = {
    "methods": lambda: [*method_catalog.methods(), *groups.method_groups()],
    "datasets": lambda: [*catalog.known(), *catalog.groups(), "features", "features:", "folder:", "hf:"],
    "noise_type": noise.known,
    "paradigm": lambda: paradigms.PARADIGMS,
    "recipe": lambda: ["auto", *recipes.known()],
    "suite": suites.known,
    "paper": protocols.known,
    "wandb": lambda: MODES,
    "track": lambda: FILES,
    "backbone": lambda: ["embedded", "embedded-vit", *sorted(_of_papers())],
}


@dataclass(frozen=True)
class Options:
    """Print a script that completes words: source <(promptnoise completion bash); fish: completion fish | source."""

    shell: Literal["bash", "zsh", "fish"]
    """bash, zsh or fish."""

    line: str = ""
    """A line up to the cursor; prints the words that may stand there instead, as the script asks for them."""


def main(options: Options) -> int:
    """Prints the script or, given a line, the words."""
    if not options.line:
        sys.stdout.write(SCRIPTS[options.shell])
        return 0
    for word in words(options.line):
        if options.shell == "bash":  # it takes = for the end of a word
            word = word if word.endswith("=") else word.rpartition("=")[2]
        sys.stdout.write(f"{word.rstrip() if options.shell == 'fish' else word}\n")
    return 0


def words(line: str) -> list[str]:
    """What may stand in place of the last word of a line, which may be empty; a blank ends what is complete."""
    *before, last = line.split() + ([""] if line[-1:].isspace() else [])
    if len(before) < 2:
        return [f"{name} " for name in COMMANDS if name.startswith(last)] if before else []
    if before[1] not in COMMANDS:
        return []
    options = import_module(f"benchmark.commands.{before[1]}").Options
    kinds = {name.rstrip("_"): kind for name, kind in get_type_hints(options).items()}
    needed = [field.name for field in fields(options) if field.default is MISSING]
    flag, equals, value = last.partition("=") if last.startswith("-") else ("", "", last)
    opened = _name(before[-1]) if before[-1].startswith("--") and "=" not in before[-1] else ""
    opened = "" if kinds.get(opened) is bool else opened
    placed = sum(not word.startswith("-") for word in before[2:])
    found = _values(_name(flag) or opened or "".join(needed[placed : placed + 1]), kinds)
    if (flag and not equals) or not (last or opened or found):
        left = kinds.keys() - set(needed) - {_name(word) for word in before}
        flags = [f"--{name}{' ' if kinds[name] is bool else '='}" for name in kinds if name in left]
        return [each for each in [*flags, "--help "] if _name(each).startswith(_name(flag))]
    head, comma, typed = value.rpartition(",")
    return [f"{flag}{equals}{head}{comma}{name}" for name in found if name.startswith(typed)]


def _name(word: str) -> str:
    """The option that a word such as --noise-type=symmetric gives a value; empty for other words."""
    return word.partition("=")[0].removeprefix("--").replace("-", "_") if word.startswith("-") else ""


def _values(option: str, kinds: Mapping[str, Any]) -> Iterable[str]:
    kind = kinds.get(option)
    if get_origin(kind) is Literal:
        return get_args(kind)
    return ("true", "false") if kind is bool else VALUES.get(option, tuple)()


def _of_papers() -> set[str]:
    return {point.backbone for name in protocols.known() for point in protocols.paper(name).points}
