"""Methods that tune more of the text side than a context."""

from __future__ import annotations

import pytest
import torch

from methods import cls_tuning, tenc_ft
from methods.clip.backbone import zero_shot_weights
from methods.core.task import Task
from methods.errors import MethodError
from tests.support import toy


@pytest.mark.parametrize("method", [cls_tuning, tenc_ft])
@pytest.mark.parametrize("template", ["a photo of a {}.", "{} texture.", "a photo of a {}, a type of pet."])
def test_before_training_the_classifier_is_zero_shot_clip(method, template: str) -> None:
    backbone = toy.tiny_clip()
    task = Task(backbone, toy.CLASSES, template, [0, 1], 3, toy.RECIPE)
    weights = method.Method(task).class_weights()
    expected = zero_shot_weights(backbone, toy.CLASSES, template)
    torch.testing.assert_close(weights, expected.expand_as(weights), atol=1e-5, rtol=1e-5)


def test_class_name_tuning_moves_one_class_without_moving_another() -> None:
    method = cls_tuning.Method(toy.task([0]))
    before = method.class_weights().detach()
    with torch.no_grad():
        method.ctx[0, 2] += torch.linspace(-0.1, 0.1, 32)
    moved = (method.class_weights() - before).abs().amax(-1)[0] > 1e-6
    assert moved.tolist() == [False, False, True, False, False, False]


def test_text_tower_tuning_leaves_the_shared_backbone_as_it_is() -> None:
    method = tenc_ft.Method(toy.task([0, 1]))
    before = method.class_weights().detach()
    with torch.no_grad():
        for parameter in method.parameters():
            parameter[0] += 0.05 * torch.randn(parameter[0].shape, generator=torch.Generator().manual_seed(0))
    after = method.class_weights()
    assert not torch.allclose(after[0], before[0], atol=1e-3)
    assert torch.equal(after[1], before[1])
    fresh = tenc_ft.Method(toy.task([0]))
    assert torch.equal(fresh.class_weights()[0], before[0])


def test_a_class_name_too_long_for_the_tower_is_refused() -> None:
    task = Task(toy.tiny_clip(), ("cat " * 30, "dog"), "a photo of a {}.", [0], 3, toy.RECIPE)
    with pytest.raises(MethodError, match="takes 32"):
        cls_tuning.Method(task)
