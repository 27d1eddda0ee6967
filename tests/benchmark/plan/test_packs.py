"""Packs are cut until every worker has work to the end, by the grid and the number of workers alone."""

from __future__ import annotations

import random
from typing import Any

import pytest

from benchmark.plan.axes import Run
from benchmark.plan.options import Options
from benchmark.plan.packs import STRAGGLER, WORTH, Pack, packs
from benchmark.plan.schedule import in_order, schedule
from benchmark.speed.paper_grid import PAPERS
from datamodules import catalog
from datamodules.catalog import open_dataset, size
from datamodules.plugins import literals
from methods.recipes import recipe
from tests.support.records_factory import run


def grid(datasets: int = 1, **options: str) -> list[Run]:
    """Eight methods under the default noise on some data sets of the papers."""
    methods = "zero_shot,linear_probe,coop,gce,mae,dspt,upl,em_means"
    asked = {"methods": methods, "datasets": ",".join(PAPERS[:datasets]), "backbone": "ViT-B-16/openai"}
    return Options(**asked | options).grid().runs()


@pytest.mark.parametrize("workers", [1, 2, 4, 8])
@pytest.mark.parametrize("datasets", [1, 2, 4, 10])
def test_every_worker_has_work_from_start_to_end(datasets: int, workers: int) -> None:
    made = packs(grid(datasets), 96, workers)
    found = schedule([pack.cost for pack in made], workers)
    assert found.straggler <= STRAGGLER and found.utilisation >= 0.85
    assert sorted(run for pack in made for run in pack.runs) == sorted(grid(datasets))


PAPER = {"methods": "coop,gce,ce,mae,nlprompt", "noise": "0.125,0.25,0.375,0.5,0.625,0.75"}


@pytest.mark.parametrize(("seeds", "workers"), [(3, 8), (3, 64), (33, 100), (33, 1000)])
def test_packs_get_smaller_towards_the_end_so_that_many_workers_stay_busy(seeds: int, workers: int) -> None:
    runs = grid(10, **PAPER, seeds=",".join(map(str, range(seeds))))
    made = packs(runs, 96, workers)
    assert sorted(run for pack in made for run in pack.runs) == sorted(runs)
    assert in_order([pack.cost for pack in made], workers).utilisation >= 0.9


def test_no_worker_has_to_wait_for_a_pack_that_could_have_been_cut() -> None:
    made = packs(grid(10, **PAPER), 96, workers=2000)
    assert in_order([pack.cost for pack in made], 2000).makespan == max(
        pack.cost for pack in made if len(pack.runs) == 1
    )


def test_packs_stay_whole_where_the_longest_run_decides_when_the_campaign_ends() -> None:
    made = packs(grid(10, methods="coop,gce,cpl", seeds="1,2,3,4,5,6"), 96, workers=1000)
    longest = max(pack.cost for pack in made if len(pack.runs) == 1)
    assert in_order([pack.cost for pack in made], 1000).makespan <= 1.03 * longest
    assert sum(len(pack.runs) for pack in made) > 2 * len(made)


def test_one_worker_gets_the_largest_packs() -> None:
    assert [len(pack.runs) for pack in packs(grid(1), 96)] == [78]
    assert [len(pack.runs) for pack in packs(grid(1, seeds="1,2,3,4,5"), 96)] == [65, 65]


def test_packs_are_cut_no_further_than_the_workers_need() -> None:
    assert [len(pack.runs) for pack in packs(grid(1), 96, workers=4)] == [20, 20, 19, 19]
    assert len(packs(Options().grid().runs(), 96, workers=2)) == 4


def test_a_part_holds_few_seeds_and_its_methods_side_by_side() -> None:
    for pack in packs(grid(1), 96, workers=3):
        assert len({run.seed for run in pack.runs}) == 1
        assert [run.method for run in pack.runs] == sorted(run.method for run in pack.runs)


def test_a_whole_pack_keeps_the_order_of_the_grid_within_a_method() -> None:
    (whole,) = packs(grid(1), 96)
    assert [run for run in whole.runs if run.method == "coop"] == [run for run in grid(1) if run.method == "coop"]


def test_the_order_of_the_grid_does_not_change_what_a_pack_holds() -> None:
    runs = grid(2)
    shuffled = random.Random(1).sample(runs, len(runs))
    assert {frozenset(pack.runs) for pack in packs(runs, 96)} == {frozenset(pack.runs) for pack in packs(shuffled, 96)}
    assert packs(runs, 96, 4) == packs(list(runs), 96, 4)


def test_what_trains_in_seconds_is_not_cut_for_many_workers() -> None:
    runs = Options(datasets="digits", seeds="1", shots="1").grid().runs()
    (whole,) = packs(runs, 96, workers=8)
    assert whole.cost < 2 * WORTH


def test_more_workers_than_runs_get_a_run_each() -> None:
    runs = grid(1, methods="coop", noise="0.5")
    assert [len(pack.runs) for pack in packs(runs, 96, workers=8)] == [1, 1, 1]


def test_a_pack_costs_more_with_more_classes_runs_epochs_and_test_images() -> None:
    run = Run("embedded", "digits", "coop", "none", 0.0, 16, 1, "embedded", 10)
    pack, digits = Pack((run,)), size("digits")
    assert pack.cost == pack.cost_of(digits) < Pack((run, run)).cost
    assert pack.cost < pack.cost_of(digits._replace(classes=11)) and pack.cost < pack.cost_of(
        digits._replace(tests=1000)
    )


def test_a_method_that_encodes_every_image_anew_costs_more_and_starts_first() -> None:
    heavy, light = run("vpt"), run("coop")
    assert Pack((heavy,)).cost > 2 * Pack((light,)).cost
    assert packs([light, heavy], 96)[0].runs == (heavy,)


def test_every_data_set_with_a_file_has_a_size() -> None:
    assert all("SIZE" in literals(f"datamodules.datasets.{name}") for name in catalog.known())
    assert size("hf:dtd[template=a {}]") == size("dtd") == (47, 1692) and size("folder:/my/pets").classes == 100


@pytest.mark.parametrize("name", ["digits", "combos"])
def test_a_size_is_that_of_the_opened_data_set(name: str) -> None:
    opened = open_dataset(name)
    assert size(name) == (len(opened.classes), len(opened.test.labels))


def test_halves_hold_all_runs_in_order() -> None:
    (whole,) = packs(grid(1, methods="coop", noise="0.5"), 96)
    first, second = whole.halves()
    assert first.runs + second.runs == whole.runs and len(first.runs) == 1


APART: list[dict[str, Any]] = [
    {"dataset": "digits"}, {"backbone": "embedded-vit"}, {"shots": 8}, {"epochs": 7}, {"paradigm": "trzsl"},
    {"method": "vpt"}, {"method": "grip"}, {"recipe": "embedded[batch=16]"}, {"recipe": "embedded[crop=none]"},
    {"recipe": "embedded[flip=true]"}, {"recipe": "embedded[hold_out=0.25]"}, {"recipe": "coop[epochs=10]"},
]  # fmt: skip
TOGETHER: list[dict[str, Any]] = [
    {"seed": 2}, {"rate": 0.25}, {"noise": "asymmetric"}, {"noise": "none", "rate": 0.0}, {"method": "gce[q=0.5]"},
    {"paradigm": "ssl"}, {"paradigm": "ul", "method": "upl"}, {"recipe": "embedded[lr=0.01]"},
]  # fmt: skip


@pytest.mark.parametrize("other", APART, ids=str)
def test_runs_with_other_batches_images_or_lengths_are_in_no_pack_together(other: dict[str, Any]) -> None:
    assert sorted(len(pack.runs) for pack in packs([run(), run(**other), run(seed=9)], 96)) == [1, 2]
    assert {pack.runs for pack in packs([run(), run(**other)], 96)} == {(run(),), (run(**other),)}


@pytest.mark.parametrize("other", TOGETHER, ids=str)
def test_runs_with_other_labels_rates_and_losses_are(other: dict[str, Any]) -> None:
    (pack,) = packs([run(), run(**other)], 96)
    assert set(pack.runs) == {run(), run(**other)}


def test_no_pack_of_two_recipes_mixes_batch_sizes_crops_or_held_out_images() -> None:
    recipes = ["coop", "coop[batch=16]", "coop[lr=0.01]", "coop[batch=16,lr=0.01]", "coop[crop=none]", "embedded"]
    made = packs(
        [
            run(method, seed=seed, recipe=each)
            for each in recipes
            for method in ("coop", "linear_probe")
            for seed in (1, 2)
        ],
        96,
    )
    assert len(made) == 4
    assert all(len({recipe(each.recipe).settings.images for each in pack.runs}) == 1 for pack in made)
