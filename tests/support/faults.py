"""Disturbs `promptnoise bench` in every way that happens, and checks that the same command again gives the same bytes.

`python -m tests.support.faults --trials=48 --seed=1` prints a table of what was tried and what survived.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[2]
GRID = ["--datasets=digits", "--methods=zero_shot,coop,ce", "--noise=0,0.5", "--seeds=1,2", "--shots=2", "--epochs=2",
        "--pack=3", "--devices=cpu:2", "--wandb=disabled"]  # fmt: skip
LONGEST = 300.0

#: Runs in every process of a disturbed bench: fails or ends where a file is made durable.
HOOK = """
import os
what, count, mark = os.environ["FAULT"].split(":", 2)
real, left = os.fsync, [int(count)]
def fsync(file):
    left[0] -= 1
    if left[0] < 0 and what == "exit" and not os.path.exists(mark):
        open(mark, "w").close()
        os._exit(137)
    if left[0] < 0 and what != "exit":
        raise OSError(int(what), os.strerror(int(what)))
    real(file)
os.fsync = fsync
"""


@dataclass(frozen=True)
class Session:
    """A bench in a session of its own, with all processes that it starts."""

    process: subprocess.Popen[bytes]

    def members(self) -> dict[int, tuple[int, str]]:
        """Process number to parent and command line."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if int(fields[3]) == self.process.pid and fields[0] != "Z":
                found[int(folder.name)] = (int(fields[1]), command)
        return found

    def pick(self, who: str, rng: random.Random) -> list[int]:
        """The processes of a kind: "group", "parent", "forkserver", or one "worker"."""
        members = self.members()
        servers = [number for number, (_, command) in members.items() if "multiprocessing.forkserver" in command]
        servers = [number for number in servers if members[number][0] not in servers]
        workers = sorted(number for number, (parent, _) in members.items() if parent in servers)
        one = [rng.choice(workers)] if workers else []
        return {"group": list(members), "parent": [self.process.pid], "forkserver": servers, "worker": one}[who]

    def finish(self) -> int:
        """Waits for the end, or ends whatever is left; the exit code."""
        try:
            code = self.process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            code = -1
        deadline = time.monotonic() + 5
        while self.members() and time.monotonic() < deadline:
            time.sleep(0.05)
        send(list(self.members()), signal.SIGKILL)
        self.process.wait()
        return code


def start(out: Path, fault: str = "", hook: Path | None = None) -> Session:
    """A bench on the small grid."""
    path = os.pathsep.join(map(str, filter(None, [hook, ROOT])))
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "FAULT": fault}
    command = [sys.executable, "-m", "benchmark", "bench", *GRID, f"--out={out}"]
    log = (out.parent / f"{out.name}.log").open("ab")
    with log:
        return Session(
            subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)
        )


def send(numbers: list[int], what: int) -> None:
    """A signal to processes, those that are gone passed over."""
    for number in numbers:
        try:
            os.kill(number, what)
        except ProcessLookupError:
            continue


Disturb = Callable[[Path, float, random.Random], None]


def kill(who: str, what: signal.Signals, pause: bool = False) -> Disturb:
    """Sends a signal at a random moment, perhaps after the process has stood still."""

    def disturb(out: Path, seconds: float, rng: random.Random) -> None:
        session = start(out)
        time.sleep(rng.uniform(0, seconds))
        numbers = session.pick(who, rng)
        if pause:
            send(numbers, signal.SIGSTOP)
            time.sleep(1.0)
        send(numbers, what)
        session.finish()

    return disturb


def failing(what: str) -> Disturb:
    """A write fails, or ends its process, after a few that went well."""

    def disturb(out: Path, seconds: float, rng: random.Random) -> None:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "sitecustomize.py").write_text(HOOK)
            start(out, f"{what}:{rng.randrange(8)}:{folder}/mark", Path(folder)).finish()

    return disturb


def damage_records(out: Path, seconds: float, rng: random.Random) -> None:
    """Damages some records of a finished bench."""
    start(out).finish()
    damage(out, rng)


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


def two_at_once(out: Path, seconds: float, rng: random.Random) -> None:
    """A second bench in the same folder, one of the two killed at times."""
    first = start(out)
    time.sleep(rng.uniform(0, seconds / 2))
    second = start(out)
    if rng.random() < 0.5:
        time.sleep(rng.uniform(0, seconds))
        send(second.pick("group", rng), signal.SIGKILL)
    first.finish()
    second.finish()


def damage_shards(out: Path, seconds: float, rng: random.Random) -> None:
    """Damages a feature bank, which must be remade to the same bits."""
    import torch

    from tests.support.bank_parts import Encoder, build

    cache = out.parent / f"{out.name}-bank"
    made = build(cache, Encoder())
    for path in cache.rglob("*.safetensors"):
        text = bytearray(path.read_bytes())
        place = rng.randrange(len(text))
        if rng.random() < 0.5:
            text[place] ^= 1 << rng.randrange(8)
        else:
            text[place:] = bytes(len(text) - place)
        path.write_bytes(text)
    assert torch.equal(build(cache, Encoder()), made), "damaged features were used"


FAULTS: dict[str, Disturb] = {
    **{f"{what.name} to the {who}": kill(who, what)
       for who in ("group", "parent") for what in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)},
    "SIGKILL to a worker": kill("worker", signal.SIGKILL),
    "SIGKILL to the fork server": kill("forkserver", signal.SIGKILL),
    "SIGSTOP, then SIGKILL to a worker": kill("worker", signal.SIGKILL, pause=True),
    "SIGSTOP, then SIGKILL to the group": kill("group", signal.SIGKILL, pause=True),
    "full disk": failing("28"),
    "read-only folder": failing("30"),
    "worker exits as if out of memory": failing("exit"),
    "damaged records": damage_records,
    "damaged feature shards": damage_shards,
    "two benches at once": two_at_once,
}  # fmt: skip


def campaign(
    trials: int, seed: int, kinds: list[str], say: Callable[[str], None] = print
) -> tuple[Counter[str], Counter[str]]:
    """How often each kind of fault was tried and survived; kinds come in turn, so that each has its share."""
    rng = random.Random(seed)
    tried, survived = Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        assert start(Path(folder, "undisturbed")).finish() == 0, Path(folder, "undisturbed.log").read_text()
        seconds, expected = time.monotonic() - began, Path(folder, "undisturbed", "leaderboard.csv").read_bytes()
        for number in range(trials):
            kind, out = kinds[number % len(kinds)], Path(folder, str(number))
            FAULTS[kind](out, seconds, rng)
            finished = {} if kind.startswith("damaged") else records(out)
            code = start(out).finish()
            after = records(out)
            lost = [path for path, text in finished.items() if after.get(path) != text]
            good = code == 0 and not lost and (out / "leaderboard.csv").read_bytes() == expected
            tried[kind] += 1
            survived[kind] += good
            say(f"trial {number + 1} of {trials}, {kind}: {'survived' if good else 'lost'}")
            if not good:
                log = Path(f"{out}.log").read_text()
                say(f"exit code {code}, {len(lost)} records lost\n{log}")
    return tried, survived


def records(out: Path) -> dict[str, bytes]:
    """The records that are there, by their files."""
    return {str(path): path.read_bytes() for path in (out / "runs").glob("*/*.json") if path.is_file()}


def main() -> int:
    """Prints the table; 0 if everything survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=3 * len(FAULTS))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    tried, survived = campaign(options.trials, options.seed, list(FAULTS), partial(print, flush=True))
    for kind in tried:
        print(f"{kind:36} {tried[kind]:3} tried {survived[kind]:3} survived")
    print(f"{'all':36} {tried.total():3} tried {survived.total():3} survived, seed {options.seed}")
    return 0 if tried == survived else 1


if __name__ == "__main__":
    sys.exit(main())
