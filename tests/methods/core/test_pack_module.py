"""Members of a pack: rows side by side, and one trainer for all."""

from __future__ import annotations

import pytest
import torch

from datamodules.run_spec import RunSpec
from methods import coop, linear_probe
from methods.core.pack_module import PackModule
from methods.errors import MethodError
from tests.support import toy


def test_members_have_rows_in_their_order_and_all_their_parameters_are_learned() -> None:
    members = [coop.Method(toy.task([5, 6], 1)), linear_probe.Method(toy.task([5], 1)), coop.Method(toy.task([7], 1))]
    module = PackModule(members)
    assert [(member.rows.start, member.rows.stop) for member in members] == [(0, 2), (2, 3), (3, 4)]
    assert module.run_count == 4
    assert len(list(module.parameters())) == sum(len(list(member.parameters())) for member in members)


def test_members_are_trained_and_tested_row_by_row() -> None:
    members = [linear_probe.Method(toy.task([0], 1)), coop.Method(toy.task([1, 2], 1))]
    module = toy.fit(members, toy.data_for([RunSpec(seed, 2) for seed in (0, 1, 2)], 1), 1)
    assert module.accuracy.shape == (3,) and module.class_accuracy.shape == (3, len(toy.CLASSES))
    assert [tuple(weights.shape[:2]) for weights in module.evaluated_weights] == [(1, 6), (2, 6)]
    for member in members:
        assert member.trainer is module.trainer
        assert torch.isfinite(torch.cat([p.flatten() for p in member.parameters()])).all()


def test_members_with_more_runs_than_the_data_are_refused() -> None:
    members = [linear_probe.Method(toy.task([0], 1)), coop.Method(toy.task([1], 1))]
    with pytest.raises(MethodError, match=r"seeds \[1\], and the data module has \[\]|have 2 runs"):
        toy.fit(members, toy.data_for([RunSpec(0, 2)], 1), 1)
