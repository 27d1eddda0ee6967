"""What can be said of names without opening what they stand for; imports no torch."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from benchmark.errors import BadInput
from datamodules import catalog, datasets, reading
from datamodules.errors import DataError
from datamodules.names import parse_spec
from methods import clip
from methods.clip.names import meant, models, no_weights, split_name, tags
from methods.recipes import is_embedded, is_precomputed

WAYS = "NAME/tag, NAME:/file, hf-hub:owner/name, local-dir:/path, or one of: embedded, embedded-vit"


def missing_files(specs: Iterable[str], root: Path) -> dict[str, str]:
    """By data set whose files are not there what to do; data sets that are painted on the spot have none."""
    found = {}
    for spec in specs:
        file = Path(datasets.__path__[0]) / f"{parse_spec(spec)[0]}.py"
        if file.is_file() and re.search(r"^def load\(", reading.read_text(file), re.MULTILINE):
            continue  # importing it would import torch
        state = catalog.status(spec, root)
        if state != "ready":
            found[spec] = f"{spec}: {state.removeprefix('missing: ')}"
    return found


def check_files(specs: Iterable[str], root: Path) -> None:
    """Look for the files of data sets. Raises DataError: They are not there; the message says what to do."""
    for problem in missing_files(specs, root).values():
        raise DataError(problem)


def assumed(specs: Iterable[str], root: Path) -> list[str]:
    """What a plan assumes of folders and the hub's data sets, a line each: their size, and what is missing of them."""
    places = [spec for spec in specs if catalog.canonical(spec).startswith(("folder:", "hf:"))]
    missing = missing_files(places, root)
    words = "planned with {0.classes} classes, {0.tests} test images"
    return [f"{missing.get(spec, spec)}; {words.format(catalog.size(spec))}" for spec in places]


def check_names(specs: Iterable[str], backbones: Iterable[str]) -> None:
    """Look at how data sets and backbones are written. Raises UserError: One cannot be."""
    for spec in specs:
        catalog.check(spec)
    for backbone in backbones:
        check_backbone(backbone)


def check_backbone(name: str) -> None:
    """Accept the name of a backbone; models that open_clip's files do not name are left to open_clip.

    Raises UserError: Not written like a backbone, a file or folder that does not exist, or a tag of no weights.
    """
    if is_precomputed(name):
        return  # it comes with its data set
    name, _ = split_name(name)
    scheme, _, place = name.partition(":")
    model, _, tag = name.partition("/")
    if is_embedded(name):
        if not any((Path(folder) / name.replace("-", "_")).is_dir() for folder in clip.__path__):
            raise BadInput(f"backbone {name!r} does not come with the project; write {WAYS}")
    elif scheme == "features":
        raise BadInput(f"backbone {name!r} is a data set, which brings its backbone; name it with --datasets")
    elif scheme == "hf-hub":
        if not re.fullmatch(r"[^/\s]+/[^/\s]+", place):
            raise BadInput(f"backbone {name!r} names no repository; write hf-hub:owner/name")
        if other := meant(name):
            raise BadInput(f"backbone {name!r} is in the format of the transformers library; write {other}")
    elif scheme == "local-dir":
        if not place:
            raise BadInput(f"backbone {name!r} names no folder; write local-dir:/path")
        if not Path(place).is_dir():
            raise BadInput(f"backbone {name!r}: the folder {place} does not exist")
    elif ":" in name and scheme in models():
        if not Path(place).is_file():
            raise BadInput(f"backbone {name!r}: the file {place} does not exist")
    elif not re.fullmatch(r"[^/:]+/.+", name) or model not in models():
        _refuse(name)
    elif (known := tags(model)) and tag.lower().replace("-", "_") not in ("random", *known):
        raise no_weights(model, tag, known)


def _refuse(name: str) -> None:
    """Refuse what is not written as a backbone, with what it may mean; unknown models are left to open_clip.

    Raises BadInput: A path, a name of another program, or one without weights.
    """
    other, model = meant(name), re.split("[:/]", name)[0]
    if other and model in models():
        raise BadInput(f"backbone {name!r}: did you mean {other!r}? It names no weights; write {WAYS}")
    if other or ":" in name:
        hint = f"did you mean {other!r}? There" if other else "there"
        raise BadInput(f"backbone {name!r}: {hint} is no model {model!r}; write {WAYS}")
    if not re.fullmatch(r"[^/]+/.+", name):
        raise BadInput(f"backbone {name!r} names no weights; write {WAYS}")


def unchecked(backbones: Iterable[str], devices: str) -> list[str]:
    """What only a run finds out, in a few words each."""
    named = [name for name in backbones if not is_embedded(name) and not is_precomputed(name)]
    found = [f"whether open_clip can load {name}" for name in named]
    if devices != "auto" and not devices.startswith("cpu"):
        found.append(f"whether there are GPUs {devices}")
    return [*found, "what is in the images and labels"]
