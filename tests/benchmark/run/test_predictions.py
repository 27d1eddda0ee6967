"""Predictions per image: as many right as the record says, no number moved, and the labels that a run was given."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmark.__main__ import main
from benchmark.plan.options import Options
from benchmark.plan.packs import packs
from benchmark.records.prediction_file import unpack
from benchmark.records.record import Record
from benchmark.records.store import Store
from benchmark.run.predictions import pack_all
from benchmark.run.resources import Resources
from benchmark.run.worker import Runner
from datamodules.run_spec import RunSpec
from methods import linear_probe
from methods.core.pack_module import PackModule
from tests.support import toy

FEW = {"methods": "zero_shot,ce,coop,knn,clip_adapter,em_means", "seeds": "1,2"}
GRID = {"datasets": "digits", "noise": "0.5", "shots": "2", "epochs": 2}
Both = tuple[Store, Store]


def train(out: Path, resources: Resources, **grid: Any) -> Store:
    """Trains a grid in this process."""
    for pack in packs(Options(**{**GRID, **grid}).grid().runs(), 96):
        Runner(out, resources)(pack, "cpu", lambda event: None)
    return Store(out)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """The same runs with predictions, and without."""
    out, plain = tmp_path_factory.mktemp("both"), Resources()
    saving = replace(plain, save_predictions=True, _kept=plain._kept)
    return train(out / "with", saving, **FEW), train(out / "without", plain, **FEW)


def numbers(store: Store, record: Record) -> dict[str, Any]:
    fields = json.loads(store.path(record.run).read_bytes())
    return {name: value for name, value in fields.items() if name not in ("seconds", "sha256", "predictions_sha256")}


def percent(right: pd.Series[bool]) -> float:
    """A share as records have it: divided in single precision, then rounded to four digits."""
    return round(100 * float(np.float32(right.sum()) / np.float32(len(right))), 4)


def check(store: Store, record: Record) -> None:
    """The file has as many right predictions as the record, and the labels that the record speaks of."""
    frame = store.predictions(record)
    test, train = (frame[frame["split"] == split] for split in ("test", "train"))
    right = test["true"] == test["predicted"]
    assert percent(right) == record.accuracy
    assert tuple(percent(right[test["true"] == name]) for name in record.classes) == record.per_class_accuracy
    assert len(train) == record.noise.images and (train["true"] != train["given"]).sum() == record.noise.wrong
    assert (test["true"] == test["given"]).all() and test["file"].is_unique and train["file"].is_unique
    assert frame["probability"].between(0, 1).all()


def test_the_file_has_as_many_right_predictions_as_the_record(both: Both) -> None:
    records, problems = both[0].load()
    assert len(records) == 12 and not problems
    for record in records:
        check(both[0], record)


def test_saving_predictions_moves_no_number(both: Both) -> None:
    store, plain = both
    for record, other in zip(store.load().records, plain.load().records, strict=True):
        assert numbers(store, record) == numbers(plain, other)
        assert not plain.has_predictions(other.run)


def test_finished_runs_without_predictions_are_counted_and_not_trained_again(
    both: Both, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["bench", "--save_predictions", *(f"--{name}={value}" for name, value in {**GRID, **FEW}.items())]
    (store, plain), line = both, "finished runs have no predictions and are not repeated"
    assert main([*words, f"--out={plain.out}"]) == 0
    assert f"12 {line}" in capsys.readouterr().out
    assert not any(plain.has_predictions(record.run) for record in plain.load().records)
    assert main([*words, f"--out={store.out}"]) == 0
    assert line not in capsys.readouterr().out


def test_files_are_named_by_their_path_in_the_data_set_and_unreadable_ones_left_out(tmp_path: Path) -> None:
    for number, name in enumerate(
        f"{part}/{kind}/{i}.png" for part in ("train", "test") for kind in "ab" for i in "12"
    ):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 32), (30 * number, 200, 90)).save(path)
    for name in ("train/a/1.png", "test/b/2.png"):
        (tmp_path / "pictures" / name).write_bytes(b"no picture")
    resources = Resources(skip_bad_images=True, save_predictions=True)
    store = train(
        tmp_path / "out",
        resources,
        datasets=f"folder:{tmp_path / 'pictures'}",
        methods="linear_probe",
        noise="0",
        seeds="1",
    )
    (record,) = store.load().records
    files = store.predictions(record)["file"].tolist()
    assert sorted(files[:3]) == ["train/a/2.png", "train/b/1.png", "train/b/2.png"]
    assert files[3:] == ["test/a/1.png", "test/a/2.png", "test/b/1.png"]


def test_rows_are_the_runs_of_the_pack_in_chunks_or_whole_and_true_labels_may_be_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(PackModule, "keep_predictions", True)
    doubtful, seeds = replace(toy.toy_dataset(), has_clean_labels=False), range(2)
    specs = [RunSpec(seed, 2 + seed, "symmetric", 0.5) for seed in seeds]
    frames: list[list[pd.DataFrame]] = []
    for size in (7, 4096):
        data = toy.data_for(specs, dataset=doubtful)
        data.eval_batch = size
        module = toy.fit([linear_probe.Method(toy.task(seeds))], data)
        frames.append([unpack(content) for content in pack_all(module, data)])
    for seed, (chunked, whole) in enumerate(zip(*frames, strict=True)):
        pd.testing.assert_frame_equal(chunked, whole)
        train = whole[whole["split"] == "train"]
        assert train["true"].isna().all() and len(train) == (2 + seed) * len(toy.CLASSES)
        images, labels = data.training_set(seed)
        assert train["file"].tolist() == [str(image) for image in images.tolist()]
        assert train["given"].tolist() == [toy.CLASSES[label] for label in labels.tolist()]


@pytest.mark.slow
@pytest.mark.parametrize("backbone", ["embedded", "embedded-vit"])
def test_every_method_predicts_as_its_record_says(tmp_path: Path, backbone: str) -> None:
    """But for those that a backbone cannot run."""
    grid = {"methods": "all", "seeds": "1", "backbone": backbone}
    store, plain = (train(tmp_path / f"{on}", Resources(save_predictions=on), **grid) for on in (True, False))
    records = store.load().records
    assert len(records) > 25
    for record, other in zip(records, plain.load().records, strict=True):
        check(store, record)
        assert numbers(store, record) == numbers(plain, other)
