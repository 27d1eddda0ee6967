"""One line per method: means over its cells, what it lacks, and its worst drop."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.analysis.by_method import COLUMNS, spreads, summary
from benchmark.analysis.leaderboard import leaderboard, rows_of
from benchmark.records.store import Store
from tests.support.records_factory import result, run

#: Accuracy by data set and rate; gce lacks a cell.
BOARD = {
    "coop": {("digits", 0.0): 80.0, ("digits", 0.5): 40.0, ("flipped", 0.0): 90.0, ("flipped", 0.5): 70.0},
    "gce": {("digits", 0.0): 70.0, ("digits", 0.5): 60.0, ("flipped", 0.5): 75.0},
}


def lines(out: Path) -> dict[str, dict[str, object]]:
    store = Store(out)
    for method, cells in BOARD.items():
        for (dataset, rate), accuracy in cells.items():
            store.write(run(method, dataset, "symmetric" if rate else "none", rate), result(accuracy))
    table = summary(leaderboard(store.load().records))
    assert list(table.columns) == COLUMNS
    return {line["method"]: line for line in table.to_dict("records")}


def test_means_are_over_a_method_s_own_cells_and_what_it_lacks_is_counted(tmp_path: Path) -> None:
    found = lines(tmp_path)
    coop, gce = found["coop"], found["gce"]
    assert (coop["datasets"], coop["cells"], coop["missing"]) == (2, 4, 0)
    assert (gce["datasets"], gce["cells"], gce["missing"]) == (2, 3, 1)
    assert (coop["mean"], coop["mean_clean"], coop["mean_noisiest"]) == (70, 85, 55)
    assert gce["mean"] == pytest.approx(205 / 3) and (gce["mean_clean"], gce["mean_noisiest"]) == (70, 67.5)


def test_the_worst_drop_is_that_of_one_data_set_with_both_rates_and_ranks_decide_the_order(tmp_path: Path) -> None:
    found = lines(tmp_path)
    assert (found["coop"]["worst_drop"], found["coop"]["worst_drop_dataset"]) == (40, "digits")
    assert (found["gce"]["worst_drop"], found["gce"]["worst_drop_dataset"]) == (10, "digits")
    assert found["coop"]["average_rank"] == 1.5 and found["gce"]["average_rank"] == pytest.approx(4 / 3)
    assert list(found) == ["gce", "coop"]


def test_each_seed_counts_with_its_mean_where_it_has_every_data_set(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for dataset, values in {"digits": (50.0, 60.0, 99.0), "dtd": (70.0, 68.0)}.items():
        for seed, value in enumerate(values, start=1):
            store.write(run("coop", dataset, seed=seed), result(value))
    store.write(run("gce", "digits"), result(10.0))
    ((key, (std, seeds)),) = spreads(rows_of(store.load().records)).items()
    assert (key[0], *key[-2:], seeds) == ("symmetric", "coop", "0.5", 2)
    assert std == pytest.approx(((60 - 62) ** 2 + (64 - 62) ** 2) ** 0.5), "60 and 64"


def test_no_records_have_no_spread() -> None:
    assert len(spreads(rows_of([]))) == 0
