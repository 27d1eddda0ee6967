"""The loss of a step: each replica's mean over its own images, whatever stands beside or after them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from datamodules.run_spec import RunSpec
from methods import linear_probe
from tests.support import toy

KEPT = torch.tensor([[True] * 8, [True] * 5 + [False] * 3, [False, True] + [False] * 6, [False] * 8])


def test_a_replica_s_loss_is_the_mean_over_its_images_without_padding() -> None:
    data = toy.data_for([RunSpec(seed, 4) for seed in range(4)])
    method = linear_probe.Method(toy.task(range(4)))
    toy.fit([method], data)
    batch = replace(data.batch(0), valid=KEPT)
    loss = method.total_loss(batch, method.class_weights())
    for row, kept in enumerate(KEPT[:3]):
        logits = method.task.backbone.scale * batch.features[row, kept] @ method.head[row].T
        expected = torch.nn.functional.cross_entropy(logits, batch.labels[row, kept])
        assert loss[row].item() == pytest.approx(expected.item(), rel=1e-4)
    assert loss[3] == 0


def test_what_padding_holds_reaches_neither_loss_nor_gradient() -> None:
    data = toy.data_for([RunSpec(seed, 4) for seed in range(4)])
    method = linear_probe.Method(toy.task(range(4)))
    toy.fit([method], data)
    batch = replace(data.batch(0), valid=KEPT)
    found = []
    for features in (batch.features, torch.where(KEPT[..., None], batch.features, 7.0)):
        method.zero_grad()
        loss = method.total_loss(replace(batch, features=features), method.class_weights())
        loss.sum().backward()
        assert method.head.grad is not None
        found.append((loss.detach(), method.head.grad.clone()))
    assert torch.equal(found[0][0], found[1][0]) and torch.equal(found[0][1], found[1][1])
