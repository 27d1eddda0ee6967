"""What runs are to methods and data: specs by their axes, methods side by side, and zero-shot accuracy in words."""

from __future__ import annotations

import pytest

from benchmark.plan.axes import Run
from benchmark.plan.options import Options
from benchmark.run.training import build, specs, zero_shot_line
from datamodules.run_spec import RunSpec
from tests.support import toy
from tests.support.records_factory import run


def grid(**options: str) -> list[Run]:
    return Options(datasets="digits", noise="0.5", epochs=2, **options).grid().runs()


def test_a_run_trains_on_what_its_axes_and_its_recipe_say() -> None:
    (one,) = specs(grid(methods="coop", seeds="7", shots="4"))
    assert (one.seed, one.shots, one.noise, one.rate, one.paradigm) == (7, 4, "symmetric", 0.5, "fewshot")
    hold_out, known, draw = run().settings.given
    assert (one.hold_out, one.known, one.draw) == (hold_out, known, draw)
    assert isinstance(one, RunSpec)


def test_equal_methods_stand_side_by_side_with_their_seeds_and_options() -> None:
    runs = grid(methods="coop,gce[q=0.5]", seeds="1,2")
    module = build(runs[::2] + runs[1::2], toy.tiny_clip(), toy.toy_dataset())
    by_name = {member.name: member for member in module.members}
    assert len(module.members) == 2 and {tuple(member.task.seeds) for member in module.members} <= {(1, 2), (2, 1)}
    assert by_name["gce"].q == 0.5
    assert all(member.task.epochs == 2 and tuple(member.task.classes) == toy.CLASSES for member in module.members)


def test_the_same_method_under_two_recipes_is_two_members() -> None:
    runs = grid(methods="coop", seeds="1", recipe="embedded,embedded[lr=0.5]")
    module = build(runs, toy.tiny_clip(), toy.toy_dataset())
    assert len(module.members) == 2
    assert module.members[0].task.recipe.lr != module.members[1].task.recipe.lr == pytest.approx(0.5)


def test_zero_shot_accuracy_stands_beside_published_ones_where_there_are_any() -> None:
    assert zero_shot_line(run(), 66.0) == "flipped: zero-shot CLIP 66.0 %"
    known = zero_shot_line(run(dataset="oxford_pets", backbone="RN50/openai"), 84.444)
    assert known.startswith("oxford_pets: zero-shot CLIP 84.4 %, published 8")
