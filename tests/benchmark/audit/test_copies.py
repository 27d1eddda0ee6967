"""Copies of pictures are told from pictures that look alike."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance

from benchmark.audit.copies import Copies, Copy, copies, neighbour_pairs, pairs_across
from datamodules.errors import CorruptImage


class Pictures:
    """Pictures in a list; None stands for one that cannot be read."""

    fingerprint = "pictures"

    def __init__(self, *pictures: Image.Image | None) -> None:
        self.pictures = pictures

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int, /) -> Image.Image:
        if (picture := self.pictures[index]) is None:
            raise CorruptImage("none")
        return picture

    def describe(self, index: int) -> str:
        return str(index)


def drawing(seed: int, colour: tuple[int, int, int] = (200, 40, 40), left: int = 20) -> Image.Image:
    noise = np.random.default_rng(seed).normal(0, 5, (90, 120, 3))
    noise[20:70, left : left + 50] += np.array(colour) - 220
    return Image.fromarray((noise + 220).clip(0, 255).astype(np.uint8))


def again(picture: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


MADE = {
    "compressed": lambda picture: again(picture, 40),
    "scaled": lambda picture: picture.resize((59, 44)),
    "brightened": lambda picture: ImageEnhance.Brightness(picture).enhance(0.8),
}


@pytest.mark.parametrize("way", MADE)
def test_a_picture_that_was_made_anew_is_a_near_copy(way: str) -> None:
    first = drawing(1)
    (copy,) = copies([(0, 1, 0.97)], Pictures(first, MADE[way](first)))
    assert copy[:2] == (0, 1) and copy.kind == "near" and 0.99 <= copy.correlation <= 1


@pytest.mark.parametrize("other", [drawing(2, (40, 60, 200)), drawing(2, left=30)], ids=["colour", "place"])
def test_what_looks_alike_is_no_copy(other: Image.Image) -> None:
    assert copies([(0, 1, 0.9999)], Pictures(drawing(1), other)) == []


def test_equal_pixels_are_exact_copies_and_come_first() -> None:
    first = drawing(1)
    found = copies([(0, 2, 0.96), (0, 1, 1.0)], Pictures(first, first.copy(), again(first, 60)))
    assert [copy[:3] for copy in found] == [(0, 1, "exact"), (0, 2, "near")]


def test_empty_pictures_of_two_colours_are_no_copies() -> None:
    red, blue = (Image.new("RGB", (8, 8), colour) for colour in ("red", "blue"))
    assert [copy.kind for copy in copies([(0, 1, 1.0), (0, 2, 1.0)], Pictures(red, red, blue))] == ["exact"]


def test_features_without_pictures_are_copies_where_they_are_equal() -> None:
    nothing = Pictures(None, None, None)
    assert [copy[:3] for copy in copies([(0, 1, 1.0), (1, 2, 0.999)], nothing)] == [(0, 1, "exact")]
    assert copies([(0, 1, 1.0)], Pictures(drawing(1), None)) == []


def test_pairs_come_once_from_the_cosine_on() -> None:
    x = torch.nn.functional.normalize(torch.tensor([[1.0, 0], [1, 0.01], [0, 1], [0.01, 1], [1, 1]]), dim=-1)
    indices = torch.tensor([[1, 4], [0, 4], [3, 4], [2, 4], [0, 2]])
    assert [pair[:2] for pair in neighbour_pairs(x, indices, 0.98)] == [(0, 1), (2, 3)]
    found = pairs_across(x, x[[3, 4]], 0.98)
    assert sorted(pair[:2] for pair in found) == [(2, 0), (3, 0), (4, 1)]
    assert all(cosine == pytest.approx(float(x[a] @ x[[3, 4]][b]), abs=1e-6) for a, b, cosine in found)


def test_copies_are_counted_by_kind_and_label() -> None:
    found = Copies([Copy(0, 1, "exact", 1, 1), Copy(0, 2, "near", 0.99, 0.995)], [Copy(0, 0, "exact", 1, 1)])
    said = list(found.told(np.array([0, 0, 1])))
    assert said[0].startswith("pairs of copies with different labels: 0 exact, 1 near")
    assert said[1].startswith("pairs of copies with the same label: 1 exact, 0 near; a random split")
    assert said[2].startswith("1 test images are copies") and not list(Copies().told(np.array([0])))
