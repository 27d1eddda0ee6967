"""Where the pictures lie that a list names: as it writes them, or by the end of their paths."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from os.path import isfile
from pathlib import Path, PurePosixPath

from datamodules.errors import DataError
from datamodules.formats.picture_files import SUFFIXES, PictureFiles, picture_files

is_file = isfile  # a name that no file can have is none


def places(root: Path, names: Iterable[str], files: Callable[[Path], PictureFiles] = picture_files) -> dict[str, str]:
    """Pictures by the names that mean them, relative to `root`; one that means none, or several, is left out.

    They are there as they are written, from `root` or up to two folders above it; others lie as `matched` finds them,
    and where some are there, in the very folder that is written.
    """
    every = dict.fromkeys(names)
    up = next((up for up in ("", "../", "../../") if any(is_file(root / f"{up}{name}") for name in every)), "")
    there = {name: up + name for name in every if is_file(root / f"{up}{name}")}
    lacking = [name for name in every if name not in there]
    found = matched(lacking, files(root / up).pictures, bool(there)) if lacking else {}
    return there | {name: up + own for name, own in found.items()}


def require_files(root: Path, paths: Sequence[str], listed_by: str) -> list[str]:
    """The paths of all images in a list as they are on the disk, where a name may differ in case or suffix.

    Raises DataError: some are missing; the message names the first and says how many.
    """
    found = places(root, paths)
    if absent := [path for path in paths if path not in found]:
        more = f" ({len(absent)} of {len(paths)} are absent)" if len(absent) > 1 else ""
        raise DataError(f"{listed_by} lists {root / absent[0]}, which is not there{more}")
    return [found[path] for path in paths]


def matched(names: Iterable[str], pictures: Sequence[str], whole: bool = False) -> dict[str, str]:
    """The one of `pictures` that each name means, whatever folders stand before, by the longest end of their paths.

    Case does not count, nor a suffix that is another or not there; numbers count by value, as spreadsheets write them.
    A name of which less agrees than of others means none, unless all of it does, as it must with `whole`.

    >>> matched(["C:/x/a/1.JPG", "C:/x/b/1.JPG", "C:/x/b/2.JPG"], ["a/1.jpg", "b/1.jpg", "c/2.jpg"])
    {'C:/x/a/1.JPG': 'a/1.jpg', 'C:/x/b/1.JPG': 'b/1.jpg'}
    """
    index: dict[str, set[str]] = {}
    for picture in pictures:
        for _, end in _ends(picture):
            index.setdefault(end, set()).add(picture)
    found = {name: next(((left, index[end]) for left, end in _ends(name) if end in index), (0, ())) for name in names}
    least = 0 if whole else min((left for left, own in found.values() if own), default=0)
    return {name: min(own) for name, (left, own) in found.items() if len(own) == 1 and left in (0, least)}


def _ends(name: str) -> Iterator[tuple[int, str]]:
    """Ends of a path, the longest first, and how many folders are left before it: of the file, then of its bare name.

    Label Studio puts eight signs before a name.
    """
    *folders, last = re.split(r"[\\/]+", name.strip().casefold())
    suffix = PurePosixPath(last).suffix
    bare = re.sub(r"^[0-9a-f]{8}-", "", last.removesuffix(suffix) if suffix in SUFFIXES else last)
    number = re.fullmatch(r"0*(\d[\d,]*?)(\.0+)?", bare)
    for own in dict.fromkeys((last, f"{number[1].replace(',', '') if number else bare}.")):
        yield from ((left, "/".join([*folders[left:], own])) for left in range(len(folders) + 1))
