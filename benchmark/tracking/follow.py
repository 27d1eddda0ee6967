"""The process beside training that logs records as they appear."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmark.outputs import check_folders
from benchmark.outputs.place import is_there
from benchmark.tracking.logging_records import pending
from benchmark.tracking.target import Target
from datamodules import reading

HERE = Path(__file__).absolute().parents[2]
#: Imports our packages although the working folder, which Python searches first, may have others of the same names.
START = """import sys
sys.path[:] = [sys.argv.pop(1), *filter(None, sys.path)]
import benchmark, datamodules, methods
del sys.path[0]
from benchmark.tracking.follower import main
sys.exit(main())"""


class Follower:
    """Starts a process that logs finished records, resting most of the time until training ends.

    Nothing it does can stop or delay training. Use as a context manager around training: an exception inside stops
    the process at once.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.log = target.out / "wandb" / "follow.log"
        check_folders(target.out, ["wandb"])
        is_there(self.log)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        where = (str(target.out), target.mode, target.project, target.group, target.entity, *target.tags)
        command = [sys.executable, "-c", START, str(HERE), *where]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=log,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"},
            )  # fmt: skip

    def __enter__(self) -> Follower:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: object) -> None:
        if kind is not None:
            self.stop()

    def finish(self, timeout: float = 10.0) -> str:
        """Let it log what is left, wait for that at most `timeout` seconds, and tell in one line how things stand.

        What takes longer goes on in the background.
        """
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            what = f"{left} runs are" if (left := pending(self.target)) else "the leaderboard is"
            return f"W&B: {what} being logged in the background; `promptnoise sync` logs what is missing"
        left = pending(self.target)
        if left or self._process.returncode != 0:
            return f"W&B: {left} runs are not logged ({self._cause()}); `promptnoise sync` logs them"
        where = (
            f"below {self.target.out / 'wandb'}, `wandb sync` uploads them"
            if self.target.mode == "offline"
            else "online"
        )
        return f"W&B: all runs are logged {where}"

    def stop(self) -> None:
        """End the process now; `promptnoise sync` logs what is left."""
        if self._process.stdin:
            self._process.stdin.close()
        self._process.kill()
        self._process.wait()

    def _cause(self) -> str:
        lines = reading.read_bytes(self.log).decode(errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else f"the logging process ended with code {self._process.returncode}"
