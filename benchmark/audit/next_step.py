"""What to type after an audit, to train on the corrected labels."""

from __future__ import annotations

import shlex
from pathlib import Path

from benchmark.plan.shared_options import DATA
from datamodules.formats.folder_layout import parts_of
from datamodules.formats.labellings import AUDITED
from datamodules.formats.tables import tables_folder
from datamodules.names import parse_spec


def next_step(
    spec: str, root: Path, backbone: str = "embedded", table: Path | str = f"{AUDITED}.csv", skip: bool = False
) -> str:
    """Where to put the `table` of corrected labels and the `bench` that trains on it; empty for a table of files
    and for a file of features.

    `spec` is what was audited, `root` the data root; with `skip` images that cannot be read are left out.
    """
    if Path(spec).is_file() or Path(parse_spec(spec)[0]).is_file() or spec.startswith("features:"):
        return ""
    dataset = _trainable(f"folder:{Path(spec).absolute()}" if Path(spec).is_dir() else spec)
    folder = tables_folder(dataset, root)
    words = ["promptnoise", "bench", f"--datasets={dataset}", f"--noise_type=human[labels={AUDITED}]"]
    words += [f"--data={root}"] if root != DATA and not dataset.startswith("folder:") else []
    words += [f"--backbone={backbone}"] if backbone != "embedded" else []
    words += ["--skip_bad_images"] if skip else []
    return f"to train on the corrected labels, put {table} into {folder}/ and run: {shlex.join(words)}"


def choose_step(spec: str, backbone: str = "embedded", table: Path | str = f"{AUDITED}.csv") -> str:
    """Where to put the `table` of corrected labels and the `choose` that makes a classifier of it; empty for what is
    neither a folder nor a table of files."""
    place = Path(spec if Path(spec).is_file() else parse_spec(spec)[0].removeprefix("folder:")).expanduser().absolute()
    if spec.startswith("features:") or not place.exists():
        return ""
    folder = place if place.is_dir() else place.parent
    more = [f"--backbone={backbone}"] if backbone != "embedded" else []
    words = shlex.join(["promptnoise", "choose", str(folder / f"{AUDITED}.csv"), *more])
    return f"to make a classifier of all corrected images, put {table} into {folder}/ and run: {words}"


def _trainable(spec: str) -> str:
    """The data set with a test set: where a folder has none, its class folders are to be split."""
    name, options = parse_spec(spec)
    kind, _, place = name.partition(":")
    if kind != "folder" or "split" in options:
        return spec
    folder = Path(place).expanduser().absolute()
    parts = parts_of(folder)
    if parts.train and parts.test:
        return spec
    options["split"] = "0.2"
    inside = ",".join(f"{option}={value}" for option, value in options.items())
    return f"folder:{folder / (parts.train or '')}[{inside}]"
