"""The catalogue of data sets: lists, checks and opens them by name; listing and checking import no torch."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, Protocol, runtime_checkable

from datamodules import datasets
from datamodules.dataset import Dataset
from datamodules.errors import DataError, unknown
from datamodules.formats.arrays import holds
from datamodules.formats.checks import checked
from datamodules.formats.features import FeatureFile
from datamodules.formats.folder import ClassFolders
from datamodules.formats.folder_layout import advice, class_folders, parts_of
from datamodules.formats.held_out import parse_share
from datamodules.formats.hub import Hub, is_hub_folder
from datamodules.formats.one_folder import OneFolder
from datamodules.formats.source import Source
from datamodules.formats.tables import UNKNOWN, with_tables
from datamodules.names import parse_spec
from datamodules.plugins import literals, modules
from datamodules.spellings import meanings, spelled

TEMPLATE = "a photo of a {}."
#: `name` is what tables and pictures call the data set.
FOLDER_OPTIONS = ("template", "name", "split", "labels")
FEATURES_OPTIONS = ("name", "split", "labels", "texts", "classes")
HUB_OPTIONS = ("config", "image", "label", "train", "test", "val", "given", "classes", *FOLDER_OPTIONS)


class Size(NamedTuple):
    """Number of classes and of test images."""

    classes: int
    tests: int


#: The size that a data set is planned with whose file names none.
TYPICAL = Size(classes=100, tests=5000)


def known() -> list[str]:
    """Sorted names of the data sets in `datamodules/datasets`, and of those that installed packages add."""
    return list(modules(datasets))


def groups() -> dict[str, list[str]]:
    """The names of the data sets by the `GROUP` that their files name."""
    found: dict[str, list[str]] = {}
    for name, module in modules(datasets).items():
        if group := literals(module).get("GROUP"):
            found.setdefault(group, []).append(name)
    return found


def size(spec: str) -> Size:
    """The `SIZE` in a data set's file, known before it is opened; `hf:NAME` has that of NAME, others `TYPICAL`.

    A folder that is there has as many classes as class folders, and as many test images as files under its test folder.
    """
    kind, _, place = parse_spec(canonical(spec))[0].partition(":")
    if kind == "folder" and (folder := _absolute(place)).is_dir():
        parts = parts_of(folder)
        tests = sum(len(names) for *_, names in os.walk(folder / parts.test)) if parts.test else TYPICAL.tests
        return Size(len(class_folders(folder / (parts.train or ""))), tests)
    module = modules(datasets).get(parse_spec(spec)[0].removeprefix("hf:"))
    return Size(**(literals(module) if module else {}).get("SIZE", TYPICAL._asdict()))


def canonical(spec: str) -> str:
    """The one name of a data set that is written in another spelling, or as the bare path of a folder or file.

    A path is one of a folder of pictures, of a hub data set or of features, by what lies there; what is none of these
    stays as it is written.

    >>> canonical("EuroSAT"), canonical("Food-101[template={}]"), canonical("hf:OxfordIIITPet"), canonical("nothing")
    ('eurosat', 'food101[template={}]', 'hf:oxford_pets', 'nothing')
    """
    name, _ = parse_spec(spec)
    options = spec.strip().removeprefix(name)
    kind, colon, place = name.partition(":")
    if colon:
        return f"hf:{spelled(datasets, place)}{options}" if kind == "hf" else spec
    path = Path(name).expanduser()
    if name in known() or not path.exists():
        return spelled(datasets, name) + options
    if path.is_dir():
        kind = "features" if holds(path, "train_features") else "hf" if is_hub_folder(path) else "folder"
        return f"{kind}:{name}{options}"
    return f"features:{name}{options}" if path.suffix.lower() in (".npz", ".npy", ".safetensors") else spec


def check(spec: str) -> None:
    """Checks a data set's name and options without opening it: a name, `hf:NAME`, `folder:PATH` or `features:PATH`.

    Raises DataError: an unknown name (with the nearest match and the list), an option that does not exist, or a value
    that it does not take.
    """
    name, options = parse_spec(canonical(spec))
    kind, colon, place = name.partition(":")
    if colon and not place.strip(" /" if kind == "hf" else " "):
        examples = {"hf": "hf:owner/name", "folder": "folder:/path", "features": "features:/path"}
        example = examples.get(kind, "a name that `promptnoise list` shows")
        raise DataError(f"data set {spec!r} names nothing; write {example}")
    if not name.startswith(("hf:", "folder:", "features:")) and name not in known():
        raise _unknown(name)
    kinds = {"hf": HUB_OPTIONS, "folder": FOLDER_OPTIONS, "features": FEATURES_OPTIONS}
    allowed = kinds.get(kind, ("template",))
    for option in options:
        if option not in allowed:
            raise DataError(f"data set {name!r} has no option {option!r}; it has: {', '.join(allowed)}")
    if "split" in options:
        parse_share(name, options["split"])
    if options.get("labels", UNKNOWN) != UNKNOWN and not _is_array(name):
        raise DataError(f"data set {name!r}: labels can be {UNKNOWN!r} or left out; got {options['labels']!r}")


def open_dataset(spec: str, root: Path | None = None, download: bool = False) -> Dataset:
    """Opens a data set: a name of the catalogue, `hf:NAME`, `folder:PATH` or `features:PATH`, with options.

    CoOp's eleven data sets are read from its folder layout under `root`, or from the hub with `hf:` before the name.
    Only `download=True` uses the network. Raises DataError: an unknown name, or files that are missing or inconsistent;
    the message says what to do.
    """
    spec = canonical(spec)
    source, template = _source(spec)
    if isinstance(source, Embedded):
        dataset = checked(replace(source.load(), name=spec, template=template))
    else:
        dataset = source.open(spec, template, root, download)
    return with_tables(dataset, spec, root)


def status(spec: str, root: Path | None = None) -> str:
    """Returns `ready`, or `missing: ` and what to do; checks only that files exist."""
    spec = canonical(spec)
    source, _ = _source(spec)
    problem = None if isinstance(source, Embedded) else source.missing(root)
    name = parse_spec(spec)[0]
    if problem and name in known() and getattr(source, "folder", "") and hasattr(_module(name), "HUB"):
        problem += f"; or use hf:{name}"
    return f"missing: {problem}" if problem else "ready"


@runtime_checkable
class Embedded(Protocol):
    """A module in `datamodules/datasets` that needs no files: its images are generated, or come with a dependency."""

    def load(self) -> Dataset:
        """Returns the data set."""


def _source(spec: str) -> tuple[Source | Embedded, str]:
    check(spec)
    name, options = parse_spec(spec)
    kind, _, place = name.partition(":")
    if kind == "folder":
        folder = _absolute(place)
        called = {role: name for role, name in asdict(parts_of(folder)).items() if name}
        more = "" if {"train", "test"} <= called.keys() else advice(folder)
        whole = ClassFolders(str(folder), **called, get=f"one folder of images per class in each{more}")
        source: Source = OneFolder(str(folder), parse_share(name, options["split"])) if "split" in options else whole
        return source, options.get("template", TEMPLATE)
    if kind == "features":
        share = parse_share(name, options["split"]) if "split" in options else None
        labels = options.get("labels", "") if _is_array(name) else ""
        return FeatureFile(place, labels, options.get("texts", ""), options.get("classes", ""), share), "{}"
    own = place if kind == "hf" else name
    entry = _module(own) if own in known() else None
    template = options.pop("template", getattr(entry, "TEMPLATE", TEMPLATE))
    if entry is not None and kind != "hf":
        return getattr(entry, "SOURCE", entry), template
    changes: dict[str, Any] = {option: value for option, value in options.items() if option not in ("name", "labels")}
    if "given" in options:
        changes["given"] = tuple(options["given"].split("+"))
    if "split" in options:
        changes["split"] = parse_share(name, options["split"])
    return replace(getattr(entry, "HUB", None) or Hub(place), **changes), template


def _unknown(name: str) -> DataError:
    """The error for a name of no data set, which may be a path, or one of the hub's names."""
    if Path(name).expanduser().is_file():
        return DataError(f"data set {name!r} is a file; it should be a folder, a file of features (.npz), or a name")
    if name.startswith(("/", "~", ".")) or name.count("/") > 1 or name.endswith("/"):
        return DataError(f"data set {name!r}: there is nothing at {_absolute(name)}")
    if "/" in name:
        return DataError(f"data set {name!r}: there is no folder {_absolute(name)}; for the hub's, write hf:{name}")
    ways = [*known(), "folder:PATH", "hf:NAME", "features:PATH"]
    return unknown("data set", name, ways, meanings(datasets, name))


def _is_array(name: str) -> bool:
    """Whether it is one array of features, whose labels are in another file."""
    return name.startswith("features:") and name.endswith(".npy")


def _absolute(place: str) -> Path:
    return Path(place).expanduser().absolute()


def _module(name: str) -> ModuleType:
    return import_module(modules(datasets)[name])
