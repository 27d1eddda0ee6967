"""What a worker does with a pack: trains what is not done, in parts where it must, and writes one record per run."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from benchmark.errors import BadInput
from benchmark.plan.grid import Run
from benchmark.plan.packs import Pack
from benchmark.records.store import Store
from benchmark.run.events import Event
from benchmark.run.memory import TooLarge
from benchmark.run.pool import Report
from benchmark.run.resources import Resources
from benchmark.run.training import train
from datamodules.errors import DataError
from methods.errors import BackboneError, MethodError


@dataclass
class Runner:
    """A job for `map_packs`.

    `threads` limits a CPU worker's threads (0: torch's own choice), and `sharing` workers share a device's memory.
    """

    out: Path
    resources: Resources = field(default_factory=Resources)
    threads: int = 0
    sharing: int = 1

    def __call__(self, pack: Pack, device: str, report: Report) -> None:
        """Trains the pack unless all of it is done, in parts where memory is short; halves it on an error."""
        if self.threads:
            torch.set_num_threads(self.threads)
        store = Store(self.out)
        done = store.finished(pack.runs)
        if len(done) < len(pack.runs):
            self._train_or_split(pack.runs, done, device, store, report)

    def _train_or_split(self, runs: Sequence[Run], done: set[str], device: str, store: Store, report: Report) -> None:
        try:
            results = train(runs, self.resources, device, self.sharing, report)
        except (BadInput, DataError, BackboneError, MethodError):
            raise
        except TooLarge as error:
            logging.getLogger(__name__).info("%s: %s", Pack(tuple(runs)).title, error)
            self._split(runs, error.parts, done, device, store, report)
            return
        except Exception as error:
            todo = [run for run in runs if run.key not in done]
            if len(runs) == 1:
                cause = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
                store.fail(runs[0], cause)
                report(Event(device, "failed", str(runs[0]), finished=len(todo)))
                return
            logging.getLogger(__name__).warning("%d runs raised %r; trying them in halves", len(runs), error)
            self._split(runs, 2, done, device, store, report)
            return
        for run, (result, learned) in zip(runs, results, strict=True):
            if run.key not in done:
                store.write(run, result, learned)
        report(Event(device, "finished", finished=sum(run.key not in done for run in runs)))

    def _split(
        self, runs: Sequence[Run], parts: int, done: set[str], device: str, store: Store, report: Report
    ) -> None:
        """Trains the runs in equal parts, one after the other."""
        if device.startswith("cuda"):
            torch.cuda.empty_cache()
        share = math.ceil(len(runs) / parts)
        for part in (runs[first : first + share] for first in range(0, len(runs), share)):
            if any(run.key not in done for run in part):
                self._train_or_split(part, done, device, store, report)
