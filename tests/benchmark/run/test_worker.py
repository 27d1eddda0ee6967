"""A worker's pack: halved when memory runs out or a method raises, with nothing held back; the others untouched."""

from __future__ import annotations

import errno
import gc
import json
import weakref
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmark.plan.axes import Run
from benchmark.plan.options import Options
from benchmark.plan.packs import Pack, packs
from benchmark.records.locks import Locks
from benchmark.run import worker
from benchmark.run.devices import parse_devices
from benchmark.run.events import Event
from benchmark.run.resources import Resources
from benchmark.run.worker import Runner
from datamodules.errors import CorruptImage, DataError
from methods.errors import MethodError

Train = Callable[..., Any]


def small(methods: str = "coop,gce,ce", seeds: str = "1,2") -> Pack:
    options = {"datasets": "digits", "methods": methods, "noise": "0.5", "seeds": seeds, "shots": "1"}
    (pack,) = packs(Options(**options, epochs=2).grid().runs(), 96)
    return pack


@pytest.fixture(scope="module")
def resources() -> Resources:
    return Resources()


def results(out: Path) -> dict[str, dict[str, Any]]:
    records = [json.loads(path.read_text()) for path in (out / "runs").glob("*/*.json")]
    return {record["key"]: record for record in records}


def causes(out: Path) -> dict[int, str]:
    notes = [json.loads(path.read_text()) for path in (out / "failed").glob("*/*.json")]
    return {note["run"]["seed"]: note["cause"] for note in notes}


@pytest.fixture(autouse=True)
def current(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The GPUs that a worker made its own, one after the other."""
    chosen: list[str] = []
    monkeypatch.setattr("torch.cuda.set_device", chosen.append)
    return chosen


class Raising:
    """Trains on the CPU, whatever the device, but raises what `find` says of the runs; notes its calls."""

    def __init__(self, find: Callable[[Sequence[Run]], BaseException | None]) -> None:
        self.find, self.train = find, worker.train
        self.calls: list[tuple[int, str, int]] = []
        self.held: list[weakref.ref[torch.Tensor]] = []
        self.alive: list[int] = []

    def __call__(self, runs: Sequence[Run], resources: Resources, device: str, sharing: int, report: Any) -> Any:
        self.alive.append(sum(reference() is not None for reference in self.held))
        self.calls.append((len(runs), device, sharing))
        error = self.find(runs)
        activations = torch.zeros(10)
        self.held.append(weakref.ref(activations))
        if error is not None:
            raise error
        return self.train(runs, resources, "cpu", sharing, report)


def test_a_pack_that_runs_out_of_gpu_memory_goes_on_in_halves_with_equal_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resources: Resources
) -> None:
    pack, other = small(), small("coop", "3")
    for each in (pack, other):
        Runner(tmp_path / "roomy", resources)(each, "cpu", lambda event: None)
    emptied: list[int] = []
    monkeypatch.setattr("torch.cuda.empty_cache", lambda: emptied.append(len(raising.calls)))
    raising = Raising(lambda runs: torch.cuda.OutOfMemoryError("CUDA out of memory") if len(runs) > 3 else None)
    monkeypatch.setattr(worker, "train", raising)
    events: list[Event] = []
    runner = Runner(tmp_path / "short", resources, sharing={"cuda:0": 2})
    for each in (pack, other):
        runner(each, "cuda:0", events.append)
    assert raising.calls == [(6, "cuda:0", 2), (3, "cuda:0", 2), (3, "cuda:0", 2), (1, "cuda:0", 2)]
    assert {0, 1, 2, 3} <= set(emptied)  # before every training
    short, roomy = results(tmp_path / "short"), results(tmp_path / "roomy")
    assert short.keys() == roomy.keys() and len(short) == 7 and not causes(tmp_path / "short")
    for key, record in roomy.items():
        assert short[key]["accuracy"] == pytest.approx(record["accuracy"], abs=0.2)
        assert short[key]["curves"]["loss"] == pytest.approx(record["curves"]["loss"], abs=2e-3)
    assert sum(event.finished for event in events) == 7


def test_what_a_training_allocated_is_free_before_the_next_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resources: Resources
) -> None:
    gc.disable()  # what only the collector would free may not wait for its turn
    raising = Raising(lambda runs: torch.cuda.OutOfMemoryError("CUDA out of memory") if len(runs) > 1 else None)
    monkeypatch.setattr(worker, "train", raising)
    try:
        Runner(tmp_path, resources)(small("coop"), "cuda:0", lambda event: None)
    finally:
        gc.enable()
    assert len(raising.calls) == 3 and raising.alive == [0, 0, 0]


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (SystemExit(5), "SystemExit: 5"),
        (RuntimeError("seed 2 is cursed\nsecond line"), "RuntimeError: seed 2 is cursed"),
        (MemoryError(), "MemoryError: "),
    ],
)
def test_a_run_that_raises_or_exits_fails_alone_with_the_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resources: Resources, error: BaseException, cause: str
) -> None:
    monkeypatch.setattr(worker, "train", Raising(lambda runs: error if 2 in {run.seed for run in runs} else None))
    events: list[Event] = []
    Runner(tmp_path, resources)(small("linear_probe", "1,2,3"), "cpu", events.append)
    assert {record["run"]["seed"] for record in results(tmp_path).values()} == {1, 3}
    assert causes(tmp_path) == {2: cause}
    assert [event.finished for event in events if event.what == "failed"] == [1]


def test_an_interrupt_in_a_worker_is_the_method_s_and_here_the_user_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resources: Resources
) -> None:
    monkeypatch.setattr(worker, "train", Raising(lambda runs: KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        Runner(tmp_path, resources)(small("linear_probe", "1"), "cpu", lambda event: None)
    monkeypatch.setattr("multiprocessing.parent_process", lambda: "the benchmark")
    Runner(tmp_path, resources)(small("linear_probe", "1"), "cpu", lambda event: None)
    assert causes(tmp_path) == {1: "KeyboardInterrupt: "}


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (DataError("no file /data/a.png"), "no file /data/a.png"),
        (CorruptImage("a.png cannot be read"), "a.png cannot be read"),
    ],
)
def test_data_that_cannot_be_used_fail_the_whole_pack_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resources: Resources, error: DataError, cause: str
) -> None:
    raising = Raising(lambda runs: error)
    monkeypatch.setattr(worker, "train", raising)
    events: list[Event] = []
    Runner(tmp_path, resources)(small("linear_probe"), "cpu", events.append)
    assert len(raising.calls) == 1 and causes(tmp_path) == {1: cause, 2: cause}
    assert [(event.what, event.finished, event.text) for event in events] == [
        ("failed", 2, f"digits · 2 runs: {cause}")
    ]


def test_an_option_that_suits_one_run_only_fails_the_others_after_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resources: Resources, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = MethodError("method 'ce': n is too large")
    monkeypatch.setattr(worker, "train", Raising(lambda runs: wrong if 2 in {run.seed for run in runs} else None))
    Runner(tmp_path, resources)(small("linear_probe"), "cpu", lambda event: None)
    assert causes(tmp_path) == {2: str(wrong)} and len(results(tmp_path)) == 1
    assert caplog.messages == [f"2 runs raised {wrong}; trying them in halves"]


def test_a_full_disk_is_no_fault_of_the_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resources: Resources
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "cache/shard")
    monkeypatch.setattr(worker, "train", Raising(lambda runs: full))
    with pytest.raises(OSError, match="No space left"):
        Runner(tmp_path, resources)(small("linear_probe"), "cpu", lambda event: None)
    assert not causes(tmp_path)


def test_a_pack_that_another_process_is_training_is_left_to_it(
    resources: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "PAUSE", 0.0)
    pack, events = small("linear_probe", "1"), list[Event]()
    with Locks(tmp_path).lock(pack.runs) as ours:
        assert ours
        assert not Runner(tmp_path, resources)(pack, "cpu", events.append)
        assert not results(tmp_path) and not events
    assert Runner(tmp_path, resources)(pack, "cpu", events.append)
    assert len(results(tmp_path)) == 1
    before = (tmp_path / "runs" / "digits" / f"{pack.runs[0].key}.json").stat().st_mtime_ns
    events.clear()
    assert Runner(tmp_path, resources)(pack, "cpu", events.append)
    assert [event.finished for event in events] == [1]
    assert (tmp_path / "runs" / "digits" / f"{pack.runs[0].key}.json").stat().st_mtime_ns == before


def test_each_worker_knows_how_many_share_its_gpu_and_keeps_to_that_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resources: Resources, current: list[str]
) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    raising = Raising(lambda runs: RuntimeError("no GPU here"))
    monkeypatch.setattr(worker, "train", raising)
    devices = parse_devices("0,0,1", packs=3)
    for number, device in enumerate(devices):
        runner = Runner(tmp_path, resources, sharing=Counter(devices))
        runner(small("linear_probe", str(number)), device, lambda event: None)
    assert raising.calls == [(1, "cuda:0", 2), (1, "cuda:0", 2), (1, "cuda:1", 1)]
    assert current == ["cuda:0", "cuda:0", "cuda:1"]


def test_a_worker_on_the_cpu_keeps_to_its_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resources: Resources
) -> None:
    threads: list[int] = []
    monkeypatch.setattr("torch.set_num_threads", threads.append)
    monkeypatch.setattr(worker, "train", Raising(lambda runs: RuntimeError("not trained here")))
    for count in (0, 3):
        Runner(tmp_path, resources, count)(small("linear_probe", "1"), "cpu", lambda event: None)
    assert threads == [3]
