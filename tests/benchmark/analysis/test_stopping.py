"""When to stop: Label Wave, noisy validation, and the test accuracy of their epochs."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from benchmark.analysis.stopping import by_label_wave, by_noisy_validation, stopping
from benchmark.records.store import Store
from tests.support.records_factory import result, run


def write(store: Store, method: str, seed: int, test: list[float], validation: list[float], **more: object) -> None:
    curves = {"test_accuracy": test, "noisy_val_accuracy": validation, **more}
    store.write(run(method, seed=seed), result(test[-1], run(method, seed=seed), curves=curves))


@pytest.mark.parametrize(
    ("changes", "patience", "epoch"),
    [
        ([None, 0.1, 0.5, 0.4, 0.6, 0.3], 2, 5),
        ([None, 0.1, 0.5, 0.4, 0.6, 0.5, 0.3], 2, 3),
        ([None, 0.1, 0.5, 0.5, 0.5], 9, 2),
        ([None, 0.1], 9, None),
        ([None, None, None], 9, None),
    ],
)
def test_label_wave_stops_at_the_first_minimum_that_lasts(
    changes: list[float | None], patience: int, epoch: int | None
) -> None:
    assert by_label_wave(changes, patience) == epoch


def test_noisy_validation_stops_at_its_last_maximum() -> None:
    assert by_noisy_validation([1.0, 3.0, 3.0, None, 2.0]) == 2
    assert by_noisy_validation([None]) is by_noisy_validation([]) is None


def test_stopping_rules_have_the_test_accuracy_of_their_epoch(tmp_path: Path) -> None:
    store = Store(tmp_path)
    test, validation = [10.0, 60.0, 70.0, 40.0], [9.0, 50.0, 40.0, 30.0]
    write(store, "linear_probe", 1, test, validation, prediction_changes=[None, 0.1, 0.3, 0.2])
    write(store, "gce", 1, test, validation)
    store.write(run("coop"), result(50.0, curves={"test_accuracy": [None, 50.0], "noisy_val_accuracy": [None, 3.0]}))
    gce, ce = stopping(store.load().records).itertuples()
    assert (ce.method, ce.last, ce.noisy_val, ce.label_wave, ce.oracle) == ("linear_probe", 40.0, 60.0, 40.0, 70.0)
    assert (ce.epoch_noisy_val, ce.epoch_label_wave, ce.epoch_oracle) == (2, 4, 3)
    assert gce.method == "gce" and pd.isna(gce.label_wave)
