"""For how many workers the packs of a grid were cut, kept in `campaign.json` beside the records."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmark.outputs.place import is_there
from benchmark.plan.axes import Run
from benchmark.records.paths import quarantine_file
from datamodules import atomic, reading

logger = logging.getLogger(__name__)


def recorded_workers(out: Path, runs: Iterable[Run], size: int) -> int | None:
    """The number that this grid, in packs of at most `size` runs, was cut for; None where nothing is recorded."""
    found = _parsed(out, _content(out)).get(grid_name(runs, size))
    return found if isinstance(found, int) and found is not True and found >= 1 else None


def record_workers(out: Path, runs: Iterable[Run], size: int, workers: int) -> None:
    """Records the number of workers, so that the same grid is cut alike when it is resumed on other devices.

    What is not as we write it is renamed to `campaign.json.bad` first.

    Raises BadInput: A link, folder or device stands in the file's place. Raises OSError: The folder cannot be written.
    """
    content = _content(out)
    known, grid = _parsed(out, content), grid_name(runs, size)
    if known.get(grid) != workers:
        if content is not None and content != _text(known).encode():
            quarantine_file(_path(out))
        atomic.write(_path(out), _text({**known, grid: workers}))


def _path(out: Path) -> Path:
    return out / "campaign.json"


def grid_name(runs: Iterable[Run], size: int) -> str:
    """What identifies a grid: the hash of its runs' keys and of the greatest size of a pack."""
    text = f"{size} " + " ".join(sorted(run.key for run in runs))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _content(out: Path) -> bytes | None:
    return reading.read_bytes(_path(out)) if is_there(_path(out)) else None


def _text(workers: Mapping[str, object]) -> str:
    return json.dumps({"workers": dict(workers)}, indent=1) + "\n"


def _parsed(out: Path, content: bytes | None) -> dict[str, object]:
    """All numbers by grid; a damaged file counts as none, with a warning."""
    if content is None:
        return {}
    try:
        workers = json.loads(content)["workers"]
        return {str(grid): number for grid, number in workers.items()}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        logger.warning("%s is damaged (%s); packs are cut for the devices of now", _path(out), error)
        return {}
