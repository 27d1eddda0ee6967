"""Which records are logged to Weights & Biases, and where: a file per record, beside the results."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from datamodules import atomic, reading


def marks(out: Path, mode: str) -> Path:
    """The folder of these files, each named after a run's key: a hash of the record's bytes, then the run's address."""
    return out / "wandb" / f"logged-{mode}"


def write_mark(mark: Path, content: bytes, address: str = "", place: str = "") -> None:
    """Notes that a record with these bytes is logged in a project, and the address of its page, if it has one."""
    atomic.write(mark, "\n".join([_digest(content, place), *filter(None, [address])]))


def is_marked(mark: Path, content: bytes, place: str = "") -> bool:
    """Whether a record with these very bytes is logged in a project; `place` is empty for the usual one."""
    return mark.exists() and reading.read_text(mark).split("\n")[0] == _digest(content, place)


def _digest(content: bytes, place: str) -> str:
    return hashlib.sha256(content + place.encode()).hexdigest()


def addresses(out: Path) -> dict[str, str]:
    """The pages of the runs that were logged online, by their keys; those that cannot be read are left out."""
    found = {}
    for mark in sorted(marks(out, "online").glob("[!.]*")):
        with suppress(OSError, UnicodeDecodeError):
            found[mark.name] = "".join(reading.read_text(mark).split("\n")[1:2])
    return {key: address for key, address in found.items() if address}
