"""A linear head: it starts as zero-shot CLIP, and its gradient is larger by the logit scale than a plain layer's."""

from __future__ import annotations

import torch

from methods.core.head import HeadMethod
from tests.support import toy


class Head(HeadMethod):
    """A head with nothing of its own."""


def test_every_replica_starts_at_the_class_names() -> None:
    method = Head(toy.task([0, 1]))
    assert method.head.shape == (2, len(toy.CLASSES), 24)
    for row in method.class_weights():
        torch.testing.assert_close(row, method.zero_shot())


def test_gradients_are_those_of_a_plain_layer_times_the_logit_scale() -> None:
    method = Head(toy.task([0]))
    features = torch.nn.functional.normalize(torch.randn(1, 5, 24, generator=torch.Generator().manual_seed(0)), dim=-1)
    labels, scale = torch.tensor([[0, 1, 2, 3, 4]]), toy.tiny_clip().scale
    method.loss(method.logits(features, method.class_weights()), labels).sum().backward()
    plain = (scale * features[0] @ method.head.detach()[0].T).requires_grad_()
    torch.nn.functional.cross_entropy(plain, labels[0], reduction="sum").backward()
    assert method.head.grad is not None and plain.grad is not None
    torch.testing.assert_close(method.head.grad[0], scale * plain.grad.T @ features[0], atol=1e-4, rtol=1e-4)
