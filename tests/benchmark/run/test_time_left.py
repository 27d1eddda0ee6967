"""The time left: planned before the first step, then from what was done, and never standing still."""

from __future__ import annotations

import pytest

from benchmark.plan.gpu_hours import Counts
from benchmark.plan.grid import Grid
from benchmark.plan.packs import packs
from benchmark.run.time_left import SPEEDS, TimeLeft

PACKS = packs(
    Grid(["coop"], ["eurosat"], [0.5], ["symmetric"], [1], [16], ["ViT-B-32/openai"], recipes=["coop"]).runs(), 1
)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_slow_backbone_has_a_time_left_before_its_first_step_and_it_counts_down() -> None:
    clock, counts = Clock(), Counts.of(PACKS)
    assert counts is not None
    left = TimeLeft(PACKS, ["cpu"], clock)
    planned = counts.at(SPEEDS["cpu"]).seconds
    assert left.seconds() == pytest.approx(planned) and planned > 60
    clock.now += 40
    assert left.seconds() == pytest.approx(planned - 40)


def test_images_encoded_correct_the_plan_and_training_corrects_it_further() -> None:
    clock, counts = Clock(), Counts.of(PACKS)
    assert counts is not None
    planned = counts.at(SPEEDS["cpu"])
    encoding, training = planned.encoding, planned.seconds - planned.encoding
    left = TimeLeft(PACKS, ["cpu"], clock)
    clock.now += 3 * encoding / 2  # three times as slow as planned
    left.encoded(0, 100, 0.0)
    left.encoded(0, counts.views // 2 - 7, 0.0)
    left.encoded(0, 7, 0.0)  # another part begins
    assert left.seconds() == pytest.approx(3 * (encoding / 2 + training), rel=0.01)
    clock.now += 5 * encoding
    left.trained(0.5)
    assert left.seconds() == pytest.approx(6.5 * encoding, rel=0.01)
    left.trained(1.0)
    assert left.seconds() == 0


def test_where_all_was_encoded_before_training_alone_counts() -> None:
    clock = Clock()
    left = TimeLeft(PACKS, ["cpu"], clock)
    clock.now += 30
    left.trained(0.25)
    assert left.seconds() == pytest.approx(90)


def test_of_unknown_towers_there_is_a_time_from_the_first_epoch_on() -> None:
    clock = Clock()
    left = TimeLeft(clock=clock)
    assert left.seconds() is None
    clock.now += 1000
    left.trained(0.1)
    assert left.seconds() == pytest.approx(9000)


def test_loading_counts_for_nothing_and_the_first_of_many_short_epochs_says_nothing() -> None:
    clock = Clock()
    left = TimeLeft(clock=clock)
    clock.now += 12  # torch, data and backbone
    left.trained(0.0)
    clock.now += 0.5
    left.trained(0.001)
    assert left.seconds() is None
    clock.now += 4.5
    left.trained(0.4)
    assert left.seconds() == pytest.approx(7.5)
