"""One trial: a command is struck at a moment, run again, and compared with one that never was."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.faults.commands import NEEDS, Given, contents
from tests.support.faults.moments import PHASES, Moments
from tests.support.faults.processes import Session, records, send

KILL, TERM, INT = signal.SIGKILL, signal.SIGTERM, signal.SIGINT
#: Who is struck by what; what is struck from inside has no one. A second signal comes a moment after the first.
FROM_OUTSIDE: dict[str, tuple[str, tuple[signal.Signals, ...]]] = {
    **{f"{what.name} to the {who}": (who, (what,)) for who in ("group", "parent") for what in (KILL, TERM, INT)},
    "SIGSTOP, then SIGKILL to the group": ("group", (signal.SIGSTOP, KILL)),
    "SIGKILL to a worker": ("worker", (KILL,)),
    "SIGSTOP, then SIGKILL to a worker": ("worker", (signal.SIGSTOP, KILL)),
    "SIGKILL to the follower": ("follower", (KILL,)),
}
FROM_INSIDE = {"full disk": "28", "read-only folder": "30", "exit as if out of memory": "exit"}
FOLLOWED = ("SIGKILL to the follower", "SIGKILL to the group")
#: Phases in which a bench has no workers.
ALONE = ("planning", "manifest", "table")


@dataclass(frozen=True)
class Outcome:
    """What was tried, how much was finished then of how much in all, and what was not as it should be afterwards."""

    command: str
    phase: str
    blow: str
    done: int
    total: int
    wrong: Sequence[str]

    @property
    def inside(self) -> bool:
        """Whether it struck between the first and the last file or record."""
        return 0 < self.done < self.total

    def __str__(self) -> str:
        """One line."""
        end = f"LOST: {'; '.join(self.wrong)}" if self.wrong else "survived"
        return f"{self.command}, {self.phase}, {self.done} of {self.total} done, {self.blow}: {end}"


@dataclass
class Trials:
    """Trials in a folder; undisturbed commands are run when they are first needed, and their moments counted."""

    folder: Path
    given: Given = field(init=False)
    counted: dict[str, Moments] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.given = Given(self.folder / "given")
        self.given.folder.mkdir()

    def phases(self, command: str) -> list[str]:
        """The phases that a command has."""
        moments = self._undisturbed(command)
        own = [phase for phase in PHASES if moments.count(phase)]
        return [*own, "W&B follower"] if command == "bench" else own

    def blows(self, command: str, phase: str) -> list[str]:
        """What can strike a command in a phase."""
        if phase == "W&B follower":
            return list(FOLLOWED)
        workers = command == "bench" and phase not in ALONE
        outside = [
            name for name, (who, _) in FROM_OUTSIDE.items() if who != "follower" and (workers or who != "worker")
        ]
        return [*outside, *FROM_INSIDE]

    def run(self, command: str, phase: str, rng: random.Random, blow: str = "") -> Outcome:
        """One trial, at a random moment of a phase after the first record where the phase has one."""
        at = "between records" if phase == "W&B follower" else phase
        count = self._undisturbed(command).count(at)
        number = rng.randint(1, max(1, count - 1)) if at == "between records" else rng.randint(min(2, count), count)
        blow = blow or rng.choice(self.blows(command, phase))
        folder = self.folder / f"trial{len(list(self.folder.glob('trial*')))}"
        folder.mkdir()
        out = folder / "out"
        more = [f"--wandb={'offline' if phase == 'W&B follower' else 'disabled'}"] * (command == "bench")
        moments = Moments(folder, lambda: finished(command, out), at, number, FROM_INSIDE.get(blow, ""))
        session = self.given.run(command, out, moments, more)
        _strike(session, moments, blow, rng)
        kept = records(out)
        code = self.given.run(command, out, None, more).finish()
        wrong = [] if code == 0 else [f"exit code {code}", out.with_name("out.log").read_text()[-2000:]]
        found, expected = contents(out), contents(self.given.folder / command)
        wrong += [
            f"{name} is not as it was" for name in sorted({*found, *expected}) if found.get(name) != expected.get(name)
        ]
        wrong += [f"{name} was lost" for name, text in kept.items() if records(out).get(name) != text]
        struck = folder / "struck"
        done = int(struck.read_text()) if struck.exists() else -1
        if done < 0:
            wrong.append("it was never struck")
        return Outcome(command, phase, blow, done, finished(command, self.given.folder / command), wrong)

    def _undisturbed(self, command: str) -> Moments:
        if command not in self.counted:
            if command in NEEDS:
                self._undisturbed(NEEDS[command])
            folder = self.folder / f"moments of {command}"
            folder.mkdir()
            moments = Moments(folder, lambda: 0)
            self.given.make(command, moments)
            self.counted[command] = moments
        return self.counted[command]


def finished(command: str, out: Path) -> int:
    """How many records there are, or files of a command that has none."""
    if command in ("bench", "merge"):
        return len(records(out))
    return sum(path.is_file() and not path.name.startswith(".") for path in out.glob("*"))


def _strike(session: Session, moments: Moments, blow: str, rng: random.Random) -> None:
    """Waits for the moment, strikes, and waits for the end."""
    code = None
    while code is None and not (moments.folder / "struck").exists():
        time.sleep(0.005)
        code = session.ended()
    if code is None and blow in FROM_OUTSIDE:
        who, signals = FROM_OUTSIDE[blow]
        numbers = session.pick(who, rng)
        for what in signals:
            send(numbers, what)
            time.sleep(0.2 if what == signal.SIGSTOP else 0)
    (moments.folder / "go").touch()
    if code is None:
        session.finish()
