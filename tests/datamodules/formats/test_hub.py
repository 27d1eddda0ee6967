"""Data sets of the hub's library, from local files; no network unless asked."""

from __future__ import annotations

import multiprocessing
import socket
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from datasets import ClassLabel, Image
from tqdm import tqdm
from tqdm.std import TqdmDefaultWriteLock

from datamodules import catalog
from datamodules.datasets import caltech101, eurosat, imagenet, ucf101
from datamodules.errors import CorruptImage, DataError
from datamodules.formats.hub import Hub
from datamodules.formats.hub_columns import values_as_labels
from datamodules.formats.hub_images import HubImages

datasets = pytest.importorskip("datasets")
huggingface_hub = pytest.importorskip("huggingface_hub")


@pytest.fixture(autouse=True)
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An empty cache of one's own, and a record of every host that is looked up."""
    hosts: list[str] = []

    def getaddrinfo(host: str, *rest: object, **more: list[int]) -> None:
        hosts.append(host)
        raise socket.gaierror("no network")

    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return hosts


def table(
    n: int,
    names: tuple[str, ...] = ("cat", "red_dog"),
    image: str = "image",
    label: str = "label",
    seed: int = 0,
    kind: Any = None,
    **more: list[int],
) -> Any:
    source = np.random.default_rng(seed)
    pictures = [source.integers(0, 256, (6, 7, 3), dtype=np.uint8) for _ in range(n)]
    columns = {image: pictures, label: [i % len(names) for i in range(n)], **more}
    features = {image: datasets.Image(), label: kind or datasets.ClassLabel(names=list(names))}
    if kind is not None and kind.dtype == "string":
        columns[label] = [names[i % len(names)] for i in range(n)]
    features |= {name: datasets.Value("int64") for name in more}
    return datasets.Dataset.from_dict(columns, features=datasets.Features(features))


def hub_folder(folder: Path, **splits: Any) -> Path:
    """A folder as the hub stores data sets: Parquet shards whose schema has the features."""
    (folder / "data").mkdir(parents=True)
    for part, rows in splits.items():
        rows.to_parquet(folder / f"data/{part}-00000-of-00001.parquet")
    return folder


def test_a_folder_in_the_hubs_format_is_a_data_set(tmp_path: Path) -> None:
    folder = hub_folder(tmp_path / "pets", train=table(6), test=table(4, seed=1), validation=table(2, seed=2))
    dataset = catalog.open_dataset(f"hf:{folder}[template=a photo of a {{}}, a type of pet.]")
    assert dataset.classes == ("cat", "red dog")
    assert dataset.template == "a photo of a {}, a type of pet."
    assert dataset.train.labels.tolist() == [0, 1] * 3
    assert dataset.val is not None and len(dataset.val.labels) == 2
    expected = np.random.default_rng(1).integers(0, 256, (6, 7, 3), dtype=np.uint8)
    assert (np.asarray(dataset.test.images[0]) == expected).all()
    assert len({part.images.fingerprint for part in (dataset.train, dataset.val, dataset.test)}) == 3
    assert catalog.status(f"hf:{folder}") == "ready"


def test_what_save_to_disk_wrote_is_read_too(tmp_path: Path) -> None:
    datasets.DatasetDict(train=table(4), test=table(2, seed=1)).save_to_disk(tmp_path / "saved")
    assert len(catalog.open_dataset(f"hf:{tmp_path / 'saved'}").train.labels) == 4


def test_reading_makes_no_semaphore_that_a_killed_worker_would_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets.DatasetDict(train=table(4), test=table(2, seed=1)).save_to_disk(tmp_path / "saved")
    made: list[None] = []
    for place, name in ((tqdm, "_lock"), (datasets.utils.tqdm, "_lock"), (TqdmDefaultWriteLock, "mp_lock")):
        monkeypatch.delattr(place, name, raising=False)  # what tests before this one have made
    monkeypatch.setattr(multiprocessing, "RLock", lambda: made.append(None))
    catalog.open_dataset(f"hf:{tmp_path / 'saved'}")
    assert not made


def test_one_table_that_save_to_disk_wrote_is_split(tmp_path: Path) -> None:
    table(20).save_to_disk(tmp_path / "saved")
    assert np.bincount(catalog.open_dataset(f"hf:{tmp_path / 'saved'}").test.labels).tolist() == [2, 2]
    dataset = catalog.open_dataset(f"hf:{tmp_path / 'saved'}[split=0.3,name=pets,labels=unknown]")
    assert np.bincount(dataset.train.labels).tolist() == [7, 7] and np.bincount(dataset.test.labels).tolist() == [3, 3]
    assert dataset.train.images.fingerprint != dataset.test.images.fingerprint
    assert not dataset.has_clean_labels
    pictures = [np.asarray(part.images[n]) for part in (dataset.train, dataset.test) for n in range(len(part.labels))]
    assert len({picture.tobytes() for picture in pictures}) == 20


def test_a_split_beside_a_test_split_is_refused(tmp_path: Path) -> None:
    folder = hub_folder(tmp_path / "a", train=table(4, worse_label=[1, 1, 0, 0]), test=table(2, worse_label=[0, 1]))
    with pytest.raises(DataError, match=r"has the split 'test' to test on; leave out the option split"):
        catalog.open_dataset(f"hf:{folder}[split=0.2]")
    (folder / "data/test-00000-of-00001.parquet").unlink()
    dataset = catalog.open_dataset(f"hf:{folder}[split=0.5,given=worse_label]")
    assert len(dataset.train.labels) == len(dataset.given["worse"]) == 2
    with pytest.raises(DataError, match=r"class 'cat' has one image; split needs two"):
        catalog.open_dataset(f"hf:{hub_folder(tmp_path / 'b', train=table(2))}[split=0.2]")


def test_a_loading_script_in_a_folder_is_not_run(tmp_path: Path) -> None:
    folder = tmp_path / "pets"
    folder.mkdir()
    (folder / "pets.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    with pytest.raises(DataError, match="cannot be read"):
        catalog.open_dataset(f"hf:{folder}")
    hub_folder(folder, train=table(4), test=table(2, seed=1))
    with suppress(DataError):
        catalog.open_dataset(f"hf:{folder}")
    assert not (tmp_path / "ran").exists()


def test_columns_and_splits_are_found_or_named(tmp_path: Path) -> None:
    parts = {"train": table(4, image="img", label="fine_label"), "valid": table(2, image="img", label="fine_label")}
    folder = hub_folder(
        tmp_path / "a",
        **{part: rows.add_column("coarse_label", [0, 0] * (len(rows) // 2)) for part, rows in parts.items()},
    )
    assert len(catalog.open_dataset(f"hf:{folder}").test.labels) == 2
    assert catalog.open_dataset(f"hf:{folder}[image=img,label=fine_label,test=train]").val is not None


def test_texts_as_labels_are_classes_in_sorted_order(tmp_path: Path) -> None:
    kind = datasets.Value("string")
    folder = hub_folder(
        tmp_path / "a", train=table(4, ("owl", "cat"), kind=kind), test=table(2, ("owl", "cat"), kind=kind)
    )
    dataset = catalog.open_dataset(f"hf:{folder}")
    assert dataset.classes == ("cat", "owl")
    assert dataset.train.labels.tolist() == [1, 0, 1, 0]


def test_columns_may_hold_human_labels(tmp_path: Path) -> None:
    folder = hub_folder(tmp_path / "a", train=table(4, worse_label=[1, 1, 0, 0]), test=table(2, worse_label=[0, 1]))
    assert catalog.open_dataset(f"hf:{folder}[given=worse_label]").given["worse"].tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize(
    ("splits", "options", "message"),
    [
        (
            {"train": table(4, label="kind", kind=datasets.Value("int64"))},
            "",
            r"no label column; columns are image, kind",
        ),
        ({"train": table(4, kind=datasets.Value("int64"))}, "", r"the label column holds .*int64.*, not class names"),
        ({"train": table(4)}, "[label=breed]", r"no label column 'breed'; columns are image, label"),
        ({"train": table(4).remove_columns("image")}, "", r"no image column; columns are label"),
        ({"train": table(4)}, "[test=held-out]", r"no split 'held-out'; splits are test, train|splits are train, test"),
        ({"train": table(4)}, "[given=worse]", r"no column 'worse' for a labelling"),
        ({"train": table(4, names=("cat",))}, "", r"one class only"),
    ],
)
def test_a_hub_data_set_without_what_is_needed_gets_one_clear_line(
    tmp_path: Path, splits: dict[str, Any], options: str, message: str
) -> None:
    splits = {**splits, "test": splits["train"]}
    folder = hub_folder(tmp_path / "a", **splits)
    with pytest.raises(DataError, match=message) as error:
        catalog.open_dataset(f"hf:{folder}{options}")
    assert "\n" not in str(error.value)


def test_a_hub_data_set_without_a_test_split_is_tested_on_another_which_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dataset = catalog.open_dataset(f"hf:{hub_folder(tmp_path / 'a', train=table(10))}")
    assert (len(dataset.train.labels), len(dataset.test.labels)) == (8, 2)
    assert "there is no test split; 20% of each class of 'train' are, by [split=]" in caplog.text
    dataset = catalog.open_dataset(f"hf:{hub_folder(tmp_path / 'b', train=table(4), validation=table(2, seed=1))}")
    assert (len(dataset.train.labels), len(dataset.test.labels), dataset.val) == (4, 2, None)
    assert "there is no split 'test'; 'validation' is the test split" in caplog.text


@pytest.mark.parametrize("name", ["cifar10", "hf:dtd", "hf:someone/something"])
def test_without_a_download_what_is_not_there_is_said_with_the_manual_steps(name: str, asked: list[str]) -> None:
    assert "not in" in catalog.status(name)
    with pytest.raises(DataError, match=r"run `hf download \S+ --repo-type dataset --local-dir DIR` anywhere") as error:
        catalog.open_dataset(name)
    assert "\n" not in str(error.value)
    assert not asked
    assert datasets.config.HF_HUB_OFFLINE is huggingface_hub.constants.HF_HUB_OFFLINE is False


def test_a_download_without_a_network_raises_the_manual_steps_too(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    with pytest.raises(DataError, match=r"hf:dtd cannot be read: tanganke/dtd is not in .* anywhere") as error:
        catalog.open_dataset("hf:dtd", download=True)
    assert "\n" not in str(error.value)
    assert "huggingface.co" in asked


def test_a_data_set_in_the_hubs_cache_needs_no_network(tmp_path: Path) -> None:
    folder = hub_folder(tmp_path / "cifar10", train=table(4), test=table(2, seed=1))
    datasets.load_dataset(str(folder))
    (tmp_path / "cache/cifar10").rename(tmp_path / "cache/uoft-cs___cifar10")
    assert catalog.status("cifar10") == "ready"
    assert len(catalog.open_dataset("cifar10").train.labels) == 4


def test_a_corrupt_picture_in_a_table_is_named_by_split_and_row(tmp_path: Path) -> None:
    rows = table(4).cast_column("image", datasets.Image(decode=False))
    broken = rows.map(
        lambda row, i: {"image": {"bytes": b"no" if i == 2 else row["image"]["bytes"]}}, with_indices=True
    )
    broken = broken.cast_column("image", datasets.Image())
    folder = hub_folder(tmp_path / "a", train=broken, test=table(2))
    images = catalog.open_dataset(f"hf:{folder}").train.images
    with pytest.raises(CorruptImage, match=r"a train row 2 cannot be read as a picture: "):
        images[2]


def test_only_the_middle_frame_of_a_clip_counts(tmp_path: Path) -> None:
    frames: dict[str, Any] = {"video_id": [1, 1, 1, 1, 1, 2, 1, 1], "clip_id": [1, 1, 1, 2, 2, 1, 1, 1]}
    rows = table(8, names=("ApplyLipstick", "TaiChi"), **frames)
    folder = hub_folder(tmp_path / "a", train=rows, test=rows)
    dataset = replace(ucf101.HUB, repo=str(folder)).open("ucf101", ucf101.TEMPLATE)
    assert dataset.classes == ("Apply Lipstick", "Tai Chi")
    # clips of class 0: rows 0, 2, 6 and row 4; of class 1: rows 1, 7, row 3 and row 5
    kept = [dataset.train.images[i] for i in range(len(dataset.train.images))]
    whole = Hub(str(folder)).open("all", ucf101.TEMPLATE).train.images
    assert [next(r for r in range(8) if (np.asarray(whole[r]) == np.asarray(k)).all()) for k in kept] == [2, 3, 4, 5, 7]


def test_hub_class_names_become_those_of_coop_and_clip() -> None:
    assert eurosat.rename(["AnnualCrop", "Forest"]) == ["Annual Crop Land", "Forest"]
    assert ucf101.rename(["ApplyEyeMakeup", "YoYo"]) == ["Apply Eye Makeup", "Yo Yo"]
    assert caltech101.rename(["Faces", "accordion"]) == ["face", "accordion"]
    names = imagenet.rename([f"n{i}" for i in range(1000)])
    assert (names[0], names[-1], len(names)) == ("tench", "toilet paper", 1000)


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (ClassLabel(names=["a", "b"]), [0, None, 1], "column 'label' has no label in train row 1"),
        (ClassLabel(names=["a", "b"]), [0, 1, [1]], r"has '\[1\]', no class number, in train row 2"),
        (ClassLabel(names=["a", "b"]), [0, 1.5], "has '1.5', no class number, in train row 1"),
        ("string", ["a", None], "column 'label' has no label in train row 1"),
        ("string", ["a", "  "], "column 'label' has no label in train row 1"),
        ("list", [["a"], ["b"]], "column 'label' has a list in train row 0, and a picture takes one class"),
        ("int64", [3, None], "the label column holds int64, not class names"),
    ],
)
def test_a_row_without_one_label_is_named(kind: Any, values: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        values_as_labels("x", "label", {"train": values}, kind)


def test_a_column_of_paths_is_one_of_pictures_and_one_of_numbers_is_none(tmp_path: Path) -> None:
    from datasets import Dataset as HubTable
    from datasets import DatasetDict

    for number in range(4):
        PIL.Image.new("RGB", (8, 8), (60 * number, 0, 0)).save(tmp_path / f"{number}.png")
    rows = {"image": [str(tmp_path / f"{i}.png") for i in range(4)], "label": list("abab"), "number": [1, 2, 3, 4]}
    DatasetDict({part: HubTable.from_dict(rows) for part in ("train", "test")}).save_to_disk(str(tmp_path / "x"))
    raw = [(tmp_path / f"{i}.png").read_bytes() for i in range(4)]
    raw_and_broken = [{"bytes": one, "path": None} for one in [*raw, b"junk"]]
    broken = HubImages("x", HubTable.from_dict({"image": raw_and_broken}).cast_column("image", Image()), "image")
    with pytest.raises(CorruptImage, match="train row 4 cannot be read as a picture: it is no picture of"):
        broken[4]
    for images in (rows["image"], raw, raw_and_broken[:4]):
        for part in ("train", "test"):
            HubTable.from_dict({**rows, "image": images}).save_to_disk(str(tmp_path / "x" / part))
        opened = catalog.open_dataset(f"hf:{tmp_path / 'x'}[image=image,label=label]")
        assert [opened.train.images[i].getpixel((0, 0))[0] for i in range(4)] == [0, 60, 120, 180]
    with pytest.raises(DataError, match="no pictures, paths or bytes"):
        catalog.open_dataset(f"hf:{tmp_path / 'x'}[image=number,label=label]")
