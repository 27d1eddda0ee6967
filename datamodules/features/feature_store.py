"""Features in memory, or on disk: a folder of safetensors files, each whole or absent, never half-written."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from filelock import FileLock
from torch import Tensor

from datamodules import atomic
from datamodules.dataset import Labels
from datamodules.errors import DataError
from datamodules.features.shards import Damaged, Shard, open_shard, to_bytes


class MemoryStore:
    """Features [V, n, E] of pictures, by their index, in this process."""

    def __init__(self) -> None:
        self._made: list[Shard] = []

    def building(self) -> contextlib.AbstractContextManager[None]:
        """Holds the right to build."""
        return contextlib.nullcontext()

    def absent(self, indices: Labels, accept_bad: bool) -> Labels:
        """Those of `indices` [n] that no shard has, sorted; pictures marked bad count as there if accepted."""
        there = [shard.indices[~shard.bad | accept_bad] for shard in self._shards(names_only=True)]
        return np.setdiff1d(indices, np.concatenate([np.empty(0, np.int64), *there]))

    def write(self, shard: Shard) -> None:
        """Adds a shard."""
        self._made.append(shard)

    def read(self, indices: Labels, view: int | None = None) -> tuple[Tensor, Labels]:
        """Features [V, n, E] of the pictures `indices` [n], and which of these are bad, sorted.

        With `view` the features are those of one view alone, [1, n, E], and no other is read. Raises Damaged: some are
        in no intact shard.
        """
        out: Tensor | None = None
        good, found = np.zeros(len(indices), dtype=bool), np.zeros(len(indices), dtype=bool)
        for shard in self._shards(view):
            order = np.argsort(shard.indices)
            places = np.searchsorted(shard.indices, indices, sorter=order).clip(max=len(order) - 1)
            rows = order[places]
            here = np.flatnonzero((shard.indices[rows] == indices) & ~good)
            if out is None:
                out = shard.features.new_zeros(shard.features.shape[0], len(indices), shard.features.shape[2])
            out[:, here] = shard.features[:, rows[here]]
            good[here], found[here] = ~shard.bad[rows[here]], True
        if out is None or not found.all():
            raise Damaged("pictures are in no intact shard")
        return out, np.unique(indices[~good])

    def _shards(self, view: int | None = None, names_only: bool = False) -> Iterator[Shard]:
        """Every shard, or one view of it; with `names_only` the features may be missing."""
        for shard in self._made:
            yield shard if view is None else replace(shard, features=shard.features[view : view + 1])


class ShardStore(MemoryStore):
    """The same on disk, under a folder named by the hash of what the features depend on.

    Several processes may read and write at once: files appear whole, and `building` lets one build at a time.
    """

    def __init__(self, cache: Path, about: Mapping[str, object]) -> None:
        text = json.dumps(about, sort_keys=True, indent=1)
        self.folder = cache / hashlib.sha256(text.encode()).hexdigest()[:24]
        self._about = text

    @contextlib.contextmanager
    def building(self) -> Iterator[None]:
        """Holds the right to build; the system takes it back from a process that dies.

        Raises DataError: a full disk or a folder that cannot be written.
        """
        lock = FileLock(self.folder / "lock")
        with self._clear_errors():
            self.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        try:
            with self._clear_errors():
                for left_over in self.folder.glob(".*.partial"):
                    left_over.unlink()
            self._write("about.json", self._about.encode())
            yield
        finally:
            lock.release()

    def write(self, shard: Shard) -> None:
        """Adds a shard. Raises DataError: a full disk or a folder that cannot be written."""
        self._write(f"{hashlib.sha256(shard.indices.tobytes()).hexdigest()[:24]}.safetensors", to_bytes(shard))

    def _shards(self, view: int | None = None, names_only: bool = False) -> Iterator[Shard]:
        """Every intact shard, or one view of it; a damaged one is removed, so that it is made again."""
        for path in sorted(self.folder.glob("*.safetensors")):
            try:
                shard = open_shard(path, view, names_only)
            except OSError:
                continue
            except Damaged:
                with self._clear_errors():
                    path.unlink(missing_ok=True)
                continue
            yield shard

    def _write(self, name: str, content: bytes) -> None:
        with self._clear_errors():
            atomic.write(self.folder / name, content)

    @contextlib.contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DataError(
                f"feature bank {self.folder}: {error.strerror or error}; make room or choose another folder for the "
                "bank; what was finished is kept, nothing is half-written"
            ) from error
