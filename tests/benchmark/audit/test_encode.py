"""From pictures to a sample: those that cannot be read are left out, and too few are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.audit.doubtful import Doubtful
from benchmark.audit.encode import Known, encode
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


def no_steps(what: str, steps: int) -> Callable[[], None]:
    return lambda: None


def pictures() -> Doubtful:
    split = toy.split(3, 1)
    files = tuple(f"{row}.png" for row in range(len(split.labels)))
    return Doubtful("toy", split.images, files, split.labels, toy.CLASSES, toy.CLASSES, "a photo of a {}.")


def test_a_sample_has_the_pictures_that_can_be_read_with_their_labels() -> None:
    data, bank = pictures(), Holes(toy.tiny_clip())
    bank.unreadable = (0, 7)
    kept, sample = encode(data, toy.tiny_clip(), bank, 4, no_steps, Known(prompt="no"))
    rows = [row for row in range(18) if row not in (0, 7)]
    assert kept.files == tuple(data.files[row] for row in rows) and sample.labels.tolist() == kept.given.tolist()
    assert sample.labels.tolist() == data.given[rows].tolist()
    assert [file for file, _ in kept.left_out] == ["0.png", "7.png"]
    own = toy.tiny_clip().encode_images(toy.tiny_clip().preprocess(data.images[rows[3]])[None])
    torch.testing.assert_close(sample.features[3], own[0], atol=1e-5, rtol=1e-4)
    texts = toy.tiny_clip().encode_text([f"a photo of a {name}." for name in toy.CLASSES])
    torch.testing.assert_close(sample.text, texts, atol=1e-5, rtol=1e-4)
    assert (sample.scale, sample.seed) == (toy.tiny_clip().scale, 4)


def test_a_class_of_which_nothing_can_be_read_is_named() -> None:
    data, bank = pictures(), Holes(toy.tiny_clip())
    bank.unreadable = tuple(np.flatnonzero(data.given == 1).tolist())
    with pytest.raises(BadInput, match=f"class '{toy.CLASSES[1]}' has no image"):
        encode(data, toy.tiny_clip(), bank, 4, no_steps, Known(prompt="no"))


def test_fewer_than_two_pictures_a_class_are_too_few() -> None:
    bank = Holes(toy.tiny_clip())
    bank.unreadable = tuple(range(7))
    with pytest.raises(BadInput, match="shop: only 11 images can be read"):
        encode(replace(pictures(), name="shop"), toy.tiny_clip(), bank, 1, no_steps)


def test_what_people_know_stays_with_its_pictures(tmp_path: Path) -> None:
    data, bank = pictures(), Holes(toy.tiny_clip())
    bank.unreadable = (0,)
    (tmp_path / "checked.csv").write_text(f"file,label\n0.png,{toy.CLASSES[1]}\n3.png,{toy.CLASSES[2]}\n")
    own = np.random.default_rng(0).dirichlet(np.ones(len(toy.CLASSES)), len(data.files))
    np.save(tmp_path / "own.npy", own)
    known = Known(tmp_path / "checked.csv", tmp_path / "own.npy", "no")
    _, sample = encode(data, toy.tiny_clip(), bank, 1, no_steps, known)
    assert sample.checked is not None and sample.own is not None
    assert sample.checked.tolist() == [-1, -1, 2, *[-1] * (len(data.files) - 4)]
    np.testing.assert_allclose(sample.own, own[1:], atol=1e-6)
