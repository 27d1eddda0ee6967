"""Who trains what, where several processes write to one results folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from benchmark.plan.axes import Run


class Locks:
    """Locks on packs below `out/locks`, so that several `bench` in one results folder share the work.

    A worker locks a pack before it trains, and looks again at what is done once it has the lock, since another process
    may just have finished the pack; one that it does not get it puts at the end of its queue. The operating system
    frees the lock of a process that dies, so that nothing has to be cleaned up; the empty lock files may stay. Locks
    are those of `filelock`: they hold between machines where the file system passes `flock` on (NFS 4, Lustre mounted
    with -o flock). Where it does not, two processes may train the same pack, which costs time and changes no number.
    """

    def __init__(self, out: Path) -> None:
        self.folder = out / "locks"

    @contextmanager
    def lock(self, runs: Sequence[Run]) -> Iterator[bool]:
        """Whether these runs are ours until the end of the block; False where another process has them.

        Raises OSError: The folder cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / f"{lock_name(runs)}.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()


def lock_name(runs: Sequence[Run]) -> str:
    """A name for a set of runs, whatever their order."""
    return hashlib.sha256("".join(sorted(run.key for run in runs)).encode()).hexdigest()[:16]
