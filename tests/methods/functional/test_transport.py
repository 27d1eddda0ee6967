"""Entropic transport, and the methods that sort images by it."""

from __future__ import annotations

import pytest
import torch

from datamodules.order import grouped_batches, paired_batches
from datamodules.seeds import rng
from methods.functional.transport import sinkhorn
from tests.reference.nlprompt import plan as slow_plan


def costs(replicas: int = 3, images: int = 20, classes: int = 5) -> torch.Tensor:
    logits = 6 * torch.randn(replicas, images, classes, generator=torch.Generator().manual_seed(2))
    return -logits.softmax(-1).log_softmax(-1)


@pytest.mark.parametrize("reg", [0.1, 0.01, 0.001])
@pytest.mark.parametrize("classes", [2, 5, 47, 397])
def test_plans_equal_a_slow_reading_of_sinkhorn_knopp(classes: int, reg: float) -> None:
    cost = costs(classes=classes)
    valid = torch.ones(cost.shape[:2], dtype=torch.bool)
    valid[1, 15:] = False
    plans = sinkhorn(cost, valid, reg, limit=100)
    for row, count in enumerate((20, 15)):
        slow = torch.from_numpy(slow_plan(cost[row, :count].tolist(), reg, limit=100))
        torch.testing.assert_close(plans[row, :count], slow, atol=1e-12, rtol=1e-6)
    assert (plans[1, 15:] == 0).all()


def test_a_class_that_is_far_from_all_images_still_gets_its_share_at_a_small_regularisation() -> None:
    cost = torch.tensor([[[0.0, 1.0], [0.9, 1.9], [0.9, 1.85]]], dtype=torch.double)
    plan = sinkhorn(cost, torch.ones(1, 3, dtype=torch.bool), reg=0.001)[0]
    expected = torch.tensor([[0.25, 1 / 12], [0.25, 1 / 12], [1.92875e-22, 1 / 3]], dtype=torch.double)
    torch.testing.assert_close(plan, expected, atol=1e-26, rtol=1e-5)


@pytest.mark.parametrize("reg", [1e-5, 1e-12, 1e-300])
def test_plans_are_finite_however_small_the_regularisation_and_far_the_costs(reg: float) -> None:
    cost = 30 * costs(classes=9)
    plans = sinkhorn(cost, torch.ones(3, 20, dtype=torch.bool), reg)
    assert plans.isfinite().all()
    assert (plans.sum((1, 2)) - 1).abs().max() < 1e-6


def test_a_replica_s_plan_does_not_depend_on_those_that_go_on_after_it_has_converged() -> None:
    cost = torch.cat([costs(1), 30 * costs(1, classes=5)])
    valid = torch.ones(2, 20, dtype=torch.bool)
    alone, beside = sinkhorn(cost[:1], valid[:1], 0.1), sinkhorn(cost, valid, 0.1)[:1]
    torch.testing.assert_close(beside, alone, atol=1e-16, rtol=1e-13)


def test_a_replica_s_plan_does_not_depend_on_the_others_or_on_padding() -> None:
    cost = costs()
    everything = sinkhorn(cost, torch.ones(3, 20, dtype=torch.bool))
    broken = cost.clone()
    broken[0] = torch.nan
    beside = sinkhorn(broken, torch.ones(3, 20, dtype=torch.bool))
    assert torch.equal(beside[1:], everything[1:])
    assert not beside[0].isfinite().any()


def test_a_plan_spreads_the_images_evenly_over_images_and_classes() -> None:
    plans = sinkhorn(costs(), torch.ones(3, 20, dtype=torch.bool), reg=0.1)
    torch.testing.assert_close(plans.sum(2), torch.full((3, 20), 1 / 20, dtype=torch.double))
    torch.testing.assert_close(plans.sum(1), torch.full((3, 5), 1 / 5, dtype=torch.double), atol=1e-6, rtol=0)


def test_no_batch_mixes_groups_and_a_small_group_is_one_small_batch() -> None:
    groups = rng(0, "test").permutation([0] * 3 + [1] * 11)
    batches = grouped_batches(groups, 4, rng(1, "test"))
    kinds = [{int(groups[i]) for i in batch if i >= 0} for batch in batches]
    assert kinds == [{0}, {1}, {1}]
    assert sorted(i for i in batches[0] if i >= 0) == sorted(i for i in range(14) if groups[i] == 0)


def test_paired_groups_stand_side_by_side_and_the_smaller_starts_over() -> None:
    groups = rng(0, "test").permutation([0] * 5 + [1] * 12)
    batches = paired_batches(groups, 4, rng(1, "test"))
    assert batches.shape == (3, 8)
    assert (groups[batches[:, :4]] == 0).all() and (groups[batches[:, 4:]] == 1).all()
    assert len(set(batches[:, 4:].flatten().tolist())) == 12
    assert not (batches[0, :4] == batches[1, :4]).all()
