"""The local pool: a worker process for each device of this machine."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from benchmark.run import pool
from benchmark.run.devices import parse_devices, planned_workers, threads_per_worker
from benchmark.run.engines import Engine
from benchmark.run.workload import Workload

if TYPE_CHECKING:
    from benchmark.run.worker import Runner


@dataclass(frozen=True)
class Options(Engine):
    """Processes on this machine; `--devices` says how many and where."""

    leaving: ClassVar[str] = "start this command with nohup or in tmux"

    def check(self, devices: str) -> None:
        """Accepts what `parse_devices` reads. Raises BadInput: devices that are not written so."""
        planned_workers(devices, small=False)

    def planned(self, devices: str, small: bool) -> int:
        """As on a machine without a GPU where `devices` is auto."""
        return planned_workers(devices, small)

    def prepare(self) -> None:
        """Starts the process that workers are copied from."""
        pool.prepare()

    def devices(self, asked: str, small: bool, packs: int) -> list[str]:
        """The devices of this machine that are asked for."""
        return parse_devices(asked, small, packs)

    def train(self, work: Workload[Runner]) -> None:
        """Trains the packs in processes that share the cores and the memory of this machine."""
        threads, sharing = threads_per_worker(work.devices), Counter(work.devices)
        pool.map_packs(replace(work, job=replace(work.job, threads=threads, sharing=sharing)))
