"""Paired statistics against scipy and slow enumeration."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmark.analysis.leaderboard import rows_of
from benchmark.analysis.statistics import ALL, NOISY, caveats, differences, intervals, pairs, sentences
from benchmark.records.store import Store
from tests.support.records_factory import fill, result, run


def write(store: Store, method: str, values: dict[str, list[float]], rate: float = 0.5, **more: object) -> None:
    for dataset, accuracies in values.items():
        for seed, accuracy in enumerate(accuracies):
            work = run(method, dataset, rate=rate, seed=seed)
            store.write(work, result(accuracy, work, **more))


def seen(store: Store) -> pd.DataFrame:
    return rows_of(store.load().records)


def test_runs_are_paired_by_seed_and_only_if_they_were_given_the_same_labels(tmp_path: Path) -> None:
    store = Store(tmp_path)
    write(store, "coop", {"dtd": [50.0, 60.0, 70.0]})
    write(store, "gce", {"dtd": [55.0, 61.0]})
    work = run("gce", "dtd", seed=2)
    store.write(work, result(99.0, work, noise={"labels_sha256": "other labels"}))
    assert pairs(seen(store), "coop")["difference"].tolist() == [5.0, 1.0]


def test_a_method_without_labels_pairs_by_seed_at_every_rate(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for rate in (0.25, 0.5):
        write(store, "coop", {"dtd": [50.0, 60.0]}, rate)
    for seed in (0, 1):
        work = run("zero_shot", "dtd", "none", 0.0, seed, paradigm="ul")
        store.write(work, result(58.0, work))
    assert pairs(seen(store), "coop")["difference"].tolist() == [8.0, -2.0] * 2


def test_seeds_that_only_one_of_two_methods_has_do_not_count(tmp_path: Path) -> None:
    store = Store(tmp_path)
    write(store, "coop", {"dtd": [50.0]})
    write(store, "gce", {"dtd": [55.0, 99.0]})
    (row,) = differences(seen(store)).query("rate == '0.5'").to_dict("records")
    assert (row["pairs"], row["difference"]) == (1, 5.0)
    assert np.isnan(row["low"])


def test_the_mean_over_data_sets_gives_each_the_same_weight(tmp_path: Path) -> None:
    store = Store(tmp_path)
    write(store, "coop", {"dtd": [50.0, 50.0, 50.0], "ucf101": [50.0]})
    write(store, "gce", {"dtd": [51.0, 52.0, 53.0], "ucf101": [60.0]})
    table = differences(seen(store)).set_index(["dataset", "rate"])
    assert table.loc[(ALL, NOISY), "difference"] == pytest.approx((2.0 + 10.0) / 2)


def test_the_interval_is_scipys_for_one_sample_and_that_of_a_plain_loop_for_several() -> None:
    rng = np.random.default_rng(3)
    one = rng.normal(2, 1, 12)
    theirs = stats.bootstrap((one,), np.mean, n_resamples=4999, method="percentile", random_state=1)
    assert tuple(intervals([[one]])[0]) == pytest.approx(tuple(theirs.confidence_interval), abs=0.06)
    samples = [rng.normal(mean, 1, 4) for mean in (0, 5, 20)]
    means = [np.mean([rng.choice(sample, len(sample)).mean() for sample in samples]) for _ in range(4000)]
    assert tuple(intervals([samples])[0]) == pytest.approx(tuple(np.quantile(means, (0.025, 0.975))), abs=0.1)


def test_intervals_at_once_are_those_of_scipys_bootstrap_one_by_one() -> None:
    rng = np.random.default_rng(5)
    groups = [[rng.normal(0, 3, n) for n in sizes] for sizes in [(5,), (7, 7), (5,), (3, 2, 9), (12,)] * 60]
    found = intervals(groups)
    for i in (0, 1, 2, 3, 4, 297, 298, 299):

        def mean_of_means(*samples: np.ndarray, axis: int = -1) -> np.ndarray:
            return sum(sample.mean(axis=axis) for sample in samples) / len(samples)

        theirs = stats.bootstrap(
            tuple(groups[i]), mean_of_means, n_resamples=4999, method="percentile", vectorized=True,
            random_state=np.random.default_rng(0),
        )  # fmt: skip
        assert tuple(found[i]) == pytest.approx(tuple(theirs.confidence_interval), abs=1e-8)
        assert tuple(intervals([groups[i]])[0]) == tuple(found[i])


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(60):
        low, high = intervals([[rng.normal(1.0, 1.0, 20) for _ in range(3)]])[0]
        hits += low <= 1.0 <= high
    assert 51 <= hits <= 60


def test_the_test_over_data_sets_is_scipys_and_waits_for_six_of_them(tmp_path: Path) -> None:
    gains = [1.0, 2.0, 3.0, -0.5, 4.0, 5.0, 6.0]
    for count in (5, 7):
        store = Store(tmp_path / str(count))
        for i, gain in enumerate(gains[:count]):
            write(store, "coop", {f"set{i}": [50.0, 50.0]})
            write(store, "gce", {f"set{i}": [50.0 + gain, 50.0 + gain]})
            write(store, "mae", {f"set{i}": [49.0 - i, 49.0 - i]})
        table = differences(seen(store)).query("dataset == 'all' and rate == 'noisy'").set_index("method")
        if count == 5:
            assert table["p"].isna().all()
        else:
            expected = [stats.wilcoxon(gains).pvalue, stats.wilcoxon([-1.0 - i for i in range(7)]).pvalue]
            assert table.loc[["gce", "mae"], "p"].tolist() == pytest.approx(expected)
            assert table.loc[["gce", "mae"], "p_adjusted"].tolist() == pytest.approx(
                stats.false_discovery_control(expected)
            )


def test_what_three_seeds_and_three_data_sets_cannot_show_is_said(tmp_path: Path) -> None:
    lines = " ".join(caveats(seen(fill(tmp_path / "few", rates=(0.5,)))))
    assert "3 seeds per cell: a signed-rank test on one cell cannot give less than p = 0.25" in lines
    assert "3 data sets: nothing can be said about data sets in general" in lines
    datasets = {f"set{i}": 50.0 for i in range(6)}
    enough = fill(tmp_path / "many", rates=(0.5,), seeds=tuple(range(6)), datasets=datasets)
    assert caveats(seen(enough)) == []
    assert caveats(rows_of([])) == []


def test_the_findings_read_as_sentences(tmp_path: Path) -> None:
    store = fill(tmp_path)
    lines = sentences(differences(seen(store)))
    assert [line.split()[1] for line in lines] == ["PromptGCE[q=0.5]", "zero-shot", "linear"]
    assert lines[0].startswith("symmetric: PromptGCE[q=0.5] +27.0 points ")
    assert "to CoOp (3 data sets, 9 pairs, 95 % interval +2" in lines[0]


def test_without_the_reference_there_is_nothing_to_compare(tmp_path: Path) -> None:
    table = differences(seen(fill(tmp_path, rates=(0.5,))), "dspt")
    assert len(table) == 0
    assert sentences(table) == []
