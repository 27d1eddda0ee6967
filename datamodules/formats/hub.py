"""Data sets in the format of the Hugging Face `datasets` library, from its cache, a folder or the hub."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datamodules.dataset import Dataset, Labels, Split
from datamodules.errors import DataError
from datamodules.formats import hub_columns as columns
from datamodules.formats.checks import checked, readable
from datamodules.formats.class_names import names_text
from datamodules.formats.held_out import SHARE, divided
from datamodules.formats.hub_images import HubImages
from datamodules.formats.labellings import labelling
from datamodules.notices import say_once

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Hub:
    """Source in a hub data set, or in a local folder of the same format.

    Columns and splits are detected if they are not given. `rename` maps the hub's class names to those for prompts;
    `given` are columns with further labellings; `classes` are names for class numbers, joined by plus signs, or a text
    file with one per line, as is `classnames.txt` in a local folder; of rows of one class that agree in the columns
    `middle_of`, only the middle one is kept (frames of a video clip). `split` is the share of the training split, 0 to
    1, that is held out for testing.
    """

    repo: str
    config: str | None = None
    image: str | None = None
    label: str | None = None
    train: str = "train"
    test: str | None = None
    val: str | None = None
    given: tuple[str, ...] = ()
    rename: Callable[[Sequence[str]], Sequence[str]] = list
    same_names: bool = False
    middle_of: tuple[str, ...] = ()
    split: float | None = None
    classes: str = ""

    def missing(self, root: Path | None = None) -> str | None:
        """Returns what to do to get the data, or None if it is on this machine; looks at folder names only."""
        if Path(self.repo).is_dir():
            return None
        wanted = _flat(self.repo.replace("/", "___"))
        cache = _cache()
        if cache.is_dir() and any(_flat(path.name) == wanted and any(path.iterdir()) for path in cache.iterdir()):
            return None
        return (
            f"{self.repo} is not in {cache}; fetch it with a network (`promptnoise fetch`), or run `hf download "
            f"{self.repo} --repo-type dataset --local-dir DIR` anywhere, copy DIR here and use hf:DIR"
        )

    def open(self, name: str, template: str, root: Path | None = None, download: bool = False) -> Dataset:
        """Reads the data set; only `download=True` uses the network.

        Raises:
            DataError: not on this machine, not on the hub, or without an image column, a label column or a test split.
        """
        tables = self._load(name, download)
        train, test, val = columns.split_names(name, list(tables), self.train, self.test, self.val)
        share = self.split or SHARE
        if test is not None and self.split is not None:
            raise DataError(f"{name} has the split {test!r} to test on; leave out the option split")
        if test is None and self.split is None:
            say_once(logger, f"{name}: there is no test split; {share:.0%} of each class of {train!r} are, by [split=]")
        features = tables[train].features
        image = columns.image_column(name, features, self.image)
        tables = {part: table.flatten() for part, table in _with_pictures(name, tables, image).items()}
        features = tables[train].features  # those of a column of columns are `column.inner`
        label = columns.label_column(name, features, self.label)
        if test is not None and self.test is None:
            test, val = columns.labelled_split(name, {part: tables[part][label][:] for part in (test, val) if part})
        parts = {part: self._rows(tables[part], label) for part in (train, test, val) if part}
        values = {part: table[label][:] for part, table in parts.items()}
        labels, classes = columns.values_as_labels(name, label, values, features[label], self._names())
        given: dict[str, Labels] = {}
        for column in self.given:
            if column not in features:
                raise DataError(f"{name}: no column {column!r} for a labelling; columns are {', '.join(features)}")
            given[labelling(column)] = columns.numbers_of(name, column, train, parts[train][column][:], classes)
        shown, labels, given = columns.without_unused(name, tuple(map(readable, self.rename(classes))), labels, given)
        splits = {part: Split(HubImages(name, table, image, part), labels[part]) for part, table in parts.items()}
        dataset = Dataset(name, shown, template, splits[train], splits[test or train], splits.get(val or ""), given)
        return checked(dataset if test else divided(dataset, share), self.same_names)

    def _names(self) -> tuple[str, ...]:
        """The names for class numbers, where there are some."""
        file = Path(self.classes).expanduser() if self.classes else Path(self.repo) / "classnames.txt"
        if not file.is_file():
            return tuple(filter(None, map(str.strip, self.classes.split("+"))))
        return tuple(filter(None, map(str.strip, names_text(file).splitlines())))

    def _load(self, name: str, download: bool) -> Mapping[str, Any]:
        import datasets  # takes a second to import

        datasets.utils.tqdm.set_lock(threading.RLock())  # tqdm's own has a semaphore, which a killed worker would leak
        try:
            if is_saved(Path(self.repo)):
                saved = datasets.load_from_disk(self.repo)
                return dict(saved) if isinstance(saved, datasets.DatasetDict) else {self.train: saved}
            with _network(download):
                return dict(datasets.load_dataset(self.repo, self.config))
        except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
            cause = (str(error) or type(error).__name__).splitlines()[0]
            raise DataError(f"{name} cannot be read: {self.missing() or cause} [{cause}]") from error

    def _rows(self, table: Any, label: str) -> Any:
        """The table, reduced to the middle row of each group if there are columns `middle_of`."""
        if not self.middle_of:
            return table
        groups: dict[tuple[object, ...], list[int]] = {}
        for row, key in enumerate(zip(*(table[column][:] for column in (label, *self.middle_of)), strict=True)):
            groups.setdefault(key, []).append(row)
        return table.select(sorted(rows[len(rows) // 2] for rows in groups.values()))


def is_saved(folder: Path) -> bool:
    """Whether a folder is one that `save_to_disk` writes."""
    return any((folder / file).is_file() for file in ("dataset_dict.json", "state.json"))


def is_hub_folder(folder: Path) -> bool:
    """Whether a folder holds a data set of the hub: saved, or downloaded in files of Parquet or WebDataset."""
    files = (*folder.glob("*.parquet"), *folder.glob("data/*.parquet"), *folder.glob("*.tar"))
    return is_saved(folder) or bool(files)


def _with_pictures(name: str, tables: Mapping[str, Any], column: str) -> Mapping[str, Any]:
    """The tables, with a column of paths, bytes, or both as tables without types hold them, read as one of pictures.

    Raises DataError: the column holds neither.
    """
    import datasets

    kind = next(iter(tables.values())).features[column]
    if isinstance(kind, datasets.Image):
        return tables
    both = isinstance(kind, dict) and kind.keys() == {"bytes", "path"}
    if not both and getattr(kind, "dtype", "") not in ("string", "large_string", "binary", "large_binary"):
        raise DataError(f"{name}: {column!r} holds {kind}, no pictures, paths or bytes; name another: [image=COLUMN]")
    return {part: table.cast_column(column, datasets.Image()) for part, table in tables.items()}


@contextmanager
def _network(allowed: bool) -> Iterator[None]:
    """Context in which the libraries use the network only if `allowed`; they read these switches at every access."""
    import datasets
    import huggingface_hub

    switches = [(datasets.config, "HF_HUB_OFFLINE"), (huggingface_hub.constants, "HF_HUB_OFFLINE")]
    before = [getattr(module, name) for module, name in switches]
    try:
        for module, name in switches:
            setattr(module, name, getattr(module, name) or not allowed)
        yield
    finally:
        for (module, name), value in zip(switches, before, strict=True):
            setattr(module, name, value)


def _cache() -> Path:
    home = os.environ.get("HF_HOME", "~/.cache/huggingface")
    return Path(os.environ.get("HF_DATASETS_CACHE", f"{home}/datasets")).expanduser()


def _flat(name: str) -> str:
    return name.replace("_", "").casefold()
