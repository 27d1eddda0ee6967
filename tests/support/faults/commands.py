"""The commands that are disturbed, what they read, and what has to be equal after all."""

from __future__ import annotations

import json
import multiprocessing
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmark.__main__ import main
from tests.support.faults.moments import Moments
from tests.support.faults.processes import Session, fork

#: OUT stands for the folder of a trial, GIVEN for what all share, KEY for a run with a prompt in GIVEN/bench.
COMMANDS = {
    "bench": "bench --datasets=digits --methods=zero_shot,coop,ce --noise=0,0.5 --seeds=1,2 --shots=1 --epochs=1 "
    "--pack=2 --devices=cpu:2 --save_predictions --out=OUT",
    "merge": "merge GIVEN/half GIVEN/other --out=OUT",
    "choose": "choose GIVEN/pictures --methods=zero_shot,ce --default=ce --seeds=1,2 --recipe=embedded[epochs=2] "
    "--out=OUT",
    "audit": "audit GIVEN/pictures --correct=0.1 --out=OUT",
    "export": "export KEY --words=false --out=GIVEN/bench --to=OUT",
    "predict": "predict GIVEN/pictures --with=GIVEN/export --out=OUT/predictions.csv",
}
#: The commands whose undisturbed output others read.
NEEDS = {"merge": "bench", "export": "bench", "predict": "export"}
#: What a first command would import, so that every trial need not.
HEAVY = (
    "benchmark.run.worker", "benchmark.run.input_checks", "benchmark.run.campaign", "benchmark.report.make",
    "benchmark.audit.audit_result", "benchmark.choose.choosing", "benchmark.commands.audit",
    "benchmark.commands.choose",
    "benchmark.commands.predict", "benchmark.commands.export", "pyarrow.parquet", "sklearn.linear_model",
)  # fmt: skip
#: Folders that are not compared: logs, locks, notes of failures.
ASIDE = ("wandb", "locks", "failed")


@dataclass(frozen=True)
class Given:
    """A folder with what all trials read, and undisturbed outputs by command."""

    folder: Path

    @property
    def key(self) -> str:
        """The run whose prompt is exported."""
        runs = (json.loads(path.read_bytes())["run"] | {"key": path.stem} for path in self.records("bench"))
        return str(min(run["key"] for run in runs if run["method"] == "coop"))

    def records(self, name: str) -> Sequence[Path]:
        """The records in a folder."""
        return sorted((self.folder / name / "runs").glob("*/*.json"))

    def run(self, command: str, out: Path, moments: Moments | None = None, more: Sequence[str] = ()) -> Session:
        """Starts a command that writes to `out`, with `more` options."""
        places = {"GIVEN": str(self.folder), "OUT": str(out), "KEY": self.key if command == "export" else ""}
        words = [re.sub("GIVEN|OUT|KEY", lambda found: places[found[0]], word) for word in COMMANDS[command].split()]
        return fork(lambda: _work([*words, *more], moments), out.with_name(f"{out.name}.log"))

    def make(self, command: str, moments: Moments | None = None) -> None:
        """Runs a command undisturbed, once; those that it `NEEDS` have been."""
        if command == "merge" and not (self.folder / "half").exists():
            self._halve()
        if not (self.folder / "pictures").exists():
            _draw(self.folder / "pictures")
        out = self.folder / command
        code = self.run(command, out, moments).finish()
        assert code == 0, f"{command}: exit code {code}\n{out.with_name(f'{command}.log').read_text()}"

    def _halve(self) -> None:
        for number, path in enumerate(self.records("bench")):
            home = self.folder / ("half", "other")[number % 2] / "runs" / path.parent.name
            home.mkdir(parents=True, exist_ok=True)
            for file in path.parent.glob(f"{path.stem}.*"):
                shutil.copy(file, home)


def _work(words: Sequence[str], moments: Moments | None) -> int:
    """A command in this process and copies of it, with one thread: those of the copied process are not here."""
    import torch

    torch.set_num_threads(1)
    ours: list[tuple[Any, str, Any]] = [
        (torch, "set_num_threads", lambda count: None), (forkserver, "ensure_running", lambda: None),
        (multiprocessing, "get_context", lambda kind, real=multiprocessing.get_context: real("fork")),
    ]  # fmt: skip
    for owner, name, new in ours:
        setattr(owner, name, new)
    sys.argv = ["promptnoise", *words]
    if moments:
        moments.install(words[0])
    return main([*words])


def warm() -> None:
    """Imports what commands need."""
    for name in HEAVY:
        import_module(name)


def _draw(folder: Path) -> None:
    """Two classes of twelve small pictures, three of each under the other's name."""
    draw = np.random.default_rng(1)
    for number in range(24):
        colour = np.array([200, 60, 60] if number < 12 else [60, 60, 200])
        pixels = np.clip(colour + draw.normal(0, 40, (16, 16, 3)), 0, 255).astype(np.uint8)
        home = folder / ("red", "blue")[(number < 12) == (number % 4 == 0)]
        home.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(home / f"{number}.png")


def contents(out: Path) -> dict[str, object]:
    """What has to be equal, by file: everything but times, and hashes of files that hold times."""
    found: dict[str, object] = {}
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out)
        if path.is_file() and name.parts[0] not in ASIDE and not path.name.endswith(".partial"):
            content = _content(path)
            found[str(name)] = content.replace(str(out).encode(), b"OUT") if isinstance(content, bytes) else content
    return found


def _content(path: Path) -> object:
    if path.name == ".promptnoise.json":
        return sorted(json.loads(path.read_bytes())["files"])
    if path.suffix == ".json" and path.parent.parent.name == "runs":
        return {
            name: value for name, value in json.loads(path.read_bytes()).items() if name not in ("seconds", "sha256")
        }
    if path.suffix == ".toml":
        return re.sub(r"(?m)^made = .*$", "", path.read_text())
    if path.name == "audit.html":  # it links pictures from where it lies
        root = re.compile(rb'(?<="root":")[^"]*')
        return root.sub(lambda found: bytes((path.parent / found[0].decode()).resolve()), path.read_bytes())
    return path.read_bytes()
