"""The files that a command writes below one folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.outputs import manifest
from benchmark.outputs.manifest import Entry
from benchmark.outputs.place import check_inside, is_there, kept
from datamodules import atomic, reading


@dataclass
class Outputs:
    """Writes files below `out` in the name of a command, `by`.

    `inputs` are files that the command reads, which it never replaces.
    """

    out: Path
    by: str
    inputs: Iterable[Path] = ()

    def __post_init__(self) -> None:
        self.before = set(manifest.read(self.out))
        self.written: set[str] = set()

    def check(self, names: Iterable[str]) -> None:
        """Look, before the work is done, whether files of these names may be written.

        Raises BadInput: Something that is not ours stands in the place of one, or the folder is -, standard output.
        """
        if self.out == Path("-"):
            raise BadInput("- is standard output, and several files are written; give a folder (./-/. for that name)")
        manifest.check(self.out)
        listed = manifest.read(self.out)
        for name in names:
            self._hash_if_ours(name, listed)

    def write(self, files: Mapping[str, str | bytes]) -> list[Path]:
        """Write files by their paths in the folder, and return where they are.

        They are listed before they are written, so that one that a killed process left is known as ours.

        Raises BadInput: Something else stands in the place of one; nothing is written. Raises OSError: The folder
        cannot be written or the disk is full.
        """
        contents = {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}
        self.out.mkdir(parents=True, exist_ok=True)
        with manifest.locked(self.out):
            manifest.check(self.out)
            listed = manifest.read(self.out)
            for name, content in contents.items():
                new = hashlib.sha256(content).hexdigest()
                old = self._hash_if_ours(name, listed, new)
                listed[name] = Entry(self.by, tuple(dict.fromkeys(filter(None, [old, new]))))
            manifest.write(self.out, listed)
            for name, content in contents.items():
                atomic.write(self.out / name, content)
        self.written |= contents.keys()
        return [self.out / name for name in contents]

    def remove_stale(self) -> None:
        """Remove what this command wrote before this object was made, and has not written since."""
        with manifest.locked(self.out):
            listed = manifest.read(self.out)
            for name in sorted(self.before - self.written):
                if name in listed and listed[name].by == self.by:
                    with suppress(BadInput, FileNotFoundError, PermissionError):
                        if self._hash_if_ours(name, listed):
                            (self.out / name).unlink()
                    del listed[name]
            manifest.write(self.out, listed)

    def _hash_if_ours(self, name: str, listed: Mapping[str, Entry], new: str = "") -> str:
        """The hash of the file that may be replaced by one with the hash `new`; empty where there is none."""
        path = self.out / name
        check_inside(path, self.out)
        if not is_there(path, self.inputs):
            return ""
        with reading.open_file(path, reading.TENSORS) as file:
            old = hashlib.file_digest(file, "sha256").hexdigest()
        entry = listed.get(name)
        if old == new or (entry and old in entry.sha256):
            return old
        raise kept(path, "was changed since promptnoise wrote it" if entry else "was not written by promptnoise")
