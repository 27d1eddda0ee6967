"""Average ranks over data sets against plain ones, with Friedman's test and Nemenyi's critical difference."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from benchmark.analysis.leaderboard import leaderboard
from benchmark.analysis.ranking import critical_difference, rankings
from benchmark.records.store import Store
from tests.support.records_factory import fill, result, run


def test_the_critical_difference_is_demsars() -> None:
    # q at 5 % for 2, 5 and 10 methods: 1.960, 2.728, 3.164 (table 5 of that paper)
    for methods, q in {2: 1.960, 5: 2.728, 10: 3.164}.items():
        expected = q * np.sqrt(methods * (methods + 1) / (6 * 14))
        assert critical_difference(methods, 14) == pytest.approx(expected, abs=1e-3)


def test_ranks_over_data_sets_need_five_and_leave_out_a_method_with_holes(tmp_path: Path) -> None:
    datasets = {f"set{i}": 50.0 + i for i in range(6)}
    few = fill(tmp_path / "few", datasets=dict(list(datasets.items())[:4]), seeds=(1,), rates=(0.0, 0.5))
    assert rankings(leaderboard(few.load().records)) == []
    many = fill(tmp_path / "many", datasets=datasets, seeds=(1,), rates=(0.0, 0.5))
    work = run("dspt", "set0")
    many.write(work, result(99.0, work))
    board = leaderboard(many.load().records)
    (ranking,) = rankings(board)
    assert ranking.ranks == {"gce[q=0.5]": 1.0, "zero_shot": 2.0, "coop": 3.0, "linear_probe": 4.0}
    wide = board[(board["rate"] == 0.5) & (board["method"] != "dspt")].pivot(
        index="dataset", columns="method", values="mean"
    )
    assert ranking.friedman_p == pytest.approx(stats.friedmanchisquare(*wide.to_numpy().T).pvalue)


def five_data_sets(store: Store, means: dict[str, dict[float | None, float]], noise: str = "symmetric") -> Store:
    """One run per method and rate on each of five data sets."""
    for number in range(5):
        for method, by_rate in means.items():
            for rate, accuracy in by_rate.items():
                work = run(method, f"set{number}", "none" if rate == 0 else noise, rate)
                store.write(work, result(accuracy + number, work))
    return store


def test_accuracy_without_noise_does_not_count_in_the_ranks(tmp_path: Path) -> None:
    means = {"coop": {0.0: 90.0, 0.5: 40.0}, "linear_probe": {0.0: 70.0, 0.5: 45.0}, "gce": {0.0: 50.0, 0.5: 50.0}}
    (ranking,) = rankings(leaderboard(five_data_sets(Store(tmp_path), means).load().records))
    assert ranking.ranks == {"gce": 1.0, "linear_probe": 2.0, "coop": 3.0}


def test_noise_whose_rate_is_measured_is_ranked(tmp_path: Path) -> None:
    means: dict[str, dict[float | None, float]] = {
        m: {0.0: 80.0, None: a} for m, a in {"coop": 40.0, "linear_probe": 45.0, "gce": 50.0}.items()
    }
    store = five_data_sets(Store(tmp_path), means, "human[labels=worse]")
    (ranking,) = rankings(leaderboard(store.load().records))
    assert ranking.terms[0] == "human[labels=worse]" and ranking.ranks == {"gce": 1.0, "linear_probe": 2.0, "coop": 3.0}


def test_methods_that_tie_share_their_mean_rank_whatever_their_names(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for number in range(5):
        for method, accuracy in {"mae": 60.0, "coop": 60.0, "gce": 50.0, "dspt": 50.0, "linear_probe": 40.0}.items():
            store.write(run(method, f"set{number}"), result(accuracy + number))
    (ranking,) = rankings(leaderboard(store.load().records))
    assert ranking.ranks == {"coop": 1.5, "mae": 1.5, "dspt": 3.5, "gce": 3.5, "linear_probe": 5.0}
