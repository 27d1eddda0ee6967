"""Runs that end every worker: each without a record is noted as failed, and told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmark.plan.packs import Pack
from benchmark.records.store import Store
from benchmark.run.events import Event
from benchmark.run.workload import noting_lost
from tests.support.records_factory import result, run


def test_a_lost_run_is_noted_and_told_unless_it_has_a_record(tmp_path: Path) -> None:
    store, told = Store(tmp_path), list[tuple[int, Any]]()
    store.write(run(seed=1), result())
    noting_lost(store, lambda worker, event: told.append((worker, event)))(Pack((run(seed=1), run(seed=2))), "it died")
    assert [(failure.run, failure.cause) for failure in store.failures()] == [(run(seed=2), "it died")]
    ((worker, event),) = told
    assert worker == -1 and event == Event("", "failed", f"{run(seed=2)}: it died", finished=1)
