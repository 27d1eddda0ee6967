"""Notes of runs that raised."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from benchmark.plan.axes import Run
from benchmark.records.checksummed import BadRecord, adapter, parse
from benchmark.records.record import check_run
from datamodules import reading


@dataclass(frozen=True)
class Failure:
    """A run that raised, and why; `key` is the run's, as its note has it."""

    run: Run
    cause: str
    key: str


def read_note(path: Path) -> Failure:
    """The failure that a file tells of.

    Raises BadRecord: It is not a note of a failed run. Raises OSError: It cannot be read.
    """
    parse(text := reading.read_bytes(path))
    try:
        note: Failure = adapter(Failure).validate_json(text, strict=True)
    except ValidationError:
        raise BadRecord("it is not a note of a failed run") from None
    check_run(note.run)
    if note.key != note.run.key:
        raise BadRecord(f"its key {note.key!r} is not that of its run, {note.run.key}")
    return note
