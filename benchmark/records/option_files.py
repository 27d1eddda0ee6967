"""Files that options of a method name: a run is one of their content, which a record holds the hashes of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.plan.axes import Run
from benchmark.records.store import Store
from datamodules import reading
from methods.clip.names import prompt_file


def file_hashes(run: Run) -> dict[str, str]:
    """SHA-256 of the file that each option of a run's method names, by option; none of a file that is not there."""
    found = {}
    for option, name in run.spec.info.files(run.spec.values).items():
        path = prompt_file(Path(name).expanduser())
        if path.is_file():
            found[option] = hashlib.sha256(reading.read_bytes(path, reading.TENSORS)).hexdigest()
    return found


def check_same_files(store: Store, finished: Iterable[Run]) -> None:
    """Checks that finished runs had the files that their options name now. Raises BadInput: one has changed."""
    now: dict[str, dict[str, str]] = {}
    for run in finished:
        if run.method not in now:
            now[run.method] = file_hashes(run)
        kept = store.read(store.path(run)).hashes if now[run.method] else {}
        if any(value != kept.get(option, value) for option, value in now[run.method].items()):
            raise BadInput(f"{run.method}: the file has changed since its runs in {store.out}; write to another --out")
