"""Files for those without W&B: what the record holds, each record once, by Lightning's own loggers."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml

from benchmark.__main__ import main
from benchmark.errors import BadInput
from benchmark.records.store import Store
from benchmark.tracking import Files, parse_track
from tests.support.records_factory import result, run


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "out")
    store.write(run(), result(64.5, run()))
    return store


def rows(store: Store) -> list[dict[str, str]]:
    (path,) = store.out.glob("track/csv/flipped/coop-0.5-seed1-*/metrics.csv")
    return list(csv.DictReader(path.read_text().splitlines()))


def test_csv_files_hold_the_curves_the_final_numbers_and_the_configuration(store: Store) -> None:
    Files("csv", store, [run()])()
    record, (*epochs, final) = store.find(run().key), rows(store)
    for name, curve in record.curves.items():
        assert [float(row[name]) for row in epochs] == list(curve)
    assert [row["step"] for row in epochs] == [str(epoch + 1) for epoch in range(10)]
    assert (final["step"], final["final/accuracy"], final["final/wrong_labels"]) == ("10", "64.5", "40")
    (path,) = store.out.glob("track/csv/flipped/*/hparams.yaml")
    config = yaml.safe_load(path.read_text())
    assert {"method": "coop", "rate": 0.5, "seed": 1, "status": "ok", "key": run().key}.items() <= config.items()


def test_a_value_that_was_not_measured_is_left_out(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(run(), result(70.0, run(), curves={"loss": [1.0, None, 0.5]}))
    Files("csv", store, [run()])()
    assert [row["loss"] for row in rows(store)] == ["1.0", "", "0.5", ""]


def test_runs_are_written_as_they_finish_and_once(store: Store) -> None:
    written = Files("csv", store, [run(), run(seed=2), run(seed=3)])
    written()
    (path,) = store.out.glob("track/csv/flipped/*/metrics.csv")
    path.write_text("mine")
    store.write(run(seed=2), result(50.0, run(seed=2)))
    written()
    Files("csv", store, [run(), run(seed=2)])()
    assert path.read_text() == "mine"
    assert len(list(store.out.glob("track/csv/flipped/*/metrics.csv"))) == 2


def test_a_record_that_changed_takes_the_place_of_the_old_one(store: Store) -> None:
    Files("csv", store, [run()])()
    store.write(run(), result(99.0, run()))
    Files("csv", store, [run()])()
    assert [row["final/accuracy"] for row in rows(store)] == [""] * 10 + ["99.0"]


def test_what_was_written_half_is_written_again_from_the_start(store: Store) -> None:
    Files("csv", store, [run()])()
    (store.out / "track" / "csv" / ".logged" / run().key).unlink()
    Files("csv", store, [run()])()
    assert len(rows(store)) == 11


def test_tensorboard_files_hold_the_same(store: Store) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    Files("tensorboard", store, [run()])()
    (folder,) = store.out.glob("track/tensorboard/flipped/*")
    events = EventAccumulator(str(folder))
    events.Reload()
    seen = [event.value for event in events.Scalars("test_accuracy")]
    assert seen == pytest.approx(store.find(run().key).curves["test_accuracy"])
    assert [event.value for event in events.Scalars("final/accuracy")] == [64.5]


def test_what_cannot_be_written_is_refused_before_training(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmark.tracking.mode.find_spec", lambda name: None)
    assert main(["bench", "--track=tensorboard", "--dry-run"]) == 2
    assert "`pip install tensorboard`" in capsys.readouterr().err
    with pytest.raises(BadInput, match="did you mean 'csv'"):
        parse_track("csw")
    assert parse_track("") == []


@pytest.mark.parametrize("kind", ["csv", "tensorboard"])
def test_notes_beside_the_files_of_a_run_stay_when_its_record_changes(store: Store, kind: str) -> None:
    if kind == "tensorboard":
        pytest.importorskip("tensorboard")
    Files(kind, store, [run()])()
    (folder,) = store.out.glob(f"track/{kind}/flipped/*")
    (folder / "notes.txt").write_text("mine")
    store.write(run(), result(99.0, run()))
    Files(kind, store, [run()])()
    assert (folder / "notes.txt").read_text() == "mine"
    assert len([*folder.iterdir()]) == 3


def test_a_link_that_was_laid_while_runs_were_training_is_not_followed(store: Store, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (store.out / "track" / "csv").mkdir(parents=True)
    (store.out / "track" / "csv" / "flipped").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInput, match="is a link to another folder"):
        Files("csv", store, [run()])()
    assert not [*(tmp_path / "elsewhere").iterdir()]
