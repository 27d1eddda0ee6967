"""Who began to train what and never came to an end, where workers may die with the machine that they run on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmark.plan.axes import Run
from benchmark.records.locks import lock_name


@dataclass(frozen=True)
class Attempts:
    """Marks beside the locks below `out`: one for each holder that has begun to train a set of runs.

    A mark goes when the training ends, with an error too, and stays where its process was killed. Whoever has the
    lock, which the system takes from the dead, counts the marks of others: so many died over these runs. A `holder`
    is named `JOB-N`, where N counts how often the cluster has moved this job: then it is not the runs that killed it.
    """

    out: Path
    holder: str

    @contextmanager
    def mark(self, runs: Sequence[Run]) -> Iterator[None]:
        """Marks these runs as begun until the end of the block. Raises OSError: the folder cannot be written."""
        path = self._folder / f"{lock_name(runs)}.{self.holder}"
        self._folder.mkdir(parents=True, exist_ok=True)
        path.touch()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)

    def deaths(self, runs: Sequence[Run]) -> int:
        """How many other jobs died while they trained these runs, all at once; a job that was moved counts once."""
        names = {path.name.rpartition(".")[2] for path in self._folder.glob(f"{lock_name(runs)}.*")}
        return len({name.rpartition("-")[0] for name in names} - {self.holder.rpartition("-")[0]})

    def forget(self) -> None:
        """Removes the marks of this holder, whose processes were ended on purpose."""
        for path in self._folder.glob(f"*.{self.holder}"):
            path.unlink(missing_ok=True)

    @property
    def _folder(self) -> Path:
        return self.out / "locks" / "begun"


def forget_all(out: Path) -> None:
    """Removes all marks, before a campaign begins anew."""
    for path in (out / "locks" / "begun").glob("*"):
        path.unlink(missing_ok=True)
