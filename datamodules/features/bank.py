"""The feature bank: encodes every image and every training view once with the frozen image tower."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from torch import Tensor

from datamodules.dataset import DECODING, ImageEncoder, Images, Labels
from datamodules.encoded import Rows
from datamodules.errors import DataError
from datamodules.features.crops import Crop
from datamodules.features.feature_store import MemoryStore, ShardStore
from datamodules.features.inputs import NAMED, Inputs
from datamodules.features.shards import Damaged, Shard
from datamodules.features.stream import batched, sent
from datamodules.notices import tell_once

logger = logging.getLogger(__name__)

Progress = Callable[[str, int, int, float], None]
"""Called with what is encoded ("images" or "views"), how many are done, how many in all, and how many per second."""

SMALL = 64
"""Largest input height in pixels that a CPU encodes in batches of 256 instead of 64."""

IN_MEMORY = 2**30
"""Bytes of views that are kept in memory; if there are more, one view is read at a time."""

SHARD = 4096
"""Features in one shard; a killed build loses about as many."""

ATTEMPTS = 3
"""How often damaged files are made again: another process may damage or remove them, too."""


class FeatureBank:
    """Unit features of images from one frozen image tower, computed on `device` and returned on the CPU.

    They are kept in memory or in a `cache` folder, keyed by the encoder's identity, images and how they are decoded,
    views, seed and crop; an interrupted build in a folder resumes with the missing shards. An unreadable image raises
    CorruptImage; with `skip_bad_images` its features are zero instead, and `skipped` contains its description. What is
    of one colour only is encoded, and `constant` contains it.
    """

    def __init__(
        self, encoder: ImageEncoder, cache: Path | None = None, device: torch.device | str = "cpu",
        batch_size: int | None = None, progress: Progress | None = None, skip_bad_images: bool = False,
    ) -> None:  # fmt: skip
        self.encoder = encoder
        self.cache = cache
        self.device = torch.device(device)
        short = self.device.type == "cpu" and encoder.preprocess.size > SMALL
        self.batch_size = batch_size or (64 if short else 256)
        self.progress = progress
        self.skip_bad_images = skip_bad_images
        self.skipped: set[str] = set()
        self.constant: set[str] = set()
        self._stores: dict[str, MemoryStore] = {}

    def beside(self, encoder: ImageEncoder) -> FeatureBank:
        """A bank with the same settings for another image tower."""
        return FeatureBank(encoder, self.cache, self.device, None, self.progress, self.skip_bad_images)

    def plain(self, images: Images, indices: Labels | None = None) -> Tensor:
        """Features [n, E] of the images `indices` [n], or of all, under the tower's evaluation transform.

        Raises DataError: the images come as features, of another tower.
        """
        if isinstance(images, Rows):
            return self._own(images, indices, None)
        inputs, some = self._inputs(images), np.arange(len(images)) if indices is None else indices
        return self._features(inputs, inputs.plain, some, 1, {"what": "images"})(0)

    def views(self, images: Images, indices: Labels, seed: int, views: int, crop: Crop) -> Callable[[int], Tensor]:
        """Function from v = 0, ..., `views` - 1 to features [n, E] of view v, random crops of the images `indices` [n].

        View v of an image depends on the image, its index, the seed and v only. Views of more than IN_MEMORY bytes
        are read one at a time, from disk if there is a cache. Without a crop all views are `plain`. Images that come as
        features have the views that they come with, or the plain ones.
        """
        if isinstance(images, Rows) and images.views is not None and crop.scale is not None:
            return partial(self._own, images, indices)
        if crop.scale is None or isinstance(images, Rows):
            features = self.plain(images, indices)
            return lambda view: features
        inputs, together = self._inputs(images), max(1, self.batch_size // views)
        crops = partial(inputs.crops, seed=seed, views=views, crop=crop, together=together, device=self.device)
        about = {"what": "views", "seed": seed, "views": views, "crop": asdict(crop)}
        return self._features(inputs, crops, indices, views, about)

    def _own(self, images: Rows, indices: Labels | None, view: int | None) -> Tensor:
        """The features that images come with, once it is certain that they are of this tower."""
        if images.outputs.identity != self.encoder.identity:
            raise DataError(f"{images.outputs.name} has features, no pictures that another backbone could encode")
        return torch.from_numpy(images.unit(indices, view))

    def _inputs(self, images: Images) -> Inputs:
        return Inputs(images, self.encoder.preprocess, self.skip_bad_images, constant=set())

    def _features(
        self, inputs: Inputs, pixels: Callable[[Labels], Iterator[Tensor]], indices: Labels, views: int,
        about: dict[str, object],
    ) -> Callable[[int], Tensor]:  # fmt: skip
        """Function from a view to features [n, E]; `pixels` yields inputs [k, 3, S, S] for sorted indices."""
        build = partial(self._build, inputs, pixels, views, str(about["what"]))
        read = partial(self._read, self._store(self._key(inputs.images) | about), build, indices)
        features, bad = read(0)
        self._note(self.skipped, map(inputs.images.describe, bad.tolist()), "pictures left out that cannot be read")
        if views * features.nbytes > IN_MEMORY:
            return lambda view: read(view)[0][0]
        return read(None)[0].__getitem__

    def _read(
        self, store: MemoryStore, build: Callable[[Labels], Iterator[Shard]], indices: Labels, view: int | None
    ) -> tuple[Tensor, Labels]:
        """Features [V, n, E] of one view or all, once whatever is absent or damaged is encoded, and the bad pictures.

        Raises DataError: What was encoded just now is damaged again.
        """
        for _ in range(ATTEMPTS):
            if len(store.absent(indices, self.skip_bad_images)):
                with store.building():
                    for shard in build(store.absent(indices, self.skip_bad_images)):
                        store.write(shard)
            with suppress(Damaged):
                return store.read(indices, view)
        raise DataError(f"the feature bank in {self.cache} is damaged as soon as it is written; check the disk")

    def _store(self, about: dict[str, object]) -> MemoryStore:
        if self.cache is not None:
            return ShardStore(self.cache, about)
        return self._stores.setdefault(json.dumps(about, sort_keys=True), MemoryStore())

    def _key(self, images: Images) -> dict[str, object]:
        prep = self.encoder.preprocess
        how = [prep.size, list(prep.mean), list(prep.std), prep.interpolation]
        who = {"encoder": self.encoder.identity, "preprocess": how}
        return {**who, "images": images.fingerprint, "decoding": DECODING}

    def _build(
        self, inputs: Inputs, pixels: Callable[[Labels], Iterator[Tensor]], views: int, what: str, missing: Labels
    ) -> Iterator[Shard]:
        """Encodes the images `missing` [n] and yields their shards; a GPU is waited for once a shard."""
        start, total, done = perf_counter(), len(missing) * views, 0
        left, per_shard = missing, max(1, SHARD // views)
        made: list[Tensor] = []
        for batch in batched(pixels(missing), self.batch_size):
            with torch.no_grad():
                made.append(self.encoder.encode_images(sent(batch, self.device)).float())
            done = min(done + self.batch_size, total)
            if self.progress is not None:
                self.progress(what, done, total, done / max(perf_counter() - start, 1e-9))
            while len(left) and (done == total or sum(map(len, made)) >= per_shard * views):
                own, left, rows = left[:per_shard], left[per_shard:], torch.cat(made)
                made = [rows[len(own) * views :]]
                features = rows[: len(own) * views].reshape(len(own), views, -1).transpose(0, 1).contiguous().cpu()
                yield self._shard(inputs, own, features)
        self._note(self.constant, map(inputs.images.describe, inputs.constant or ()), "pictures of one colour only")

    @staticmethod
    def _note(known: set[str], names: Iterable[str], what: str) -> None:
        """Adds names of pictures to those known, and says in one line what those new ones are."""
        if new := sorted(set(names) - known):
            known.update(new)
            tell_once(logger, f"{what}: {len(new)} ({', '.join(new[:NAMED])}{' ...' if len(new) > NAMED else ''})")

    def _shard(self, inputs: Inputs, own: Labels, features: Tensor) -> Shard:
        bad = np.isin(own, sorted(inputs.bad))
        features[:, torch.from_numpy(bad)] = 0
        return Shard(own, bad, features)
