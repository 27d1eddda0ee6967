"""A command with all processes that it starts: a bench as a person starts it, and copies of this process."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).parents[3]
GRID = ["--datasets=digits", "--methods=zero_shot,coop,ce", "--noise=0,0.5", "--seeds=1,2", "--shots=2", "--epochs=2",
        "--pack=3", "--devices=cpu:2", "--wandb=disabled"]  # fmt: skip
LONGEST = 300.0


@dataclass(frozen=True)
class Session:
    """A command in a session of its own, with all processes that it starts."""

    pid: int

    def members(self) -> dict[int, tuple[int, str]]:
        """Process number to parent and command line."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if int(fields[3]) == self.pid and fields[0] != "Z":
                found[int(folder.name)] = (int(fields[1]), command)
        return found

    def pick(self, who: str, rng: random.Random) -> list[int]:
        """The processes of a kind: "group", "parent", "forkserver", "follower", or one "worker"."""
        members = self.members()
        servers = [number for number, (_, command) in members.items() if "multiprocessing.forkserver" in command]
        servers = [number for number in servers if members[number][0] not in servers]
        followers = [number for number, (_, command) in members.items() if "benchmark.tracking" in command]
        of_workers = servers or [self.pid]
        workers = sorted({n for n, (parent, _) in members.items() if parent in of_workers} - {*followers, *servers})
        one = [rng.choice(workers)] if workers else []
        return {
            "group": list(members), "parent": [self.pid], "forkserver": servers, "follower": followers, "worker": one
        }[who]  # fmt: skip

    def ended(self) -> int | None:
        """The exit code, or minus the signal that ended it; None while it runs."""
        number, status = os.waitpid(self.pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if number else None

    def finish(self) -> int:
        """Waits for the end, or ends whatever is left; the exit code."""
        end = time.monotonic() + LONGEST
        while (code := self.ended()) is None:
            if time.monotonic() > end:
                send([self.pid], signal.SIGKILL)
            time.sleep(0.01)
        end = time.monotonic() + 5
        while self.members() and time.monotonic() < end:
            time.sleep(0.05)
        send(list(self.members()), signal.SIGKILL)
        return code


def start(out: Path) -> Session:
    """A bench on the small grid, as a person starts it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "benchmark", "bench", *GRID, f"--out={out}"]
    with (out.parent / f"{out.name}.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)
    process.returncode = 0  # waited for here, not by Popen
    return Session(process.pid)


def fork(call: Callable[[], int], log: Path) -> Session:
    """A copy of this process, in which everything is imported already, that calls something and ends."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if not pid:
        _become(call, log)
    return Session(pid)


def _become(call: Callable[[], int], log: Path) -> NoReturn:
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for name in (1, 2):
            os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT), name)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        code = call()
        sys.stdout.flush()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def send(numbers: list[int], what: int) -> None:
    """A signal to processes, those that are gone passed over."""
    for number in numbers:
        try:
            os.kill(number, what)
        except ProcessLookupError:
            continue


def damage(out: Path, rng: random.Random) -> None:
    """Flips, cuts, zeroes, empties or replaces four records."""
    for path in rng.sample(sorted((out / "runs").rglob("*.json")), 4):
        text = bytearray(path.read_bytes())
        place = rng.randrange(len(text))
        match rng.randrange(5):
            case 0:
                text[place] ^= 1 << rng.randrange(7)
            case 1:
                del text[place:]
            case 2:
                text[place:] = bytes(len(text) - place)
            case 3:
                text = bytearray()
            case 4:
                path.unlink()
                path.mkdir()
                continue
        path.write_bytes(text)


def records(out: Path) -> dict[str, bytes]:
    """The records that are there, by their files."""
    return {str(path): path.read_bytes() for path in (out / "runs").glob("*/*.json") if path.is_file()}
