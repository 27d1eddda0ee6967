"""Logs the finished records that are not logged yet."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from filelock import FileLock, Timeout

from benchmark.errors import BadInput
from benchmark.outputs import check_folders
from benchmark.records.logged import is_marked, marks, write_mark
from benchmark.records.record import BadRecord, Record
from benchmark.records.store import Store
from benchmark.tracking.target import Target
from benchmark.tracking.wandb_run import log_campaign, log_record
from datamodules import atomic, reading

logger = logging.getLogger(__name__)

#: W&B is taken for down after so many failures in a row.
PATIENCE = 3


@dataclass(frozen=True)
class Synced:
    """How many records were logged now, how many are still not, and what W&B raised last (empty if nothing)."""

    logged: int
    left: int
    cause: str = ""


def sync(
    target: Target,
    stop: Event | None = None,
    finish: bool = True,
    rest: float = 0.0,
    step: Callable[[int], None] = lambda left: None,
) -> Synced:
    """Log every finished record that is not logged yet; safe to repeat and to interrupt.

    Once `stop` is set, the current record is the last. With `finish` the campaign's leaderboard, pictures and records
    are logged, too, if all runs are. Each second of processor time is followed by `rest` seconds, so that others have
    the machine. `step` is told after each record how many are left. Raises BadInput: wandb is not installed, another
    process is logging this folder, or a link stands for one of ours.
    """
    try:
        import wandb  # noqa: F401
    except ImportError:
        raise BadInput("wandb is not installed: `pip install wandb`") from None
    folder = _marks(target)
    check_folders(target.out, [folder.relative_to(target.out).as_posix()])
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".lock", timeout=0):
            synced = _log_all(target, stop or Event(), rest, step)
            return _finish(target, synced) if finish and not synced.left else synced
    except Timeout:
        raise BadInput(f"another process is logging {target.out} to W&B; try again when it is done") from None


def pending(target: Target) -> int:
    """How many finished records are not logged yet."""
    return sum(1 for _ in _waiting(target))


def _log_all(target: Target, stop: Event, rest: float, step: Callable[[int], None]) -> Synced:
    waiting = list(_waiting(target))
    done, failed, cause = 0, 0, ""
    for record, content, mark in waiting:
        if stop.is_set() or failed == PATIENCE:
            break
        start = time.process_time()
        try:
            address = log_record(record, content, target, again=mark.exists())
        except Exception as error:  # whatever W&B raises: records stay on disk, and sync can be repeated
            failed, cause = failed + 1, _line(error)
            logger.warning("%s is not logged: %s", record.run, cause)
            continue
        failed = 0
        done += 1
        write_mark(mark, content, address, target.place)
        step(len(waiting) - done)
        stop.wait(rest * (time.process_time() - start))
    return Synced(done, len(waiting) - done, cause)


def _finish(target: Target, synced: Synced) -> Synced:
    """Log the tables and pictures of these very records unless they are logged; the pictures are drawn for that."""
    from benchmark.analysis.results import Results
    from benchmark.tracking import campaign_summary

    paths = sorted((target.out / "runs").glob("*/*.json"))
    content = b"".join(reading.read_bytes(path) for path in paths if path.is_file())
    mark = _marks(target) / "leaderboard"
    if is_marked(mark, content, target.place):
        return synced
    try:
        campaign = Results.of(*Store(target.out).load())
        if not campaign.records:
            return synced
        tables, pictures = campaign_summary.to_tables(campaign), campaign_summary.to_pictures(campaign)
        log_campaign(target, _identity(target), tables, pictures, [path for path in paths if path.is_file()])
    except Exception as error:  # as above
        logger.warning("the leaderboard is not logged: %s", error)
        return replace(synced, cause=_line(error))
    write_mark(mark, content, place=target.place)
    return synced


def _identity(target: Target) -> str:
    """The id of the campaign's own run: drawn once and kept, so that there is one, however often the campaign grows."""
    file = _marks(target) / ".leaderboard-id"
    if not file.exists():
        atomic.write(file, secrets.token_hex(8))
    return reading.read_text(file)


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".split("\n")[0]


def _waiting(target: Target) -> Iterator[tuple[Record, bytes, Path]]:
    store, folder = Store(target.out), _marks(target)
    for path in sorted((target.out / "runs").glob("*/*.json")):
        mark = folder / path.stem
        try:
            content = reading.read_bytes(path)
            if is_marked(mark, content, target.place):
                continue
            yield store.read(path), content, mark
        except (BadRecord, OSError) as error:
            logger.warning("%s is left out: %s", path, error)


def _marks(target: Target) -> Path:
    return marks(target.out, target.mode)
