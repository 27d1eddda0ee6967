"""The feature bank: encoded once, keyed by all that matters, whole after a kill."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from datamodules.dataset import Labels
from datamodules.errors import CorruptImage, DataError
from datamodules.features import bank as features
from datamodules.features.bank import FeatureBank
from datamodules.features.crops import Crop
from datamodules.features.shards import Damaged, Shard, open_shard, to_bytes
from datamodules.features.store import ShardStore
from tests.support.bank_parts import Encoder, Pictures, all_views, build


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


def files(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.rglob("*") if path.is_file() and path.name != "lock")


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "SHARD", 32)


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


def test_whatever_features_depend_on_is_part_of_the_key(tmp_path: Path) -> None:
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


def program(cache: Path, lives: int | str = "") -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.support.bank_parts", str(cache), str(lives)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3])


def test_a_killed_builder_leaves_a_correct_bank(tmp_path: Path, small_shards: None) -> None:
    builder = program(tmp_path, lives=9)
    builder.communicate()
    assert builder.returncode == -9
    shards = list(tmp_path.rglob("*.safetensors"))
    assert len(shards) == 2
    shards[0].with_name(".killed while it was written.123.partial").write_bytes(b"half")
    encoder = Encoder()
    assert torch.equal(build(tmp_path, encoder), build(None, Encoder()))
    assert encoder.seen == 160 - 2 * 32
    assert not [name for name in files(tmp_path) if name.endswith(".partial")]


def test_two_builders_at_once_share_one_build_and_leave_a_correct_bank(tmp_path: Path) -> None:
    builders = [program(tmp_path), program(tmp_path)]
    assert sorted(int(builder.communicate()[0]) for builder in builders) == [0, 160]
    encoder = Encoder()
    assert torch.equal(build(tmp_path, encoder), build(None, Encoder()))
    assert encoder.seen == 0


def test_a_full_disk_raises_one_line_and_leaves_nothing_half_written(
    tmp_path: Path, small_shards: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, real = [3], os.fsync

    def fsync(file: int) -> None:
        room[0] -= 1
        if room[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(file)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(DataError, match=r"feature bank .*: No space left on device; make room") as error:
        build(tmp_path, Encoder())
    assert "\n" not in str(error.value)
    assert sorted(name.rpartition(".")[2] for name in files(tmp_path)) == ["json", "safetensors", "safetensors"]
    monkeypatch.undo()
    encoder = Encoder()
    assert torch.equal(build(tmp_path, encoder), build(None, Encoder()))
    assert encoder.seen == 160 - 2 * 32


def test_a_folder_that_cannot_be_a_bank_raises_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"feature bank .*file.*: (Not a directory|File exists); make room"):
        build(tmp_path / "file", Encoder())


def test_a_shard_that_was_damaged_from_outside_is_made_again(tmp_path: Path, small_shards: None) -> None:
    build(tmp_path, Encoder())
    shards = sorted(tmp_path.rglob("*.safetensors"))
    shards[0].write_bytes(shards[0].read_bytes()[:-9])
    shards[1].write_bytes(b"")
    encoder = Encoder()
    assert torch.equal(build(tmp_path, encoder), build(None, Encoder()))
    assert encoder.seen == 64


def flip_a_bit(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 4
    path.write_bytes(content)


def test_a_flipped_bit_or_zeroed_tail_anywhere_in_a_shard_is_seen_and_the_shard_is_made_again(tmp_path, small_shards):
    made = build(tmp_path, Encoder())
    shards = sorted(tmp_path.rglob("*.safetensors"))
    content = shards[0].read_bytes()
    for place in [*range(0, 600, 13), *range(600, len(content), 97), len(content) - 1]:
        flip_a_bit(shards[0], place)
        encoder = Encoder()
        assert torch.equal(build(tmp_path, encoder), made), place
        assert encoder.seen == 32, place
        assert shards[0].read_bytes() == content
    shards[0].write_bytes(content[:-100] + bytes(100))
    assert torch.equal(build(tmp_path, Encoder()), made)


def test_a_shard_with_fewer_rows_than_pictures_or_without_checksums_is_made_again(tmp_path, small_shards):
    made = build(tmp_path, Encoder())
    shards = sorted(tmp_path.rglob("*.safetensors"))
    old = load(shards[0].read_bytes())
    shards[0].write_bytes(save({name: old[name] for name in ("indices", "bad", "features")}))
    indices, bad = torch.from_numpy(old["indices"].numpy()), old["bad"]
    shards[1].write_bytes(to_bytes(Shard(indices.numpy(), bad.numpy(), old["features"][:, 1:])))
    encoder = Encoder()
    assert torch.equal(build(tmp_path, encoder), made)
    assert encoder.seen == 64


def test_one_view_is_checked_without_reading_the_others(tmp_path, small_shards, monkeypatch):
    monkeypatch.setattr("datamodules.features.bank.IN_MEMORY", 0)
    bank = FeatureBank(Encoder(), tmp_path, batch_size=8)
    view = bank.views(Pictures(40), np.arange(40), seed=1, views=4, crop=Crop())
    made = torch.stack([view(number) for number in range(4)])
    bank.encoder.seen = 0
    shard = sorted(tmp_path.rglob("*.safetensors"))[0]
    flip_a_bit(shard, shard.read_bytes().index(open_shard(shard, 0).features.numpy().tobytes()) + 5)
    with pytest.raises(Damaged):
        open_shard(shard, 0)
    assert torch.equal(torch.stack([view(number) for number in (3, 2, 1)]), made[[3, 2, 1]])
    assert bank.encoder.seen == 0
    assert torch.equal(view(0), made[0])
    assert bank.encoder.seen == 32


def test_a_disk_that_damages_whatever_is_written_is_told_in_one_line(tmp_path, monkeypatch):
    whole = ShardStore._write
    monkeypatch.setattr(ShardStore, "_write", lambda self, name, content: whole(self, name, content[:-4] + b"oops"))
    with pytest.raises(DataError, match="is damaged as soon as it is written; check the disk"):
        build(tmp_path, Encoder())


@pytest.mark.parametrize("cached", [True, False])
def test_a_picture_that_cannot_be_read_stops_the_build_by_name(tmp_path: Path, cached: bool) -> None:
    bank = FeatureBank(Encoder(), tmp_path if cached else None)
    with pytest.raises(CorruptImage, match=r"/data/picture_5\.png"):
        bank.plain(Pictures(9, bad=[5]))
    with pytest.raises(CorruptImage, match=r"/data/picture_5\.png"):
        all_views(bank, Pictures(9, bad=[5]), np.array([1, 5]), seed=1, views=2, crop=Crop())


@pytest.mark.parametrize("cached", [True, False])
def test_bad_pictures_can_be_skipped_and_are_named(tmp_path: Path, cached: bool) -> None:
    cache = tmp_path if cached else None
    whole = FeatureBank(Encoder()).plain(Pictures(9))
    for _ in range(2):
        bank = FeatureBank(Encoder(), cache, batch_size=4, skip_bad_images=True)
        with warnings.catch_warnings(record=True):
            features = bank.plain(Pictures(9, bad=[5]))
        assert bank.skipped == {"/data/picture_5.png"}
        assert not features[5].any()
        kept = [i for i in range(9) if i != 5]
        assert torch.allclose(features[kept], whole[kept])


def test_a_bank_made_with_skipping_stops_a_run_that_does_not_skip(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"skipped: /data/picture_5.png"):
        FeatureBank(Encoder(), tmp_path, skip_bad_images=True).plain(Pictures(9, bad=[5]))
    with pytest.raises(CorruptImage, match=r"/data/picture_5\.png"):
        FeatureBank(Encoder(), tmp_path).plain(Pictures(9, bad=[5]))
    repaired = FeatureBank(Encoder(), tmp_path)
    assert torch.allclose(repaired.plain(Pictures(9)), FeatureBank(Encoder()).plain(Pictures(9)))
    assert not repaired.skipped
