"""Under which recipe tables show runs of methods that each have their authors' recipe."""

from __future__ import annotations

from pathlib import Path

from benchmark.analysis.leaderboard import leaderboard
from benchmark.analysis.own_recipes import shown_recipes
from benchmark.plan.axes import Run
from benchmark.plan.grid import Grid
from benchmark.records.store import Store
from benchmark.report.blocks import blocks
from tests.support.records_factory import result


def runs(methods: str, recipes: str, backbone: str = "ViT-B-16/openai", epochs: int | None = None) -> list[Run]:
    axes = {"datasets": ["dtd"], "rates": [0.0, 0.5], "kinds": ["symmetric"], "seeds": [1], "shots": [16]}
    grid = Grid(methods=methods.split(), backbones=[backbone], recipes=recipes.split(), epochs=epochs, **axes)
    return grid.runs()


def shown(own: list[Run]) -> set[tuple[str, str, tuple[str, ...]]]:
    return {(run.method, run.recipe, recipes) for run, recipes in shown_recipes(own).items()}


def test_methods_of_one_recipe_stand_under_its_name() -> None:
    assert shown(runs("coop gce", "auto")) == {("coop", "coop", ("coop",)), ("gce", "coop", ("coop",))}
    assert {recipes for _, _, recipes in shown(runs("clap coop", "auto", "embedded"))} == {("embedded",)}


def test_methods_with_recipes_of_their_own_are_compared_with_each_other() -> None:
    assert shown(runs("coop clap", "auto")) == {("coop", "coop", ("auto",)), ("clap", "clap", ("auto",))}


def test_options_that_all_were_given_stay_in_the_name() -> None:
    together = shown(runs("coop clap", "auto", epochs=5))
    assert {recipes for _, _, recipes in together} == {("auto[epochs=5]",)}


def test_a_recipe_that_was_asked_for_by_name_has_a_table_too() -> None:
    """CoOp's recipe is that of coop by default as well, so that its runs stand in both."""
    assert shown(runs("coop clap", "auto coop")) == {
        ("coop", "coop", ("auto", "coop")), ("clap", "clap", ("auto",)), ("clap", "coop", ("coop",))
    }  # fmt: skip


def test_a_table_ranks_methods_that_trained_for_different_numbers_of_epochs(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for run in runs("coop clap zero_shot", "auto"):
        store.write(run, result(60.0 if run.method == "coop" else 70.0, run))
    board = leaderboard(store.load().records)
    assert set(board["recipe"]) == {"auto"} and len(board[board["rate"] == 0.5]) == 3
    (block,) = blocks(board)
    assert block.terms == "symmetric noise, ViT-B-16/openai, 16 shots, recipe auto (each method's own)"
