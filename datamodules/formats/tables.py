"""Where further labels of a data set's training images lie, and what they say of its own labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from datamodules.dataset import Dataset
from datamodules.formats.checks import checked
from datamodules.formats.labellings import AUDITED, read_labellings
from datamodules.names import parse_spec

#: The value of the option `labels` for training labels that may be wrong, nobody knows where.
UNKNOWN = "unknown"


def tables_folder(spec: str, root: Path | None) -> Path | None:
    """The folder for CSV tables of labels: that of `folder:PATH` itself, else `labellings/NAME` under the data root.

    A data set of the hub has `hf/` before its name. None without a data root.

    >>> tables_folder("dtd", Path("data")).as_posix(), tables_folder("hf:a/b[split=0.2]", Path("data")).as_posix()
    ('data/labellings/dtd', 'data/labellings/hf/a/b')
    """
    kind, colon, place = parse_spec(spec)[0].partition(":")
    if kind == "folder":
        return Path(place).expanduser().absolute()
    if colon and Path(place).is_dir():
        place = Path(place).resolve().as_posix().lstrip("/")
    return None if root is None else root / "labellings" / (f"hf/{place}" if colon else kind)


def with_tables(dataset: Dataset, spec: str, root: Path | None) -> Dataset:
    """The data set with the labellings in its folder for tables, and distrusted where its own labels are in doubt.

    They are if they were audited, or if the option `labels` says so. `folder:PATH` has read its tables already. Raises
    DataError: a table that does not fit the training images.
    """
    name, options = parse_spec(spec)
    folder = tables_folder(spec, root)
    if folder is not None and folder.is_dir() and not name.startswith("folder:"):
        given = {**dataset.given, **read_labellings(folder, dataset.train, dataset.classes, dataset.test)}
        dataset = checked(replace(dataset, given=given), same_names=True)
    doubtful = AUDITED in dataset.given or options.get("labels") == UNKNOWN
    return replace(dataset, has_clean_labels=False) if doubtful else dataset
