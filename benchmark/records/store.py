"""The results folder: one JSON file per finished run. A file that is there, and can be read, is a run that is done."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmark import PROTOCOL
from benchmark.plan.axes import Run
from benchmark.records.failures import Failure, read_note
from benchmark.records.paths import BESIDE, LEARNED, PREDICTIONS, Names, files_below, in_words, quarantine_record, slug
from benchmark.records.record import SCHEMA, BadRecord, Record, dump, read
from benchmark.uncollected import without_collection
from datamodules import atomic, reading

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

#: More files than these that are left out for one reason are told in one line.
MANY = 20


class Loaded(NamedTuple):
    """Every record that can be trusted, in a fixed order, and one line for every file that was left out."""

    records: list[Record]
    problems: list[str]


@dataclass(frozen=True)
class Store:
    """The records below `out`: `runs/<dataset>/<key>.json`, beside it what was learned and predictions; `failed/`."""

    out: Path
    _known: dict[str, tuple[tuple[int, ...], Record]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def path(self, run: Run) -> Path:
        """Where the record of `run` is, or will be."""
        return Path(self._place(run))

    def _place(self, run: Run) -> str:
        return f"{self._runs}/{slug(run.dataset)}/{run.key}.json"

    @cached_property
    def _runs(self) -> str:
        return str(self.out / "runs")

    def write(
        self, run: Run, result: Mapping[str, Any], learned: Mapping[str, Any] | None = None, predictions: bytes = b""
    ) -> Path:
        """Record a finished run, and forget that it ever failed.

        `result` holds the fields of `Record` except run, key and schema; `learned` holds arrays (or tensors on the
        CPU) by name, `predictions` what `prediction_file.pack` made. The record is written last, so that it never
        stands for something half-written.

        Raises BadRecord: `result` would not read back as a record; nothing is written. Raises OSError: The folder
        cannot be written.
        """
        path = self.path(run)
        beside = {LEARNED: _pack(learned) if learned else b"", PREDICTIONS: predictions}
        hashes = {BESIDE[suffix]: hashlib.sha256(content).hexdigest() for suffix, content in beside.items() if content}
        text = dump(run, {**result, **hashes})
        for suffix, content in beside.items():
            if content:
                atomic.write(path.with_suffix(suffix), content)
            else:
                path.with_suffix(suffix).unlink(missing_ok=True)
        atomic.write(path, text)
        self._failure(run).unlink(missing_ok=True)
        return path

    @without_collection()
    def finished(self, runs: Iterable[Run], *, quarantine: bool = True) -> set[str]:
        """Keys of those of `runs` that are done.

        Whatever is not the intact record that its name says, a folder too, is renamed to `<name>.bad` with a warning,
        the files beside it, too, and its run counts as not done. `quarantine=False` warns and renames nothing.
        """
        done, there = set(), Names(self.out / "runs")
        for run in runs:
            if f"{run.key}.json" not in there[run.dataset]:
                continue
            path = self._place(run)
            try:
                if (record := self._load(path)).run != run:
                    raise BadRecord(f"it is the record of {record.run}")
            except FileNotFoundError:
                continue
            except (BadRecord, OSError) as error:
                logger.warning("%s is set aside and %s is done again: %s", path, run, in_words(error))
                if quarantine:
                    quarantine_record(Path(path))
                continue
            done.add(run.key)
        return done

    @without_collection()
    def load(self) -> Loaded:
        """Read all records; whatever is not one of ours, in its place, is left out and named."""
        records, problems = self._readable(sorted(files_below(self.out / "runs")))
        return Loaded(sorted(records, key=lambda record: record.run.order), problems)

    def _readable(self, paths: Iterable[Path | str]) -> Loaded:
        """The records in files, without those beside a record, and a line for each that is none, or for many alike."""
        records: list[Record] = []
        wrong: dict[str, list[Path | str]] = {}
        for path in paths:
            try:
                if not str(path).endswith(tuple(BESIDE)) or not Path(path).with_suffix(".json").is_file():
                    records.append(self.read(path))
            except (BadRecord, OSError) as error:
                wrong.setdefault(in_words(error), []).append(path)
        problems = []
        for why, files in wrong.items():
            alike = [f"{len(files)} files like {files[0]} are left out: {why}"]
            problems += alike if len(files) > MANY else [f"{file} is left out: {why}" for file in files]
        return Loaded(records, problems)

    def read(self, path: Path | str) -> Record:
        """The record in a file.

        Raises BadRecord: It is not a record, is damaged, of another version, or is not where its run's record belongs.
        Raises OSError: It cannot be read.
        """
        if not str(path).endswith(".json"):
            raise BadRecord("it is not a record")
        record = self._load(str(path))
        if str(path) != (home := self._place(record.run)):
            raise BadRecord(f"it is a copy of {home}" if Path(home).exists() else f"it belongs in {home}")
        return record

    def _load(self, path: str) -> Record:
        """The record in a file, read again only where the file has changed."""
        about = os.stat(path)  # noqa: PTH116 - for many small files, four times as fast
        mark = (about.st_ino, about.st_size, about.st_mtime_ns)
        if path not in self._known or self._known[path][0] != mark:
            self._known[path] = (mark, read(reading.read_bytes(path)))
        return self._known[path][1]

    def find(self, key: str) -> Record:
        """The one record whose key begins with `key`; a copy of it that lies elsewhere is named and left out.

        Raises BadRecord: None does, several do, or the file cannot be trusted or is not where its record belongs.
        """
        paths = sorted((self.out / "runs").glob(f"*/{key}*.json")) if re.fullmatch("[0-9a-f]+", key) else []
        if (count := len({path.stem for path in paths})) != 1:
            what = f"{count} runs in {self.out / 'runs'} have" if count else f"no run in {self.out / 'runs'} has"
            raise BadRecord(f"{what} a key that begins with {key!r}; give one key")
        found, problems = self._readable(paths)
        if not found:
            raise BadRecord(problems[0])
        for problem in problems:
            logger.warning("%s", problem)
        return found[0]

    def learned(self, record: Record) -> dict[str, NDArray[Any]]:
        """What a run learned, by name: `class_weights` [C, E], and for prompts `ctx` [N, D].

        Raises BadRecord: Nothing was kept, or the file is not the one that the run wrote.
        """
        from safetensors.numpy import load

        return dict(load(self._beside(record, LEARNED, "kept nothing that was learned")))

    def predictions(self, record: Record) -> pd.DataFrame:
        """What a run predicted of each image: a row per image, columns as `benchmark.records.prediction_file.COLUMNS`.

        Raises BadRecord: Nothing was kept, or the file is not the one that the run wrote.
        """
        from benchmark.records.prediction_file import unpack

        return unpack(self._beside(record, PREDICTIONS, "kept no predictions"))

    def has_predictions(self, run: Run) -> bool:
        """Whether there is a file of predictions beside the record of a run."""
        return self.path(run).with_suffix(PREDICTIONS).is_file()

    def _beside(self, record: Record, suffix: str, absent: str) -> bytes:
        """The content of a file beside a record, if its hash is the one in the record."""
        path = self.path(record.run).with_suffix(suffix)
        if not path.exists():
            raise BadRecord(f"{record.run} {absent}: {path} does not exist")
        content = reading.read_bytes(path, reading.TENSORS)
        if hashlib.sha256(content).hexdigest() != getattr(record, BESIDE[suffix]):
            raise BadRecord(f"{path} is not the file that {record.run} wrote")
        return content

    def fail(self, run: Run, cause: str) -> None:
        """Note that `run` raised; the note goes when the run is written."""
        note = {"schema": SCHEMA, "key": run.key, "run": asdict(run), "cause": cause}
        atomic.write(self._failure(run), json.dumps(note, indent=1) + "\n")

    def fail_missing(self, runs: Sequence[Run], cause: str) -> list[Run]:
        """Note that those of `runs` without a record were lost, and return them."""
        done = self.finished(runs)
        missing = [run for run in runs if run.key not in done]
        for run in missing:
            self.fail(run, cause)
        return missing

    def failures(self) -> list[Failure]:
        """The runs that raised and are not done since, with their causes; notes that are not ours are passed over."""
        failures = []
        for path in sorted((self.out / "failed").glob("*/*.json")):
            try:
                failure = read_note(path)
                if path != self._failure(failure.run):
                    raise BadRecord(f"it belongs in {self._failure(failure.run)}")
                failures.append(failure)
            except (BadRecord, OSError) as error:
                logger.warning("%s is left out: %s", path, in_words(error))
        here = (failure for failure in failures if failure.run.protocol == PROTOCOL)
        return sorted(here, key=lambda failure: failure.run.order)

    def failed(self, runs: Iterable[Run]) -> set[str]:
        """Keys of those of `runs` that have a note that they raised."""
        there = Names(self.out / "failed")
        return {run.key for run in runs if f"{run.key}.json" in there[run.dataset]}

    def clear_failures(self, runs: Iterable[Run]) -> None:
        """Removes the notes that these runs raised, before they are tried again."""
        there = Names(self.out / "failed")
        for run in runs:
            if f"{run.key}.json" in there[run.dataset]:
                self._failure(run).unlink(missing_ok=True)

    def _failure(self, run: Run) -> Path:
        return self.out / "failed" / slug(run.dataset) / f"{run.key}.json"


def _pack(learned: Mapping[str, Any]) -> bytes:
    import numpy as np
    from safetensors.numpy import save

    return bytes(save({name: np.array(values, order="C") for name, values in learned.items()}))
