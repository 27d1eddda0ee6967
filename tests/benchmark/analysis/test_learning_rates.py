"""Learning rates chosen by noisy validation, from known records."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from benchmark.analysis.learning_rates import sentences, sweep, tuning
from benchmark.records.store import Store
from benchmark.report.make import make
from tests.support.records_factory import result, run

#: By data set and learning rate: noisy validation and test accuracy.
SWEEP = {
    ("flipped", 0.001): (30.0, 60.0), ("flipped", 0.01): (40.0, 65.0), ("flipped", 0.1): (20.0, 70.0),
    ("digits", 0.001): (50.0, 80.0), ("digits", 0.01): (45.0, 75.0), ("digits", 0.1): (30.0, 90.0),
}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path)
    for ((dataset, lr), (val, test)), seed in product(SWEEP.items(), (1, 2)):
        name = f"embedded[lr={lr:g}]"
        curves = {"noisy_val_accuracy": [99.0, val + seed], "test_accuracy": [99.0, test]}
        store.write(run("coop", dataset, seed=seed, recipe=name), result(test, curves=curves))
    store.write(run("zero_shot", noise="none", rate=0.0, paradigm="ul"), result(50.0, curves={}))
    store.write(run("gce"), result(71.0, curves={"noisy_val_accuracy": [10.0]}))
    return store


def test_one_rate_is_chosen_per_method_by_the_last_epoch_s_noisy_validation(store: Store) -> None:
    table = tuning(sweep(store.load().records))
    assert table["method"].unique().tolist() == ["coop"]  # gce has one rate only, zero-shot none
    assert table["lr"].tolist() == [0.001, 0.01, 0.1] and table["chosen"].tolist() == [False, True, False]
    assert table["noisy_val"].tolist() == [41.5, 44.0, 26.5]
    assert table["accuracy"].tolist() == [70.0, 70.0, 80.0]  # the highest, which only test labels would tell
    assert table[["cells", "runs"]].values.tolist() == [[2, 4]] * 3
    assert set(table["own_accuracy"]) == {(65.0 + 80.0) / 2}


def test_a_rate_that_lacks_a_cell_is_compared_on_the_cells_of_all(store: Store) -> None:
    for record in store.load().records:
        if (record.run.dataset, record.run.recipe) == ("digits", "embedded[lr=0.1]"):
            store.path(record.run).unlink()
    table = tuning(sweep(store.load().records))
    assert table["cells"].tolist() == [1, 1, 1] and table["noisy_val"].tolist() == [31.5, 41.5, 21.5]


def test_the_sentences_name_the_rate_and_what_a_rate_for_each_cell_would_give(store: Store) -> None:
    (line,) = sentences(tuning(sweep(store.load().records)))
    assert line == (
        "CoOp: lr 0.01 (noisy validation 44.00 %, test 70.00 %; +2.50 points with a rate for each data set and noise)"
    )


def test_a_rate_at_the_end_of_what_was_tried_is_said_to_be(store: Store) -> None:
    seen = sweep(store.load().records)
    (line,) = sentences(tuning(seen[seen["lr"] < 0.1]))
    assert line.endswith("it is the highest that was tried: try others)")


def test_the_report_of_a_sweep_has_its_table_and_picture(store: Store) -> None:
    make(store.out)
    assert (store.out / "tuning.csv").read_text().splitlines()[0].startswith("backbone,recipe,shots,paradigm,method,lr")
    assert (store.out / "plots" / "learning-rates.png").stat().st_size > 1000
