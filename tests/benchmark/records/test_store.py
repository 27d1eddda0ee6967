"""Records: written whole and read back as they were."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmark.records.paths import slug
from benchmark.records.prediction_file import COLUMNS
from benchmark.records.record import BadRecord
from benchmark.records.store import Store
from tests.support.records_factory import campaign, fill, predictions, result, run


def test_a_written_run_reads_back_as_it_was(store: Store) -> None:
    work = run()
    store.write(work, result(70.25, work))
    (record,), problems = store.load()
    assert problems == []
    assert (record.run, record.key, record.accuracy) == (work, work.key, 70.25)
    assert record.noise.wrong == 40
    assert record.curves["loss"][0] == 2.0
    assert store.finished([work, run(seed=2)]) == {work.key}


def test_every_run_has_a_file_of_its_own_that_its_data_set_and_key_name(store: Store) -> None:
    work = run(dataset="folder:../data/pets")
    assert store.write(work, result()).relative_to(store.out) == Path(
        f"runs/folder-..-data-pets-67b42689/{work.key}.json"
    )
    assert slug("///").startswith("dataset-")
    assert len({store.path(work) for work, _ in campaign()}) == sum(1 for _ in campaign())


def test_planning_alone_renames_nothing(store: Store) -> None:
    work = run()
    path = store.write(work, result())
    path.write_text("{")
    assert store.finished([work], quarantine=False) == set()
    assert path.read_text() == "{"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"accuracy": float("nan")}, "accuracy"),
        ({"accuracy": 100.5}, "accuracy"),
        ({"accuracy": "70"}, "accuracy"),
        ({"status": "fine"}, "status"),
        ({"per_class_accuracy": [1.0]}, "1 per-class accuracies for 5 classes"),
        ({"noise": {"realised": 1.5}}, "realised"),
    ],
)
def test_a_result_that_cannot_be_right_is_refused_and_nothing_is_written(
    store: Store, change: dict[str, object], complaint: str
) -> None:
    with pytest.raises(BadRecord, match=complaint):
        store.write(run(), {**result(), **change}, {"ctx": np.zeros(3)})
    assert not list(store.out.rglob("*"))


def test_values_that_json_cannot_hold_become_null(store: Store) -> None:
    curves = {"loss": [1.0, float("nan"), float("inf"), np.float32(0.5)]}
    ended = result(np.float64(70.0), status="diverged", curves=curves, ece=float("nan"))
    path = store.write(run(), ended)
    assert store.find(run().key).ece is None
    assert json.loads(path.read_text())["curves"]["loss"] == [1.0, None, None, 0.5]
    assert store.load().records[0].curves["loss"] == (1.0, None, None, 0.5)


def test_a_run_whose_rate_is_measured_has_a_record_too(store: Store) -> None:
    for rate in (None, 0.5):
        store.write(run(rate=rate), result())
    assert [record.run.rate for record in store.load().records] == [None, 0.5]


def test_what_was_learned_comes_back_and_a_changed_file_is_refused(store: Store) -> None:
    work, ctx = run(), np.arange(12, dtype=np.float32).reshape(3, 4).T
    store.write(work, result(), {"ctx": ctx})
    record = store.find(work.key[:6])
    np.testing.assert_array_equal(store.learned(record)["ctx"], ctx)
    store.path(work).with_suffix(".safetensors").write_bytes(b"other")
    with pytest.raises(BadRecord, match="is not the file"):
        store.learned(record)
    store.write(work, result())
    with pytest.raises(BadRecord, match="does not exist"):
        store.learned(store.find(work.key))


def test_predictions_come_back_and_a_changed_file_is_refused(store: Store) -> None:
    work = run()
    store.write(work, result(), None, predictions())
    (record,), problems = store.load()
    frame = store.predictions(record)
    assert not problems and store.has_predictions(work) and tuple(frame.columns) == COLUMNS
    assert frame["given"].tolist() == ["bell", "bell", "arrow", "bell", "cup"]
    store.path(work).with_suffix(".parquet").write_bytes(b"PAR1")
    with pytest.raises(BadRecord, match="is not the file"):
        store.predictions(record)
    store.write(work, result())
    with pytest.raises(BadRecord, match="kept no predictions"):
        store.predictions(store.find(work.key))


def test_what_lies_beside_a_damaged_record_is_set_aside_with_it(store: Store) -> None:
    path = store.write(run(), result(), {"ctx": np.ones(3)}, predictions())
    path.write_text("")
    assert store.finished([run()]) == set()
    names = {file.name for file in path.parent.iterdir()}
    assert names == {f"{path.stem}{suffix}.bad" for suffix in (".json", ".safetensors", ".parquet")}
    assert store.load() == ([], [])


def test_a_key_that_names_no_run_or_several_is_refused(store: Store) -> None:
    fill(store.out, rates=(0.5,))
    for key in ("", "zz", "../x", "fffffffffffffffff"):
        with pytest.raises(BadRecord, match="key"):
            store.find(key)


def test_a_failure_is_noted_until_the_run_is_done(store: Store) -> None:
    work = run()
    store.fail(work, "OutOfMemoryError: 12 GB")
    assert [(failure.run, failure.cause) for failure in store.failures()] == [(work, "OutOfMemoryError: 12 GB")]
    store.write(work, result())
    assert store.failures() == []


def test_an_unwritable_folder_raises_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("in the way")
    with pytest.raises(OSError):
        Store(tmp_path).write(run(), result())
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


@pytest.mark.parametrize(("action", "code"), [("SIG_DFL", -signal.SIGXFSZ), ("SIG_IGN", 1)])
def test_a_writer_killed_in_the_middle_of_a_file_or_out_of_disk_leaves_no_part_of_a_record(
    tmp_path: Path, action: str, code: int
) -> None:
    writer = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from tests.support.records_factory import result, run\n"
        "from benchmark.records.store import Store\n"
        f"signal.signal(signal.SIGXFSZ, signal.{action})\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "Store(Path(sys.argv[1])).write(run(), result())"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run([sys.executable, "-c", writer, str(tmp_path)], env=environment, stderr=subprocess.DEVNULL)
    assert done.returncode == code
    assert Store(tmp_path).finished([run()]) == set()
    assert Store(tmp_path).load() == ([], [])
    assert (action == "SIG_DFL") == bool(list(tmp_path.rglob("*.partial"))), "a part is there only if nobody could tidy"
