"""Folders that are named on the command line, looked at before there is work to lose."""

from __future__ import annotations

import os
from pathlib import Path

from benchmark.errors import BadInput


def check_results(out: Path) -> None:
    """Accept a results folder to read. Raises BadInput: It is not there, or holds no records."""
    if not out.is_dir():
        raise BadInput(f"there is no results folder {out}; `promptnoise bench --out=FOLDER` makes one")
    if not (out / "runs").is_dir():
        raise BadInput(f"{out} holds no records of finished runs; there must be {out / 'runs'}")


def check_writable(what: str, folder: Path) -> None:
    """Accept a folder to write into, whether it is there or not; nothing is made.

    Raises BadInput: A file or a link to nowhere stands in its place or above it, or the folder above is read-only.
    """
    above = next(path for path in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(path))
    if not above.is_dir():
        cause = "a file; give a folder" if above.exists() else "a link that leads nowhere"
        raise BadInput(f"{what} {folder} cannot be written: {above} is {cause}")
    if not os.access(above, os.W_OK | os.X_OK):
        raise BadInput(f"{what} {folder} cannot be written: {above} is read-only")
