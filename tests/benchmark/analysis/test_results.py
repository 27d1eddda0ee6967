"""What is read of a results folder once: records that compare, the others by name, and doubts about the tables."""

from __future__ import annotations

from pathlib import Path

from benchmark.analysis.results import Results, mixed_hardware
from benchmark.records.store import Store
from tests.support.records_factory import result, run


def test_records_that_cannot_stand_in_one_table_are_left_out_of_all_tables_and_said(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for seed in (1, 2, 3):
        store.write(run(seed=seed), result(70.0, hashes={"weights": "v2:b" if seed == 3 else "v2:a", "split": "s"}))
    found = Results.of(store.load().records, ["odd.json is left out"])
    assert [record.run.seed for record in found.records] == [1, 2]
    assert found.seen["seed"].tolist() == [1, 2] and found.board["seeds"].tolist() == [2]
    assert found.problems[0] == "odd.json is left out" and len(found.problems) == 2


def test_mixed_hardware_is_a_doubt_and_one_device_is_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(run(seed=1), result(70.0, device="A100"))
    store.write(run(seed=2), result(71.0, device="A100"))
    assert Results.of(store.load().records).doubts() == []
    store.write(run(seed=3), result(72.0, device=""))
    (doubt,) = Results.of(store.load().records).doubts()
    assert doubt.startswith("Mixed hardware: 2 runs on A100, 1 run on an unnamed device. ")
    assert mixed_hardware(store.load().records) == doubt and mixed_hardware([]) == ""
