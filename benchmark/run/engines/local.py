"""The local pool: a worker process for each device of this machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from benchmark.plan.packs import Pack
from benchmark.run import pool
from benchmark.run.devices import parse_devices, planned_workers, threads_per_worker

if TYPE_CHECKING:
    from benchmark.run.worker import Runner


@dataclass(frozen=True)
class Options:
    """Processes on this machine; `--devices` says how many and where."""

    def check(self, devices: str) -> None:
        """Accepts what `parse_devices` reads.

        Raises:
            BadInput: devices that are not written so.
        """
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

    def map_packs(
        self,
        runner: Runner,
        packs: Sequence[Pack],
        devices: Sequence[str],
        on_event: Callable[[int, Any], None],
        lost: Callable[[Pack, str], None],
        timeout: float,
    ) -> None:
        """Trains the packs in processes that share the cores and the memory of this machine."""
        job = replace(runner, threads=threads_per_worker(list(devices)), sharing=Counter(devices))
        pool.map_packs(job, packs, devices, on_event, lost, timeout)
