"""What an engine is asked to do: packs to train, by what, where, and who hears of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from benchmark.plan.packs import Pack
from benchmark.records.store import Store
from benchmark.run.events import Event, Report

Job = Callable[[Pack, str, Report], bool | None]
OnEvent = Callable[[int, Any], None]
J = TypeVar("J", covariant=True)


@dataclass(frozen=True)
class Workload(Generic[J]):
    """Packs, the job that trains one of them, and the device of each worker.

    `tell(worker, event)` hears what workers report; `lost(pack, cause)` gets a run that ends every worker that trains
    it. A worker that reports nothing for `timeout` seconds (0: for ever) is ended.
    """

    job: J
    packs: Sequence[Pack]
    devices: Sequence[str]
    tell: OnEvent
    lost: Callable[[Pack, str], None]
    timeout: float = 0.0


def noting_lost(store: Store, tell: OnEvent) -> Callable[[Pack, str], None]:
    """A `lost` that notes the failure of every run that has no record."""

    def lost(pack: Pack, cause: str) -> None:
        for run in store.fail_missing(pack.runs, cause):
            tell(-1, Event("", "failed", f"{run}: {cause}", finished=1))

    return lost
