"""A folder that only its owner writes to, since Slurm's tasks run what lies there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from benchmark.errors import BadInput


def private(folder: Path) -> Path:
    """Makes a folder for ourselves, or accepts one that is ours and that nobody else can write to.

    Raises:
        BadInput: it is another user's, a link, or can be written by others.
    """
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise BadInput(f"{folder} is not a folder of yours, and what is there is run; use another --out") from None
        if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise BadInput(
                f"{folder} can be written by others, and what is there is run: chmod go-w {folder}"
            ) from None
    return folder
