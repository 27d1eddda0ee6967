"""The feature bank: views that depend on nothing but what was asked for, kept on disk once."""

from __future__ import annotations

import math
from pathlib import Path
from threading import Condition
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from datamodules.dataset import Labels
from datamodules.features import bank as features
from datamodules.features.bank import FeatureBank
from datamodules.features.crops import Crop
from datamodules.features.feature_store import ShardStore
from tests.support.bank_parts import Encoder, Pictures, all_views, build
from tests.support.pretend_gpu import PretendGPU


def test_plain_features_are_the_towers_features_of_the_test_transform() -> None:
    images, encoder = Pictures(10), Encoder()
    features = FeatureBank(encoder, batch_size=3).plain(images)
    slow = torch.cat([encoder.encode_images(encoder.preprocess(images[i])[None]) for i in range(10)])
    assert features.shape == (10, 6)
    assert torch.allclose(features, slow, atol=1e-5)


@pytest.mark.parametrize("vary", [False, True])
def test_views_do_not_depend_on_batches_or_on_the_other_images_asked_for(vary: bool) -> None:
    images = Pictures(10, vary=vary)
    everything = all_views(FeatureBank(Encoder()), images, np.arange(10), seed=1, views=3, crop=Crop())
    some = np.array([7, 2, 4])
    few = all_views(FeatureBank(Encoder(), batch_size=4), images, some, seed=1, views=3, crop=Crop())
    assert few.shape == (3, 3, 6)
    assert torch.allclose(few, everything[:, some], atol=1e-4)


def test_each_view_image_and_seed_gives_another_crop() -> None:
    images = Pictures(4)
    first = all_views(FeatureBank(Encoder()), images, np.arange(4), seed=1, views=3, crop=Crop())
    other = all_views(FeatureBank(Encoder()), images, np.arange(4), seed=2, views=3, crop=Crop())
    assert len({tuple(row) for row in torch.cat([first, other]).flatten(0, 1).round(decimals=4).tolist()}) == 24


def test_a_crop_of_everything_without_flip_is_the_plain_view_of_a_square_picture() -> None:
    images = Pictures(4, size=(12, 12))
    bank = FeatureBank(Encoder())
    whole = all_views(bank, images, np.arange(4), seed=1, views=1, crop=Crop((1.0, 1.0), (1.0, 1.0), flip=False))[0]
    assert torch.allclose(whole, bank.plain(images), atol=2e-2)


def test_progress_counts_pictures_and_gives_their_rate() -> None:
    calls: list[tuple[str, int, int, float]] = []
    bank = FeatureBank(Encoder(), batch_size=4, progress=lambda *call: calls.append(call))
    bank.plain(Pictures(10))
    all_views(bank, Pictures(10), np.arange(5), seed=1, views=2, crop=Crop())
    assert [call[:3] for call in calls] == [
        ("images", 4, 10),
        ("images", 8, 10),
        ("images", 10, 10),
        ("views", 4, 10),
        ("views", 8, 10),
        ("views", 10, 10),
    ]
    assert all(call[3] > 0 for call in calls)


@pytest.mark.parametrize("limit", [0, 2**30])
def test_views_too_large_for_memory_are_read_one_at_a_time_and_are_the_same(
    tmp_path: Path, small_shards: None, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(features, "IN_MEMORY", limit)
    asked = np.array([30, 3, 11, 3])
    made = all_views(FeatureBank(Encoder(), tmp_path), Pictures(40), asked, seed=1, views=4, crop=Crop())
    read: list[int] = []
    whole = ShardStore.read

    def counted(store: ShardStore, indices: Labels, view: int | None = None) -> tuple[torch.Tensor, Labels]:
        found = whole(store, indices, view)
        read.append(len(found[0]))
        return found

    monkeypatch.setattr(ShardStore, "read", counted)
    view = FeatureBank(Encoder(), tmp_path).views(Pictures(40), asked, seed=1, views=4, crop=Crop())
    assert torch.equal(torch.stack([view(number) for number in range(4)]), made)
    assert max(read) == (4 if limit else 1)
    assert torch.allclose(made, build(None, Encoder())[:, asked])


def test_a_bank_on_disk_is_encoded_once_and_gives_the_same_bits(tmp_path: Path, small_shards: None) -> None:
    first, second = Encoder(), Encoder()
    made = build(tmp_path, first)
    assert first.seen == 160
    assert torch.equal(build(tmp_path, second), made)
    assert second.seen == 0
    assert torch.equal(build(None, Encoder()), made)


def test_what_is_there_already_does_not_change_what_is_made(tmp_path: Path, small_shards: None) -> None:
    bank = FeatureBank(Encoder(), tmp_path, batch_size=8)
    for some in ([30, 3, 11], [3, 4, 39], [17, 4, 30]):
        all_views(bank, Pictures(40), np.array(some), seed=1, views=4, crop=Crop())
    assert torch.equal(build(tmp_path, Encoder()), build(None, Encoder()))


def test_images_may_be_asked_for_in_any_order_and_twice(tmp_path: Path) -> None:
    asked = np.array([7, 2, 7, 0])
    for cache in (tmp_path, None):
        bank = FeatureBank(Encoder(), cache)
        everything = all_views(bank, Pictures(8), np.arange(8), seed=1, views=2, crop=Crop())
        assert torch.equal(all_views(bank, Pictures(8), asked, seed=1, views=2, crop=Crop()), everything[:, asked])


@pytest.mark.parametrize(
    ("name", "value"), [("interpolation", "bilinear"), ("size", 4), ("mean", (0.4,) * 3), ("std", (0.5,) * 3)]
)
def test_features_of_another_preprocessing_are_not_used(tmp_path: Path, name: str, value: object) -> None:
    build(tmp_path, Encoder(), n=2, views=2)
    other = Encoder()
    setattr(other.preprocess, name, value)
    other.encode_images = lambda pixels: other.weight[: len(pixels)] + 1  # type: ignore[method-assign]
    assert (build(tmp_path, other, n=2, views=2) != build(tmp_path, Encoder(), n=2, views=2)).all()


def test_whatever_features_depend_on_is_part_of_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def seen(
        identity: str = "linear",
        images: Pictures | None = None,
        seed: int = 1,
        views: int = 2,
        crop: Crop | None = None,
        mean: float = 0.5,
    ) -> int:
        encoder = Encoder(identity)
        encoder.preprocess.mean = (mean,) * 3
        bank = FeatureBank(encoder, tmp_path, batch_size=4)
        all_views(bank, images or Pictures(2), np.arange(2), seed, views, crop or Crop())
        return encoder.seen

    assert seen() == 4
    assert seen() == 0
    other = Pictures(2, size=(12, 17))
    changes: list[dict[str, Any]] = [
        {"identity": "fp16"},
        {"images": other},
        {"seed": 2},
        {"views": 1},
        {"crop": Crop(flip=False)},
    ]
    for change in [*changes, {"crop": Crop(scale=(0.5, 1.0))}, {"mean": 0.4}]:
        assert seen(**change) == 4
        assert seen(**change) == 0
    monkeypatch.setattr(features, "DECODING", features.DECODING + 1)
    assert seen() == 4


@pytest.mark.parametrize("views", [0, 3])
def test_a_gpu_is_waited_for_once_a_shard_and_never_between_batches(
    views: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "SHARD", 12)
    images, crop = Pictures(24, vary=True), Crop()
    expected = FeatureBank(Encoder(), batch_size=2)
    with PretendGPU() as gpu:
        encoder = Encoder()
        encoder.weight = encoder.weight.to(gpu.device)
        bank = FeatureBank(encoder, device=gpu.device, batch_size=2)
        before = len(gpu.waits)
        if views:
            found, slow = (all_views(own, images, np.arange(24), 1, views, crop) for own in (bank, expected))
        else:
            found, slow = (own.plain(images) for own in (bank, expected))
        sites = [f"{wait.what}: {wait.where}" for wait in gpu.waits[before:]]
    torch.testing.assert_close(found, slow, atol=1e-5, rtol=1e-5)
    assert len(sites) == (6 if views else 2), sites


@pytest.mark.parametrize("views", [1, 2])
def test_a_gpu_is_idle_at_the_start_of_a_shard_alone_since_the_next_batch_is_decoded_while_it_encodes(
    views: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The idle share: batches that a device without work is given, since the host has waited for it, of all batches."""
    monkeypatch.setattr(features, "SHARD", 64)
    count, size, idle, batches, waits = 160, 8, 0, 0, -1
    decoded: set[int] = set()
    more = Condition()

    class Watched(Pictures):
        def __getitem__(self, index: int, /) -> Image.Image:
            with more:
                decoded.add(index)
                more.notify()
            return super().__getitem__(index)

    class Busy(Encoder):
        def encode_images(self, pixels: Tensor) -> Tensor:
            nonlocal idle, batches, waits
            idle, batches, waits = idle + (len(gpu.waits) > waits), batches + 1, len(gpu.waits)
            needed = min(count, (batches + 1) * size // views)
            with more:
                assert more.wait_for(lambda: len(decoded) >= needed, timeout=60), "nothing is decoded meanwhile"
            return super().encode_images(pixels)

    with PretendGPU() as gpu:
        encoder = Busy()
        encoder.weight = encoder.weight.to(gpu.device)
        bank = FeatureBank(encoder, device=gpu.device, batch_size=size)
        if views > 1:
            all_views(bank, Watched(count), np.arange(count), 1, views, Crop())
        else:
            bank.plain(Watched(count))
    assert batches == count * views // size
    assert idle == math.ceil(count * views / 64)  # 1 of 8 batches here, and of 16 with shards of 4,096
