"""Cells of a leaderboard: which runs stand in which, and by what they are compared."""

import math
from pathlib import Path

import pandas as pd
import pytest

from benchmark.analysis.columns import to_csv
from benchmark.analysis.leaderboard import from_csv, leaderboard, rate_name
from benchmark.errors import BadInput
from benchmark.plan.axes import SETTING
from benchmark.records.store import Store
from benchmark.report.blocks import blocks
from tests.support.records_factory import result, run


def test_a_method_without_labels_stands_in_every_column_and_others_at_rate_0_only(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for kind in ("symmetric", "asymmetric"):
        store.write(run("gce", noise=kind, rate=0.5), result(70.0))
    store.write(run("coop", noise="none", rate=0.0), result(80.0))
    store.write(run("zero_shot", noise="none", rate=0.0, paradigm="ul"), result(66.0))
    board = leaderboard(store.load().records).set_index("method")
    cells = {name: set(zip(rows["noise"], rows["rate"], strict=True)) for name, rows in board.groupby("method")}
    kinds = ("asymmetric", "symmetric")
    assert cells["coop"] == {(kind, 0.0) for kind in kinds}
    assert cells["zero_shot"] == {(kind, rate) for kind in kinds for rate in (0.0, 0.5)}


def test_runs_of_another_backbone_number_of_shots_recipe_or_paradigm_are_never_ranked_together(tmp_path: Path) -> None:
    store = Store(tmp_path)
    others = ({"backbone": "RN50/openai"}, {"shots": 1}, {"epochs": 50}, {"recipe": "embedded[lr=0.1]"})
    for more in ({}, *others, {"paradigm": "ssl"}):
        store.write(run(**more), result(70.0))
        store.write(run("gce", **more), result(71.0))
        store.write(run("zero_shot", noise="none", rate=0.0, **{"paradigm": "ul", **more}), result(66.0))
    board = leaderboard(store.load().records)
    noisy = board[board["rate"] == 0.5].groupby(SETTING)
    assert {tuple(rows["rank"]) for setting, rows in noisy if setting[-1] == "fewshot"} == {(2, 1, 3)}
    assert {tuple(rows["rank"]) for setting, rows in noisy if setting[-1] == "ssl"} == {(2, 1)}
    assert len(list(blocks(board))) == 6


def test_trzsl_is_compared_by_its_harmonic_mean(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(run(paradigm="trzsl"), result(80.0, harmonic_mean=60.0))
    assert leaderboard(store.load().records)["mean"].tolist() == [60.0]


def test_a_rate_that_nobody_asked_for_is_called_measured() -> None:
    assert [rate_name(rate) for rate in (0.0, 0.25, 1.0, math.nan)] == ["0", "0.25", "1", "measured"]


def test_a_table_comes_back_from_csv_as_it_was(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for seed in (1, 2):
        store.write(run("ce", dataset="=1+1", noise="human[labels==2]", rate=None, seed=seed), result(70.0 + seed))
    store.write(run("zero_shot", dataset="=1+1", noise="none", rate=0.0, paradigm="ul"), result(66.0))
    board = leaderboard(store.load().records)
    back = from_csv(to_csv(board))
    assert {"dataset": "=1+1", "noise": "human[labels==2]", "labels": "given", "seeds": 2}.items() <= dict(
        back[back["seeds"] == 2].iloc[0]
    ).items()
    assert back["method"].tolist() == board["method"].tolist() and "linear_probe" in set(back["method"])
    assert back["rate"].isna().tolist() == board["rate"].isna().tolist()
    pd.testing.assert_series_equal(back["mean"], board["mean"].round(2))


def test_a_method_gets_its_present_name_and_a_file_without_a_column_is_refused(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path)
    store.write(run("ce"), result(70.0))
    board = leaderboard(store.load().records)
    board["method"] = "ce"
    assert from_csv(to_csv(board))["method"].tolist() == ["linear_probe"]
    with pytest.raises(BadInput, match="not a leaderboard: it has no column 'shots'"):
        from_csv(to_csv(board.drop(columns="shots")))
