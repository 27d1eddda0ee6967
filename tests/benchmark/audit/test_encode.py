"""From pictures to a sample: those that cannot be read are left out, and too few are told."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from benchmark.audit.doubtful import Doubtful
from benchmark.audit.encode import encode
from benchmark.errors import BadInput
from datamodules.dataset import Images
from datamodules.features.bank import FeatureBank
from tests.support import toy


class Holes(FeatureBank):
    """A bank that could read all but some pictures, whose features are zeros."""

    unreadable: tuple[int, ...] = ()

    def plain(self, images: Images, indices: object = None) -> torch.Tensor:
        features = super().plain(images)
        features[list(self.unreadable)] = 0
        return features


def pictures() -> Doubtful:
    split = toy.split(3, 1)
    files = tuple(f"{row}.png" for row in range(len(split.labels)))
    return Doubtful("toy", split.images, files, split.labels, toy.CLASSES, toy.CLASSES, "a photo of a {}.")


def test_a_sample_has_the_pictures_that_can_be_read_with_their_labels() -> None:
    data, bank = pictures(), Holes(toy.tiny_clip())
    bank.unreadable = (0, 7)
    sample, rows = encode(data, toy.tiny_clip(), bank, seed=4)
    assert rows == [row for row in range(18) if row not in (0, 7)]
    assert sample.labels.tolist() == data.given[rows].tolist()
    own = toy.tiny_clip().encode_images(toy.tiny_clip().preprocess(data.images[rows[3]])[None])
    torch.testing.assert_close(sample.features[3], own[0], atol=1e-5, rtol=1e-4)
    texts = toy.tiny_clip().encode_text([f"a photo of a {name}." for name in toy.CLASSES])
    torch.testing.assert_close(sample.text, texts, atol=1e-5, rtol=1e-4)
    assert (sample.scale, sample.seed) == (toy.tiny_clip().scale, 4)


def test_fewer_than_two_pictures_a_class_are_too_few() -> None:
    bank = Holes(toy.tiny_clip())
    bank.unreadable = tuple(range(7))
    with pytest.raises(BadInput, match="shop: only 11 images can be read"):
        encode(replace(pictures(), name="shop"), toy.tiny_clip(), bank, seed=1)
