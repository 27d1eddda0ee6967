"""Well-known layouts that are no folders of class folders, in `other_layouts.toml`, and what mends them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import Any

from datamodules import reading


def other_layout(folder: Path, training_only: bool = False) -> str:
    """What is said of a folder in another layout than one folder per class; empty where it is none that is known.

    With `training_only` it is none if at least the training images lie in class folders.
    """
    if folder.is_file():
        return f"{folder} is a file; unpack what is in it, and give the folder"
    known = reading.facts_beside(__file__) if folder.is_dir() else {"layout": []}
    for layout in known["layout"]:
        if (found := _found(folder, layout)) and not (training_only and layout.get("of_tests")):
            words = {"folder": folder, "quoted": quote(str(folder)), "first": found[0], "boxes": known["boxes"]}
            return f"{folder} {layout['text'].format(**words)}"
    return ""


def _found(folder: Path, layout: Mapping[str, Any]) -> list[str]:
    """What tells the layout, by its place in the folder; nothing where the folder has another one."""
    every = [_there(folder, [pattern]) for pattern in layout.get("all", ())]
    every += [_there(folder, layout["any"])] if "any" in layout else []
    return every[-1] if all(every) and not _there(folder, layout.get("none", ())) else []


def _there(folder: Path, patterns: list[str]) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for pattern in patterns for path in folder.glob(pattern))
