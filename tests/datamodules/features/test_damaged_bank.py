"""Feature banks on disk that are damaged, killed half way or out of room, and pictures that cannot be read."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from datamodules.errors import CorruptImage, DataError
from datamodules.features.bank import FeatureBank
from datamodules.features.crops import Crop
from datamodules.features.feature_store import ShardStore
from datamodules.features.shards import Damaged, Shard, open_shard, to_bytes
from datamodules.notices import _said as said
from tests.support.bank_parts import Encoder, Pictures, all_views, build
from tests.support.zygote import python


def files(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.rglob("*") if path.is_file() and path.name != "lock")


def program(cache: Path, lives: int | str = "") -> subprocess.Popen[bytes]:
    command = [python(), "-m", "tests.support.bank_parts", str(cache), str(lives)]
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


def test_all_pictures_that_cannot_be_read_are_counted_before_the_build_stops() -> None:
    tower = Encoder()
    bank = FeatureBank(tower, batch_size=2)
    message = (
        r"/data/picture_1\.png cannot .*; 4 cannot be read, also /data/picture_5\.png, /data/picture_7\.png \.\.\.;"
    )
    with pytest.raises(CorruptImage, match=message):
        bank.plain(Pictures(60, bad=[1, 5, 7, 59]))
    assert tower.seen == 0, "nothing is encoded once there is a bad one"


@pytest.mark.parametrize("cached", [True, False])
def test_bad_pictures_can_be_skipped_and_are_named(tmp_path: Path, cached: bool) -> None:
    cache = tmp_path if cached else None
    whole = FeatureBank(Encoder()).plain(Pictures(9))
    for _ in range(2):
        bank = FeatureBank(Encoder(), cache, batch_size=4, skip_bad_images=True)
        features = bank.plain(Pictures(9, bad=[5]))
        assert bank.skipped == {"/data/picture_5.png"}
        assert not features[5].any()
        kept = [i for i in range(9) if i != 5]
        assert torch.allclose(features[kept], whole[kept])


def test_a_bank_made_with_skipping_stops_a_run_that_does_not_skip(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    said.cache_clear()
    for _ in range(2):
        FeatureBank(Encoder(), tmp_path, skip_bad_images=True).plain(Pictures(9, bad=[5]))
    assert caplog.messages == ["pictures left out that cannot be read: 1 (/data/picture_5.png)"], "once"
    with pytest.raises(CorruptImage, match=r"/data/picture_5\.png .*; --skip_bad_images leaves such pictures out"):
        FeatureBank(Encoder(), tmp_path).plain(Pictures(9, bad=[5]))
    repaired = FeatureBank(Encoder(), tmp_path)
    assert torch.allclose(repaired.plain(Pictures(9)), FeatureBank(Encoder()).plain(Pictures(9)))
    assert not repaired.skipped
