"""What may stand in the place of a file that is to be written."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from benchmark.errors import BadInput
from datamodules import reading

#: So much of a file is searched for a mark.
HEAD = 1 << 20


def is_there(path: Path, inputs: Iterable[Path] = ()) -> bool:
    """Whether there is a file, one that may be replaced if it is ours.

    Raises BadInput: It is no regular file, cannot be looked at, or is one of `inputs`, which the command reads.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    except NotADirectoryError:
        above = next(folder for folder in path.parents if os.path.lexists(folder))
        raise kept(above, "is a file, and a folder is needed there") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}") from None
    if stat.S_ISDIR(mode):
        raise BadInput(f"{path} is a folder, and a file is to be written there; move it away")
    if stat.S_ISLNK(mode):
        raise kept(path, "is a link")
    if not stat.S_ISREG(mode):
        raise kept(path, "is a device, pipe or socket")
    for other in inputs:
        if other.exists() and path.samefile(other):
            raise BadInput(f"{path} is read by this very command; choose another place to write to")
    return True


def check_inside(path: Path, out: Path) -> None:
    """Accept the place of a file below a folder. Raises BadInput: a link leads from the folder to elsewhere."""
    if Path(os.path.realpath(path.parent)) != Path(os.path.realpath(out)) / path.parent.relative_to(out):
        raise kept(path.parent, "is a link to another folder")


def check_folders(out: Path, names: Iterable[str]) -> None:
    """Accept folders below another one to write into, by their paths there; none is made.

    Raises BadInput: One is a file, or a link leads there.
    """
    for name in names:
        check_inside(out / name / "file", out)
        is_there(out / name / "file")


def has_mark(path: Path, mark: bytes) -> bool:
    """Whether a pattern is found in the first MiB of a file."""
    with reading.open_file(path, reading.TENSORS) as file:
        return re.search(mark, file.read(HEAD)) is not None


def kept(path: Path, why: str) -> BadInput:
    """The refusal to replace what stands at `path`."""
    return BadInput(f"{path} {why} and is kept; move it away or choose another place to write to")
