"""Finished runs as CSV or TensorBoard files in OUT/track, by Lightning's own loggers, for those without W&B."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmark.outputs import check_folders
from benchmark.plan.axes import Run
from benchmark.records.logged import is_marked, write_mark
from benchmark.records.paths import slug
from benchmark.records.record import Record
from benchmark.records.store import Store
from benchmark.tracking.mode import parse_track
from benchmark.tracking.run_config import config_of
from benchmark.tracking.wandb_run import epochs_of, summary_of
from datamodules import reading

#: What the loggers write in the folder of a run.
LOGGED = ("metrics.csv", "hparams.yaml", "events.out.tfevents.*")


def check_track(track: str, out: Path, datasets: Iterable[str]) -> None:
    """Accept the kinds of files asked for, and their folders in OUT/track.

    Raises BadInput: There is no such kind, or a link or file stands in a folder's place.
    """
    names = [".logged", *map(slug, datasets)]
    check_folders(out, [f"track/{kind}/{name}" for kind in parse_track(track) for name in names])


class Files:
    """Called again and again, writes the files of those of `runs` that have finished since; each record once."""

    def __init__(self, track: str, store: Store, runs: Iterable[Run]) -> None:
        self._store = store
        self._left = [(kind, run) for run in runs for kind in parse_track(track)]

    def __call__(self) -> None:
        """Raises OSError where the folder cannot be written."""
        for kind, run in [*self._left]:
            path, folder = self._store.path(run), self._store.out / "track" / kind
            if path.is_file():
                mark, content = folder / ".logged" / run.key, reading.read_bytes(path)
                if not is_marked(mark, content):
                    write_record(kind, folder, self._store.read(path))
                    write_mark(mark, content)
                self._left.remove((kind, run))


def write_record(kind: str, folder: Path, record: Record) -> None:
    """Write a run's curves, its final numbers as `final/NAME`, and its configuration, in place of older files.

    Raises BadInput: A link or file stands in the place of a folder.
    """
    from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

    run, config = record.run, {**config_of(record), "status": record.status}
    name = f"{slug(run.method)}-{'measured' if run.rate is None else f'{run.rate:g}'}-seed{run.seed}-{run.key}"
    place = folder / slug(run.dataset) / name
    check_folders(folder, [place.relative_to(folder).as_posix()])
    for pattern in LOGGED:
        for old in place.glob(pattern):
            old.unlink()
    final = {f"final/{key}": value for key, value in summary_of(record).items() if not isinstance(value, str)}
    where: tuple[Any, ...] = (folder, slug(run.dataset), name)
    logger = CSVLogger(*where) if kind == "csv" else TensorBoardLogger(*where)
    for values in epochs_of(record.curves):
        logger.log_metrics({**values}, int(values["epoch"]))
    if isinstance(logger, CSVLogger):
        logger.log_hyperparams(config)
        logger.log_metrics(final, run.epochs)
    else:
        logger.log_hyperparams(config, final, run.epochs)
    logger.finalize("success")
