"""Records of several results folders in one: those that were made of the same weights, images and labels."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from benchmark.outputs.place import is_there
from benchmark.plan.axes import DATA, phrase
from benchmark.records.checksummed import BadRecord, parse
from benchmark.records.paths import BESIDE, quarantine_file
from benchmark.records.record import Record
from benchmark.records.store import Store
from datamodules import atomic, reading

#: Where it is kept which folder each record came from.
ORIGINS = "origins.json"
#: What a record is made of, by name: "weights of ViT-B-16/openai" and the hash of them.
Origin = tuple[str, str]


@dataclass
class Merged:
    """What became of the records: how many were added from each folder, and lines about those that were not.

    `twice` counts runs that were there already, and `apart` is the most, in points, that two accuracies of one run
    differ by. `problems` are files that are not records at all, `refused` why some do not fit. `there` has all records
    of the target by key, and `_known` what each name stands for there, and in which folder it did first.
    """

    added: Counter[str] = field(default_factory=Counter)
    twice: int = 0
    apart: float = 0.0
    problems: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    there: dict[str, Record] = field(default_factory=dict)
    _known: dict[str, tuple[str, str]] = field(default_factory=dict)

    def take(self, record: Record, folder: str) -> None:
        """Notes a record as there, and its folder as the first that says what its names stand for, if it is."""
        self.there[record.key] = record
        for name, value in _made_of(record):
            self._known.setdefault(name, (value, folder))

    def fits(self, record: Record, source: Store) -> bool:
        """Takes a record of a folder unless it is there already, or was made of something else; then counts it so."""
        if (other := self.there.get(record.key)) is not None:
            self.twice += 1
            self.apart = max(self.apart, abs(other.accuracy - record.accuracy))
            return False
        if why := _misfit(record, self._known) or _changed(source, record):
            self.refused[f"{source.out}: {why}"] += 1
            return False
        self.added[str(source.out)] += 1
        self.take(record, str(source.out))
        return True


def merge(folders: Sequence[Path], out: Path) -> Merged:
    """Copies records, with the files beside them, to `out`, byte by byte; of a run that several have, the first stays.

    The first record of a name decides what it stands for: records of other weights, another precision, another split
    or other labels under that name are refused. `origins.json` keeps the name of the folder that each record came from.

    Raises BadInput: A link, folder or device stands in the place of `origins.json` in `out`. Raises BadRecord: That
    file is damaged, or not ours. Raises OSError: a folder cannot be written.
    """
    target, merged, names = Store(out), Merged(), _names(folders)
    origins = read_origins(out)
    for record in target.load().records:
        merged.take(record, str(out))
    for folder in folders:
        source = Store(folder)
        records, problems = source.load()
        merged.problems += problems
        fitting = [record for record in records if merged.fits(record, source)]
        origins |= {record.key: names[folder] for record in fitting}
        # Before the records, whose origin nobody would know if this were interrupted.
        atomic.write(out / ORIGINS, json.dumps(dict(sorted(origins.items())), indent=1) + "\n")
        for record in fitting:
            _copy(source, target, record)
        _copy_failures(source, target, merged.there)
    return merged


def _names(folders: Sequence[Path]) -> dict[Path, str]:
    """What each folder is called: its last part, with a number where several share it."""
    names = [folder.resolve().name or "root" for folder in folders]
    return {
        folder: f"{name} ({names[:place].count(name) + 1})" if names.count(name) > 1 else name
        for place, (folder, name) in enumerate(zip(folders, names, strict=True))
    }


def _made_of(record: Record) -> Iterator[Origin]:
    run = record.run
    yield f"weights of {run.backbone_name}", record.weights
    yield f"precision of {run.backbone_name}", record.precision
    yield f"split of {run.dataset}", record.hashes.get("split", "")
    if not record.label_free:
        rate = "" if run.rate is None else f" {run.rate:g}"
        drawn = phrase(
            {name: getattr(run, name) for name in DATA if name not in ("dataset", "noise", "rate")}, usual=True
        )
        yield f"labels of {run.dataset}, {run.noise}{rate}, {drawn}", record.noise.labels_sha256


def _misfit(record: Record, known: Mapping[str, tuple[str, str]]) -> str:
    for name, value in _made_of(record):
        if name in known and known[name][0] != value:
            other, folder = known[name]
            return f"the {name} are {value[:12] or 'unknown'}, and {other[:12] or 'unknown'} in {folder}"
    return ""


def _changed(source: Store, record: Record) -> str:
    """What is wrong with a file beside a record; one that was removed is no reason to refuse the record."""
    for suffix, field_of_hash in BESIDE.items():
        path = source.path(record.run).with_suffix(suffix)
        if not path.exists():
            continue
        with reading.open_file(path, reading.TENSORS) as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != getattr(record, field_of_hash):
                return f"{path} is not the file that {record.run} wrote"
    return ""


def _copy(source: Store, target: Store, record: Record) -> None:
    """The files beside it first, so that a record never stands without them; what is something else is set aside."""
    old, new = source.path(record.run), target.path(record.run)
    kept = [suffix for suffix, field_of_hash in BESIDE.items() if getattr(record, field_of_hash)]
    for suffix in (*BESIDE, new.suffix):
        file, place = old.with_suffix(suffix), new.with_suffix(suffix)
        wanted = suffix in (*kept, new.suffix) and file.exists()
        if os.path.lexists(place) and not (wanted and _are_equal(file, place)):
            quarantine_file(place)
        if wanted:
            atomic.write(place, _read(file))


def _are_equal(file: Path, place: Path) -> bool:
    same_size = place.is_file() and not place.is_symlink() and place.stat().st_size == file.stat().st_size
    return same_size and _read(place) == _read(file)


def _read(file: Path) -> bytes:
    return reading.read_bytes(file, reading.TENSORS) if file.suffix in BESIDE else reading.read_bytes(file)


def _copy_failures(source: Store, target: Store, done: Mapping[str, Record]) -> None:
    for failure in source.failures():
        if failure.run.key not in done and not target.failed([failure.run]):
            target.fail(failure.run, failure.cause)
    target.clear_failures([record.run for record in done.values()])


def read_origins(out: Path) -> dict[str, str]:
    """The name of the folder that each record came from, by key; none where there is no such list.

    Raises BadInput: a link, folder or device stands in its place. Raises BadRecord: it is damaged, or not ours.
    """
    path = out / ORIGINS
    if not is_there(path):
        return {}
    try:
        origins = {str(key): PurePath(str(folder)).name for key, folder in parse(reading.read_bytes(path)).items()}
    except (BadRecord, AttributeError):
        origins = {"": ""}
    if not all(re.fullmatch("[0-9a-f]{16}", key) for key in origins):
        raise BadRecord(f"{path} is damaged, or not ours; move it away, or write to another --out")
    return origins
