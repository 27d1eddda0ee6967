"""For how many workers the packs of a grid were cut, kept in `campaign.json` beside the records."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable
from pathlib import Path

from benchmark.plan.grid import Run
from datamodules import atomic

logger = logging.getLogger(__name__)


def recorded_workers(out: Path, runs: Iterable[Run], size: int) -> int | None:
    """The number that this grid, in packs of at most `size` runs, was cut for; None where nothing is recorded."""
    found = _read(out).get(grid_name(runs, size))
    return found if isinstance(found, int) and found is not True and found >= 1 else None


def record_workers(out: Path, runs: Iterable[Run], size: int, workers: int) -> None:
    """Records the number of workers, so that the same grid is cut alike when it is resumed on other devices.

    Raises:
        OSError: The folder cannot be written.
    """
    known, grid = _read(out), grid_name(runs, size)
    if known.get(grid) != workers:
        content = json.dumps({"workers": {**known, grid: workers}}, indent=1)
        atomic.write(_path(out), content + "\n")


def _path(out: Path) -> Path:
    return out / "campaign.json"


def grid_name(runs: Iterable[Run], size: int) -> str:
    """What identifies a grid: the hash of its runs' keys and of the greatest size of a pack."""
    text = f"{size} " + " ".join(sorted(run.key for run in runs))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _read(out: Path) -> dict[str, object]:
    """All numbers by grid; a damaged file counts as none, with a warning, and is written anew."""
    try:
        workers = json.loads(_path(out).read_bytes())["workers"]
        return {str(grid): number for grid, number in workers.items()}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        logger.warning("%s is damaged (%s); packs are cut for the devices of now", _path(out), error)
        return {}
