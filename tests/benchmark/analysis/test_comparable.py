"""What is never averaged: other weights, another precision, another split."""

from pathlib import Path

import pytest

from benchmark.analysis.comparable import comparable
from benchmark.analysis.leaderboard import leaderboard
from benchmark.analysis.results import Results
from benchmark.records.store import Store
from tests.support.records_factory import fill, result, run


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"hashes": {"weights": "other", "split": "s"}}, "1 run of embedded made with weights other in fp32 left out"),
        ({"hashes": {"weights": "w", "split": "t"}}, "1 run of flipped made with split t left out"),
        ({"precision": "bf16"}, "1 run of embedded made with weights w in bf16 left out"),
        ({"hashes": {}}, "weights unknown in fp32 left out"),
    ],
)
def test_a_cell_is_of_one_model_and_split_and_the_fewer_runs_are_named(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    store = Store(tmp_path)
    for seed, accuracy in ((1, 70.0), (2, 72.0)):
        store.write(run(seed=seed), result(accuracy))
    odd = run(seed=9)
    store.write(odd, {**result(10.0), **change})
    campaign = Results.of(*store.load())
    assert campaign.board["mean"].tolist() == [71.0]
    assert campaign.board["seeds"].tolist() == [2]
    assert odd.key not in set(campaign.seen["key"])
    (problem,) = campaign.problems
    assert words in problem


def test_methods_of_two_models_are_not_ranked_and_data_sets_of_two_not_averaged(tmp_path: Path) -> None:
    store = fill(tmp_path, datasets={"digits": 57.0}, seeds=(1,), rates=(0.0, 0.5))
    other = {"hashes": {"weights": "other", "split": "s"}}
    for dataset, method in (("digits", "gce"), ("flipped", "coop")):
        store.write(run(method, dataset), {**result(99.0), **other})
    board = leaderboard(store.load().records)
    assert set(board["dataset"]) == {"digits"}
    assert "gce" not in set(board["method"])


def test_of_equally_many_the_choice_does_not_depend_on_the_order(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for seed, weights in ((1, "b"), (2, "a")):
        store.write(run(seed=seed), result(50.0 + seed, hashes={"weights": weights, "split": "s"}))
    records = store.load().records
    assert [leaderboard(own)["mean"].tolist() for own in (records, records[::-1])] == [[52.0]] * 2


def test_backbones_may_have_weights_of_their_own(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(run(), result())
    store.write(run(backbone="RN50/openai"), result(hashes={"weights": "v", "split": "s"}))
    assert Results.of(*store.load()).problems == ()
    assert len(Results.of(*store.load()).board) == 2


def test_runs_for_which_a_recipe_meant_something_else_are_left_out(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for seed, lr in ((1, 0.1), (2, 0.1), (3, 0.2)):
        settings = {"lr": lr, "crop": (0.6, 1.0), "flip": True, "epochs": 10, "schedule": "coop"}
        store.write(run("coop", seed=seed), result(70.0, settings=settings))
        store.write(run("linear_probe", seed=seed), result(70.0, settings={"lr": 0.3}))
    kept, (problem,) = comparable(store.load().records)
    assert sorted((record.run.method, record.run.seed) for record in kept) == [
        ("coop", 1), ("coop", 2), ("linear_probe", 1), ("linear_probe", 2), ("linear_probe", 3),
    ]  # fmt: skip
    assert "coop with recipe embedded on flipped" in problem and "lr=0.2" in problem


def test_weights_of_which_most_runs_were_made_stay_in_the_table_and_a_line_names_each_other(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for seed, weights in ((1, "of another rule"), (2, "v2:77"), (3, "v2:77"), (4, "v2:99")):
        store.write(run(seed=seed), result(70.0 + seed, hashes={"weights": weights, "split": "s"}))
    kept, left_out = comparable(store.load().records)
    assert sorted(record.run.seed for record in kept) == [2, 3]
    for weights, line in zip(("of another r", "v2:99"), left_out, strict=True):
        assert f"1 run of embedded made with weights {weights} in fp32 left out: the 2" in line
