"""Copies of pictures: pixel for pixel, or compressed, scaled or brightened anew; what only looks alike is none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from benchmark.audit.doubtful import Doubtful
from benchmark.audit.sample import Sample
from datamodules.dataset import Images, Labels
from datamodules.errors import CorruptImage
from datamodules.features.bank import FeatureBank
from datamodules.features.stream import decoded

#: Cosine of centred features from which on two pictures are compared.
COMPARED = 0.95
#: Correlation of two small pictures from which on they are copies; of 1,495 drawings that looked alike, all were below
#: 0.98 and copies, compressed and scaled anew, above 0.998.
ALIKE = 0.99
#: Height and width of the small picture.
SIDE = 16
#: Cosine of the features of one picture, where there is no picture to look at.
SAME_FEATURES = 1 - 1e-6
#: Training images that each test image is compared with.
NEAREST = 5

KINDS = ("exact", "near")

#: Two rows and the cosine of their features.
Pair = tuple[int, int, float]


class Copy(NamedTuple):
    """Two rows that show one picture, exactly or nearly so, the cosine of features and the correlation of pictures."""

    first: int
    second: int
    kind: Literal["exact", "near"]
    cosine: float
    correlation: float


@dataclass(frozen=True)
class Copies:
    """Pairs of copies among the audited images, and pairs of an audited and a test image."""

    within: Sequence[Copy] = ()
    in_test: Sequence[Copy] = ()

    def same(self, given: Labels) -> NDArray[np.bool_]:
        """Whether the pairs within have the same of the given labels [P]."""
        return np.array([given[copy.first] == given[copy.second] for copy in self.within], bool)

    def count(self, same: NDArray[np.bool_], kind: str) -> int:
        """How many pairs within are of this kind, of those that `same` [pairs] marks."""
        return sum(copy.kind == kind and bool(is_same) for copy, is_same in zip(self.within, same, strict=True))

    def told(self, given: Labels) -> Iterator[str]:
        """What is said of the pairs, whose images have the given labels [P]; nothing where there are none."""
        same = self.same(given)
        for of, marked in (("different labels", ~same), ("the same label", same)):
            if marked.any():
                number = ", ".join(f"{self.count(marked, kind)} {kind}" for kind in KINDS)
                leak = "; a random split may train on one and test on the other" if of == "the same label" else ""
                yield f"pairs of copies with {of}: {number}{leak} (duplicates.csv)"
        if self.in_test:
            tested = len({copy.second for copy in self.in_test})
            yield f"{tested} test images are copies of audited ones: leave them out of one side (duplicates.csv)"


def find_copies(data: Doubtful, sample: Sample, bank: FeatureBank, least: float, with_test: bool) -> Copies:
    """Copies among labelled images, and `with_test` between these and the test images that can be read."""
    within = copies(neighbour_pairs(sample.centred, sample.nearest[1], least), data.images)
    if data.test is None or not with_test:
        return Copies(within)
    bank.skip_bad_images = True
    features = bank.plain(data.test.images)
    tests = F.normalize(features - sample.features.mean(0), dim=-1) * features.any(1)[:, None]
    return Copies(within, copies(pairs_across(sample.centred, tests, least), data.images, data.test.images))


def neighbour_pairs(features: Tensor, indices: Tensor, least: float = COMPARED) -> list[Pair]:
    """Pairs of near neighbours with a cosine of features [P, E] of at least `least`, each once.

    `indices` [P, k] are every image's nearest neighbours.
    """
    rows = torch.arange(len(features))[:, None].expand_as(indices).flatten()
    other = indices.flatten()
    codes = (torch.minimum(rows, other) * len(features) + torch.maximum(rows, other)).unique()
    pairs = torch.stack([codes // len(features), codes % len(features)], 1)
    parts = [(features[a] * features[b]).sum(1) for a, b in (part.T for part in pairs.split(2**12))]
    return _kept(pairs, torch.cat(parts), least)


def pairs_across(features: Tensor, others: Tensor, least: float = COMPARED) -> list[Pair]:
    """Pairs of images [P, E] and other images [Q, E], NEAREST for each of these, with a cosine of at least `least`."""
    found: list[Pair] = []
    for start in range(0, len(others), 1024):
        cosines, rows = (others[start : start + 1024] @ features.T).topk(min(NEAREST, len(features)))
        columns = torch.arange(start, start + len(rows))[:, None].expand_as(rows)
        found += _kept(torch.stack([rows.flatten(), columns.flatten()], 1), cosines.flatten(), least)
    return found


def _kept(pairs: Tensor, cosines: Tensor, least: float) -> list[Pair]:
    kept = torch.nonzero(cosines >= least)[:, 0]
    return list(zip(*pairs[kept].T.tolist(), cosines[kept].tolist(), strict=True))


def copies(pairs: Sequence[Pair], images: Images, others: Images | None = None) -> list[Copy]:
    """Those of the pairs that are copies, exact ones first, then the most alike; each picture is looked at once.

    The second row of a pair is of `others`, where they are given. Where there are features and no pictures, equal
    features are an exact copy.
    """
    first = _looks(images, {a for a, _, _ in pairs} | ({b for _, b, _ in pairs} if others is None else set()))
    second = first if others is None else _looks(others, {b for _, b, _ in pairs})
    found = list(_copies(pairs, first, second))
    return sorted(found, key=lambda copy: (copy.kind, -copy.correlation, copy.first, copy.second))


class _Look(NamedTuple):
    digest: bytes
    small: NDArray[np.uint8]


def _looks(images: Images, rows: Iterable[int]) -> dict[int, _Look]:
    """By row the digest of the pixels and the small picture; none of what cannot be read."""
    order = sorted(rows)
    there = zip(order, decoded(lambda row: _look(images, row), order), strict=True)
    return {row: look for row, look in there if look is not None}


def _look(images: Images, row: int) -> _Look | None:
    try:
        picture: Image.Image = images[row]
    except CorruptImage:
        return None
    pixels = np.asarray(picture.convert("RGB"))
    small = np.asarray(picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)).ravel()
    return _Look(hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).digest(), small)


def _unit(small: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The small picture with mean 0 and length 1."""
    centred = small - small.mean()
    return np.asarray(centred / (float(np.linalg.norm(centred)) or 1))


def _copies(pairs: Sequence[Pair], first: dict[int, _Look], second: dict[int, _Look]) -> Iterator[Copy]:
    for a, b, cosine in pairs:
        if a not in first or b not in second:
            if a not in first and b not in second and cosine >= SAME_FEATURES:
                yield Copy(a, b, "exact", cosine, 1.0)
        elif first[a].digest == second[b].digest:
            yield Copy(a, b, "exact", cosine, 1.0)
        elif (alike := float(_unit(first[a].small) @ _unit(second[b].small))) >= ALIKE:
            yield Copy(a, b, "near", cosine, alike)
