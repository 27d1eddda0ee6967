"""The moments of a command at which it can be struck, and what strikes it from inside."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from datamodules import atomic
from datamodules.features.bank import FeatureBank
from methods.core.module import RunsModule

#: What a command is doing when it is struck; in the last, a record was just written, and the follower is struck.
WRITTEN = ("record", "predictions", "learned", "manifest", "table")
PHASES = ("planning", "encoding", "first epoch", "between records", *WRITTEN, "W&B follower")
SUFFIXES = {".json": "record", ".parquet": "predictions", ".safetensors": "learned"}
#: Seconds for which a struck process waits for the blow.
LONGEST = 30.0


def kind_of(path: Path) -> str:
    """Which of `WRITTEN` a file is."""
    if path.parent.parent.name == "runs":
        return SUFFIXES[path.suffix]
    return "manifest" if path.name in (".promptnoise.json", "campaign.json", "origins.json") else "table"


@dataclass
class Moments:
    """Counts the moments of a command's processes in `folder`; at the `number`-th of `phase`, 1 or more, it strikes.

    `blow` is the number of an error that every write raises from then on, "exit", or "" to stand still until the folder
    has a file `go`. `done` counts what is finished, which the file `struck` keeps.
    """

    folder: Path
    done: Callable[[], int]
    phase: str = ""
    number: int = 0
    blow: str = ""
    writing: str = field(default="", init=False)

    def hit(self, phase: str) -> None:
        """Counts a moment, over all processes, and strikes if it is the one."""
        with (self.folder / phase.replace("&", "")).open("ab", buffering=0) as file:
            file.write(b".")
            count = file.tell()
        if phase != self.phase or count != self.number:
            return
        (self.folder / "unfinished").write_text(str(self.done()))
        (self.folder / "unfinished").replace(self.folder / "struck")
        if self.blow == "exit":
            os._exit(137)
        end = time.monotonic() + (0 if self.blow else LONGEST)
        while time.monotonic() < end and not (self.folder / "go").exists():
            time.sleep(0.005)

    def count(self, phase: str) -> int:
        """How many moments of a phase there were."""
        path = self.folder / phase.replace("&", "")
        return path.stat().st_size if path.exists() else 0

    def install(self, command: str) -> None:
        """Has this process, and those that it forks, pass their moments here."""
        module: Any = import_module(f"benchmark.commands.{command}")
        module.main = self._before("planning", module.main)
        real_write, real_sync, real_build = atomic.write, os.fsync, FeatureBank._build

        def write(path: Path, content: str | bytes) -> None:
            self.writing = kind_of(path)
            real_write(path, content)
            if self.writing == "record":
                self.hit("between records")
            self.writing = ""

        def fsync(file: Any) -> None:
            if self.writing:
                self.hit(self.writing)
            if self.blow.isdigit() and (self.folder / "struck").exists():
                raise OSError(int(self.blow), os.strerror(int(self.blow)))
            real_sync(file)

        def build(*inputs: Any) -> Iterator[Any]:
            self.hit("encoding")
            yield from real_build(*inputs)

        patches: list[tuple[Any, str, Any]] = [
            (atomic, "write", write), (os, "fsync", fsync), (FeatureBank, "_build", build),
            (RunsModule, "on_train_epoch_start", self._before("first epoch", RunsModule.on_train_epoch_start)),
        ]  # fmt: skip
        for owner, name, new in patches:
            setattr(owner, name, new)

    def _before(self, phase: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*inputs: Any, **named: Any) -> Any:
            self.hit(phase)
            return real(*inputs, **named)

        return call
