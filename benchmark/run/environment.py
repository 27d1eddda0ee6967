"""Where and with what a run was made."""

from __future__ import annotations

import os
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("torch", "torchvision", "lightning", "open_clip_torch", "torchmetrics", "numpy")


@cache
def versions() -> dict[str, str]:
    """Versions of Python and of what the numbers depend on, and the commit of this checkout where there is one."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    commit = commit_of(Path(__file__))
    return found | ({"commit": commit} if commit else {})


def commit_of(file: Path) -> str:
    """The commit of the checkout that keeps this file; empty where none does, whatever git's variables say."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}

    def git(*words: str) -> str:
        command = ["git", "-C", str(file.parent), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False, env=own)
        return "" if done.returncode else done.stdout.strip()

    try:
        return git("ls-files", "--error-unmatch", "--", file.name) and git("rev-parse", "--short", "HEAD")
    except (OSError, subprocess.TimeoutExpired):
        return ""
