"""Changes the code in thousands of small ways and counts which changes the tests notice: `make mutants`.

mutmut makes the changes (`[tool.mutmut]` in pyproject.toml says where, and which tests look), `planted.toml` has faults
that once went unnoticed, `accepted_mutants.toml` the changes that may, with reasons. It takes an hour on two cores;
a file or a room is tried alone by `python -m tests.support.mutants methods/functional/losses.py`, `--planted` tries
what is planted alone, and `--show` what is left of the last time.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from mutmut.mutation.diff_apply import get_diff_for_mutant

HERE = Path(__file__).parent
MADE = Path("mutants")
#: Exit codes of pytest by which a change was noticed; above and below these it ran out of time or crashed.
UNNOTICED, UNTRIED = (0,), (None, 2, 5, 33, 34)
AIM = 0.9


class Mutant(NamedTuple):
    """A change by mutmut's name of it, its file, and the exit code of the tests."""

    name: str
    file: str
    code: int | None

    def lines(self) -> str:
        """The lines that were changed, - and + in front."""
        found = get_diff_for_mutant(self.name, path=self.file)
        return "\n".join(re.sub(r"^([-+])\s+", r"\1 ", line) for line in found.splitlines() if _changed(line))


def _changed(line: str) -> bool:
    return line.startswith(("-", "+")) and not line.startswith(("---", "+++", "-def ", "+def "))


def mutants(folder: Path = MADE) -> Iterator[Mutant]:
    """All changes of the last run."""
    for path in sorted(folder.rglob("*.py.meta")):
        for name, code in json.loads(path.read_text("utf-8"))["exit_code_by_key"].items():
            yield Mutant(name, str(path.relative_to(folder)).removesuffix(".meta"), code)


def reason(file: str, lines: str, accepted: Sequence[dict[str, str]]) -> str:
    """Why the change of these lines may go unnoticed; empty where it may not.

    >>> may = [{"file": "methods/*.py", "lines": r"clamp\\(min=1e-1[12]\\)", "reason": "no number is so small"}]
    >>> reason("methods/coop.py", "- x.clamp(min=1e-12)", may), reason("methods/coop.py", "- x.clamp(min=2)", may)
    ('no number is so small', '')
    """
    return next((a["reason"] for a in accepted if fnmatch(file, a["file"]) and re.search(a["lines"], lines)), "")


def listed(name: str) -> list[dict[str, Any]]:
    """The entries of one of the lists beside this file."""
    entries: list[dict[str, Any]] = tomllib.loads((HERE / name).read_text("utf-8"))["entry"]
    return entries


def table() -> bool:
    """Prints how many changes were noticed by room, and those that were not and have no reason; whether few enough."""
    accepted, left = listed("accepted_mutants.toml"), []
    rooms: dict[str, Counter[str]] = {}
    for mutant in mutants():
        if mutant.code not in UNTRIED:
            counts = rooms.setdefault(str(Path(mutant.file).parent), Counter(killed=0, survived=0, accepted=0))
            if mutant.code not in UNNOTICED:
                counts["killed"] += 1
            elif reason(mutant.file, lines := mutant.lines(), accepted):
                counts["accepted"] += 1
            else:
                counts["survived"] += 1
                left.append(f"{mutant.name}\n{lines}\n")
    print(*left, sep="\n")
    good = True
    for room, counts in rooms.items():
        share = counts["killed"] / counts.total()
        good &= counts["killed"] + counts["accepted"] >= AIM * counts.total()
        print(f"{room}: {share:.1%} killed;", ", ".join(f"{count} {what}" for what, count in counts.items()))
    return good


def planted() -> bool:
    """Plants each fault of planted.toml in a copy, prints which the tests noticed, and returns whether all were."""
    survived = 0
    with TemporaryDirectory() as name:
        copy = Path(name)
        for path in subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.splitlines():
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy / path)
        for fault in listed("planted.toml"):
            file = copy / fault["file"]
            good = file.read_text("utf-8")
            file.write_text(good.replace(fault["code"], fault["fault"]), "utf-8")
            code = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *fault["tests"]],
                cwd=copy, capture_output=True,
            ).returncode  # fmt: skip
            file.write_text(good, "utf-8")
            survived += code != 1
            print("killed  " if code == 1 else f"SURVIVED ({code})", f"{fault['file']}: {fault['fault']}", flush=True)
    print(f"{survived} planted faults survived")
    return not survived


def main(words: Sequence[str]) -> int:
    """The exit code: 1 where a planted fault survives, or more than a tenth of the changes of a room."""
    places = [word for word in words if not word.startswith("-")]
    if {*words} - {*places, "--planted", "--show"}:
        sys.exit(__doc__)
    good = True
    if not {"--planted", "--show"} & {*words}:
        names = [place.removesuffix(".py").strip("/").replace("/", ".") + ".*" for place in places]
        subprocess.run([sys.executable, "-m", "mutmut", "run", *names], check=False)
    if "--planted" not in words:
        good &= table()
    if "--show" not in words and not places:
        good &= planted()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
