"""How people lay out folders of class folders: what they call the splits, and what to do where none can be found."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote

from datamodules.errors import DataError, look_alikes
from datamodules.formats import picture_files as files
from datamodules.notices import say_once

logger = logging.getLogger(__name__)

_MORE = r"(?:[ _-]?(?:sets?|images?|imgs?|data|split))?(?:[ _-]?\d{1,4})?"
#: What people call the folders of the three splits, in lower case.
_CALLED = {
    "train": re.compile(rf"(?:seg_)?train(?:ing)?{_MORE}"),
    "test": re.compile(rf"(?:seg_)?test(?:ing)?{_MORE}"),
    "val": re.compile(rf"(?:seg_)?(?:val(?:id(?:ation)?)?|dev|eval(?:uation)?){_MORE}"),
}


@dataclass(frozen=True)
class Parts:
    """Where the splits of a folder lie below it; None for one that is not there. Without a test set, `val` is it."""

    train: str | None = None
    test: str | None = None
    val: str | None = None


def class_folders(folder: Path) -> list[str]:
    """Sorted names of the class folders in a folder; those without any picture are named and left out."""
    there = sorted(path.name for path in folder.iterdir() if path.is_dir() and not files.is_stray(path.name))
    if without := [name for name in there if files.is_unlabelled(name)]:
        say_once(logger, f"{folder}: no class, as the pictures in it have no labels: {', '.join(without)}")
        there = [name for name in there if name not in without]
    empty = [name for name in there if files.holds_texts_only(folder / name)]
    if empty and len(empty) < len(there):
        say_once(logger, f"{folder}: left out, as no pictures are in them: {', '.join(empty)}")
        return [name for name in there if name not in empty]
    return there


def require_class_folders(folder: Path, known: Sequence[str] = ()) -> None:
    """Accept a folder that holds class folders, those `known` for one, whatever is in them.

    Raises:
        DataError: it holds none, or folders that each hold the folders of the classes; the message says what is there.
    """
    names = class_folders(folder)
    if not names:
        raise _no_class_folders(folder)
    inner = [class_folders(folder / name) for name in names]
    train = [name for name in names if _CALLED["train"].fullmatch(name.casefold())]
    if train and not any(inner) and all(map(_is_split, names)):
        raise _no_class_folders(folder / train[0])
    same = inner[0] if len(names) > 1 and all(own == inner[0] for own in inner) else []
    full = next((name for name in names if same and files.picture_files(folder / name).pictures), names[0])
    if (
        len(same) > 1
        and names != known
        and not any(_is_split(name) for name in same)
        and not files.loose_pictures(folder / names[0])
    ):
        raise DataError(
            f"{folder}: {_some(names)} each hold the folders {_some(same)}; if these are the classes, give one of the"
            f" former, folder:{folder / full}[split=0.2], or name two of them train and test"
        )


def _no_class_folders(folder: Path) -> DataError:
    """The error for a folder without class folders: names of pictures or a table may tell the classes."""
    found = [Path(name) for name in files.picture_files(folder).pictures]
    begin = {re.sub(r"[ ._-]*\d+$", "", path.stem) for path in found}
    how = "put the pictures of each class into a folder of its name"
    if advised := table_to_audit(folder) or (found and table_to_audit(folder.parent)):
        how = f"if a table says the classes, audit that: {advised}"
    elif "" not in begin and 1 < len(begin) <= len(found) // 2:
        how = (
            f"if their names begin with the class ({min(begin)} ...), this sorts them: cd {quote(str(folder))} && for f"
            ' in *.*; do c=$(echo "${f%.*}" | sed -E \'s/[ ._-]*[0-9]+$//\'); mkdir -p "$c" && mv "$f" "$c"; done'
        )
    return DataError(
        f"{folder} holds {f'{len(found)} pictures ({found[0]} ...), but ' if found else ''}no folders; {how}"
    )


def table_to_audit(folder: Path) -> str:
    """The command that audits the first table in a folder; empty where there is none."""
    tables = sorted(path for path in folder.iterdir() if path.suffix.lower() in files.KNOWN["tables"]["suffixes"])
    return f"promptnoise audit {quote(str(tables[0]))}" if tables else ""


def parts_of(folder: Path) -> Parts:
    """The splits of a folder: folders of class folders with a name that means one, not classes of these names."""
    if not folder.is_dir():
        return Parts()
    train = _part(folder, "train", ())
    classes = class_folders(folder / train) if train else ()
    parts = Parts(train, *(_part(folder, role, classes) for role in ("test", "val")))
    if parts.test is not None or parts.val is None:
        return parts
    say_once(logger, f"{folder}: there is no test/; {parts.val}/ has the test images")
    return replace(parts, test=parts.val, val=None)


def unused(folder: Path, parts: Sequence[str]) -> None:
    """Names the folders and pictures beside those of the splits, which are not read."""
    used = {Path(part).parts[0] for part in parts}
    others = [path.name for path in folder.iterdir() if path.is_dir() and not files.is_stray(path.name)]
    if rest := sorted(set(others) - used):
        say_once(logger, f"{folder}: not used: {', '.join(f'{name}/' for name in rest)}")
    name_loose(folder)


def name_loose(folder: Path) -> None:
    """Names the pictures in a folder itself, beside the folders of splits or classes: they are in none of these."""
    if loose := files.loose_pictures(folder):
        say_once(logger, f"{folder}: {len(loose)} pictures lie in no class folder and are left out ({loose[0]} ...)")


def advice(folder: Path) -> str:
    """What to do with a folder that lacks `train/` or `test/`, after what there must be; empty without a folder."""
    if not folder.is_dir():
        return ""
    parts, split = parts_of(folder), "[split=0.2]"
    names = class_folders(folder)
    for role in ("test", "val"):
        for name in names:
            if _CALLED[role].fullmatch(name.casefold()) and parts.train:
                also = f"or test on 20 % of each training class, folder:{folder / parts.train}[split=0.2]"
                return f"; {_no_class_folders(folder / name)}, {also}"
    try:
        require_class_folders(folder)
    except DataError as error:
        return f"; {error}"
    if further := further_below(folder):
        return further
    only = folder / parts.train if parts.train and not parts.test else folder
    return f"; or, to test on 20 % of each class of a folder without them, folder:{only}{split}"


def further_below(folder: Path) -> str:
    """Which folder to give where the one given has but one folder, with the splits or the classes in it; else empty."""
    below = folder
    while not parts_of(below).train and len(names := class_folders(below)) == 1 and class_folders(below / names[0]):
        below = below / names[0]
    if below == folder:
        return ""
    split = "" if parts_of(below).train else "[split=0.2]"
    return f"; the classes lie further below: give folder:{below}{split}"


def no_such_class(place: Path, classes: Sequence[str]) -> DataError:
    """The error for a class folder of a test split that the training split lacks."""
    near = look_alikes(place.name, classes)
    hint = f"; the training images have {near[0]!r}: rename one of the two" if near else ""
    if not near and class_folders(place.parent) == [place.name]:
        hint = "; it is the only folder there: sort its pictures into folders of classes"
    hint = hint or "; give the class some, or move this folder away"
    return DataError(f"{place} is a class without training images{hint}")


def _part(folder: Path, role: str, classes: Sequence[str]) -> str | None:
    """The folder of one split; archives often hold `name/name/CLASS`."""
    there = [path.name for path in folder.iterdir() if path.is_dir() and _CALLED[role].fullmatch(path.name.casefold())]
    for part in sorted(there, key=lambda name: (name.casefold() != role, len(name), name)):
        inside = class_folders(folder / part)
        if len(inside) == 1 and inside[0] not in classes:
            if class_folders(folder / part / inside[0]):
                return f"{part}/{inside[0]}"
            if role != "train":  # pictures of all classes in one folder
                continue
        if inside:
            return part
    return None


def _is_split(name: str) -> bool:
    return any(called.fullmatch(name.casefold()) for called in _CALLED.values())


def _some(names: Sequence[str]) -> str:
    return f"{', '.join(names[:3])}{' ...' if len(names) > 3 else ''}"
