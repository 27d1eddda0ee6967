"""Readable names of classes, from `classnames.txt` and other lists beside the pictures."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from shlex import quote

from datamodules import reading
from datamodules.errors import DataError
from datamodules.formats.checks import readable
from datamodules.formats.picture_files import KNOWN
from datamodules.notices import say_once

logger = logging.getLogger(__name__)
_SYNSET = re.compile(r"n\d{8}")
#: A pair in JSON, its key and value without quotes.
_PAIR = r'"([^"]+)"\s*:\s*"?([^",}\n]+)'
_NUMBERED = re.compile(r"(n\d{8}-|\d+[._ -]+)(?=[^\W\d])")


def names_text(path: Path) -> str:
    """Text of a file of class names. Raises DataError: it cannot be read, or is not text."""
    try:
        return reading.as_text(reading.read_bytes(path, reading.TEXT))
    except UnicodeError:
        how = KNOWN["tables"]["utf8"].format(name=quote(path.name))
        raise DataError(f"{path} is not text in UTF-8; {how}") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None


def is_bare(name: str) -> bool:
    """Whether a class has a number, WordNet's or another, in the place of a name."""
    return name.isdigit() or _SYNSET.fullmatch(name) is not None


def read_names(folder: Path, folders: Sequence[str]) -> tuple[str, ...]:
    """Readable names of class folders, from lines of "FOLDER readable name" in `classnames.txt` where it exists.

    Without it, names of numbers come from another list, those of WordNet's numbers from ImageNet's lists, and numbers
    before all names are left out. Raises DataError: a folder that the file does not name.
    """
    path, names = folder / "classnames.txt", dict.fromkeys(folders, "")
    if path.exists():
        names = _listed(path, folders)
        if unnamed := [name for name, text in names.items() if not text]:
            how = 'write a line "FOLDER readable name" for each'
            raise DataError(f"{path} gives no name for the folder {unnamed[0]!r}; {how}")
    elif all(map(_SYNSET.fullmatch, folders)):
        names = _of_wordnet(folder, folders)
    elif all(map(_NUMBERED.match, folders)):  # as in CUB, Caltech-256 and Stanford Dogs
        shown = [_NUMBERED.sub("", own, count=1) for own in folders]
        names = dict(zip(folders, shown, strict=True)) if len({*map(readable, shown)}) == len(folders) else names
    elif all(map(str.isdigit, folders)):
        lists = [own for own in map(folder.joinpath, KNOWN["names"]) if own.is_file()]
        names = next((found for own in lists if all((found := _listed(own, folders)).values())), names)
        how = 'by numbers, which say nothing to CLIP; write lines of "NUMBER readable name" into classnames.txt there'
        say_once(logger, f"{folder}: classes are called {f'as in {lists[0].name}' if all(names.values()) else how}")
    return tuple(readable(names[own] or own) for own in folders)


def _listed(path: Path, folders: Sequence[str]) -> dict[str, str]:
    """What a list calls folders, "" where it does not; lines without any folder are those of numbers in their order."""
    text = names_text(path)
    if path.suffix == ".json":  # names by numbers, or numbers by names
        lines = [": ".join(pair if pair[0] in folders else pair[::-1]) for pair in re.findall(_PAIR, text)]
    else:
        lines = list(filter(None, map(str.strip, text.splitlines())))
    found = dict.fromkeys(folders, "")
    longest_first = sorted(folders, key=len, reverse=True)  # a folder's name may begin with another's, and a blank
    for line in lines:
        folder = next((own for own in longest_first if re.match(rf"{re.escape(own)}([\s,;:=|]|$)", line)), None)
        if folder is not None:
            found[folder] = line[len(folder) :].strip(" \t,;:=|") or folder
    if not any(found.values()) and len(lines) == len(folders) and all(map(str.isdigit, folders)):
        return dict(zip(sorted(folders, key=int), lines, strict=True))
    return found


def _of_wordnet(folder: Path, synsets: Sequence[str]) -> dict[str, str]:
    """The first name of each of WordNet's numbers, as ImageNet's own lists have them; the numbers where there is none.

    A number stands behind a name that several have.
    """
    lists = [path for name in ("LOC_synset_mapping.txt", "words.txt") if (path := folder / name).is_file()]
    lines = [line.partition(" ") for line in names_text(lists[0]).replace("\t", " ").splitlines()] if lists else []
    found = {synset: names.split(",")[0].strip() for synset, _, names in lines}
    if not {*synsets} <= found.keys():
        how = "put LOC_synset_mapping.txt or classnames.txt there"
        say_once(logger, f"{folder}: classes are called by WordNet's numbers, which say nothing to CLIP; {how}")
        return dict.fromkeys(synsets, "")
    shared = Counter(found[synset] for synset in synsets)
    return {synset: found[synset] + (f" {synset}" if shared[found[synset]] > 1 else "") for synset in synsets}
