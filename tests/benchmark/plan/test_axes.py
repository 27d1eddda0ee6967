"""What the rooms take from the axes of a run: its name, its columns, its words."""

from __future__ import annotations

from dataclasses import fields

import pytest

from benchmark.plan.axes import AXES, CELL, DATA, OPTIONS, SETTING, Run, out_of_range, setting_phrase
from benchmark.plan.options import Options
from datamodules.run_spec import RunSpec
from tests.support.records_factory import run


def test_a_run_has_the_name_that_records_on_disk_have() -> None:
    fields_ = ("embedded", "flipped", "gce[q=0.5]", "symmetric", 0.5, 16, 1, "embedded", 10, "fewshot", 3)
    assert Run(*fields_).key == "f873a8dc8aa49172"


def test_the_columns_of_a_table_stand_in_their_order() -> None:
    assert [*CELL] == ["dataset", "noise", "rate", "epochs", "shots", "recipe", "backbone", "paradigm"]
    assert [*SETTING] == ["shots", "recipe", "backbone", "paradigm"]
    assert set(CELL) | {"method", "seed", "protocol"} == set(AXES)


def test_options_and_run_specs_have_fields_of_the_names_that_axes_say() -> None:
    assert set(OPTIONS) <= {option.name for option in fields(Options)}
    assert set(DATA) - {"dataset"} <= {each.name for each in fields(RunSpec)}


def test_a_run_without_labels_stands_among_the_few_shot_runs() -> None:
    assert run(paradigm="ul").shown.paradigm == "fewshot" and run(paradigm="ssl").shown.paradigm == "ssl"


def test_a_setting_says_what_is_not_usual() -> None:
    setting = [16, "coop", "ViT-B-16/openai", "fewshot"]
    assert setting_phrase(setting) == "16 shots, recipe coop"
    assert setting_phrase(setting, usual=True) == "16 shots, recipe coop, fewshot"


@pytest.mark.parametrize(("name", "number", "limits"), [
    ("shots", 0, "at least 1"), ("shots", 1, ""), ("seed", -1, "at least 0"), ("seed", 2**63, "below 2^63"),
    ("rate", -5, ""),
])  # fmt: skip
def test_a_number_outside_of_its_axis_is_named_by_its_limit(name: str, number: float, limits: str) -> None:
    assert out_of_range(name, number) == limits
