"""Prompts in the image tower."""

from __future__ import annotations

import numpy as np
import open_clip
import pytest
import torch
from open_clip.model import CLIP

from datamodules.run_spec import RunSpec
from methods import fpl, upt, vpt
from methods.clip.backbone import Backbone
from methods.clip.image_tower import ImageTower
from methods.core.image_prompt import UPTLayer
from methods.core.task import Task
from methods.errors import MethodError
from tests.support import toy


@pytest.mark.parametrize("method", [vpt, upt])
def test_a_step_loads_every_crop_once_and_sees_what_the_bank_would_encode(method) -> None:
    """Two replicas of a seed share their pictures; with no prompts their features are the bank's views."""
    data = toy.data_for([RunSpec(seed, 4) for seed in (0, 0, 1)], 2)
    batch = data.batch(1)
    pictures, index = batch.pixels()
    slots = data.plan.slots[1]
    assert len(pictures) == len(np.unique(slots)) < slots.size
    features = ImageTower.of(toy.tiny_clip()).encode(pictures, index, torch.zeros(3, 0, 32))
    torch.testing.assert_close(features, batch.features, atol=1e-4, rtol=1e-4)


def test_visual_prompts_leave_the_classifier_alone_and_multimodal_ones_do_not() -> None:
    visual, both = vpt.Method(toy.task([0])), upt.Method(toy.task([0]))
    assert torch.equal(visual.class_weights()[0], visual.zero_shot())
    assert visual.visual.tokens.shape == (1, 16, 32) and not hasattr(visual, "ctx")
    assert both.visual.tokens.shape == (1, 4, 32) and both.ctx.shape == (1, 4, 32)
    assert not torch.allclose(both.class_weights()[0], both.zero_shot(), atol=1e-3)
    assert both.lr(1) == pytest.approx(visual.lr(1) / 10)


def test_the_test_accuracy_of_visual_prompts_is_measured_once_at_the_end() -> None:
    data = toy.data_for([RunSpec(0, 4)], 2)
    module = toy.fit([vpt.Method(toy.task([0], 2))], data, 2)
    assert all(values.isnan().all() for values in module.curves["test_accuracy"])
    assert 0 <= module.accuracy[0] <= 1
    images = data.dataset.test.images
    pictures = torch.stack([toy.tiny_clip().preprocess(images[i]) for i in range(len(images))])
    method = module.members[0]
    with torch.no_grad():
        features = method.visual.tower.encode(pictures, torch.arange(len(pictures))[None], method.visual.tokens)
        predicted = method.logits(features, method.class_weights())[0].argmax(-1)
    expected = (predicted.numpy() == data.dataset.test.labels).mean()
    assert float(module.accuracy[0]) == pytest.approx(expected)


@pytest.mark.parametrize("modality", ["visual", "multimodal"])
def test_self_training_relabels_with_what_the_tuned_tower_sees(modality: str) -> None:
    data = toy.data_for([RunSpec(0, 4, paradigm="ul")], 2)
    method = fpl.Method(toy.task([0], 2), modality=modality, k=2)
    toy.fit([method], data, 2)
    images = torch.arange(5)
    tuned = method.pool_features(0, images)
    assert not torch.allclose(tuned, data.pool()[images], atol=1e-3)
    pictures = torch.stack([toy.tiny_clip().preprocess(data.dataset.train.images[i]) for i in range(5)])
    with torch.no_grad():
        expected = method.visual.tower.encode(pictures, images[None], method.visual.at_tower(method.joined))[0]
    torch.testing.assert_close(tuned, expected, atol=1e-5, rtol=1e-5)


def test_a_resnet_is_refused_with_a_reason() -> None:
    vision = open_clip.CLIPVisionCfg(image_size=32, layers=[1, 1, 1, 1], width=4, head_width=16)
    text = open_clip.CLIPTextCfg(context_length=32, width=32, heads=2, layers=1)
    model = CLIP(24, vision, text)
    model.visual.preprocess_cfg = toy.tiny_clip().model.visual.preprocess_cfg
    backbone = Backbone("small resnet", model, toy.tiny_clip().preprocess, toy.tiny_clip().tokenizer)
    task = Task(backbone, toy.CLASSES, "a photo of a {}.", [0], 3, toy.RECIPE)
    with pytest.raises(MethodError, match="small resnet is a ModifiedResNet; use a ViT"):
        vpt.Method(task)


def test_options_about_words_are_refused_for_visual_prompts() -> None:
    with pytest.raises(MethodError, match="no option 'csc'"):
        vpt.Method(toy.task([0]), csc=True)
    with pytest.raises(MethodError, match="about words"):
        fpl.Method(toy.task([0]), modality="visual", csc=True)


def test_upt_s_layer_lets_tokens_of_both_towers_attend_to_each_other_as_a_plain_reading_does() -> None:
    layer = UPTLayer(6, 10, torch.Generator().manual_seed(1), inner=8)
    ctx, visual = (torch.randn(2, width, generator=torch.Generator().manual_seed(2)) for width in (6, 10))
    block, tokens = layer.block, [*map(layer.text_in, ctx), *map(layer.image_in, visual)]
    normed = [(x - x.mean()) / (x.var(unbiased=False) + 1e-5).sqrt() for x in tokens]
    q, k, v = zip(*((block.attn.in_proj_weight @ x + block.attn.in_proj_bias).chunk(3) for x in normed), strict=True)
    seen = []
    for query, token in zip(q, tokens, strict=True):
        shares = torch.stack([query @ key / 8**0.5 for key in k]).softmax(0)
        mixed = sum(share * value for share, value in zip(shares, v, strict=True))
        x = token + block.attn.out_proj.weight @ mixed + block.attn.out_proj.bias
        y = block.mlp[0]((x - x.mean()) / (x.var(unbiased=False) + 1e-5).sqrt())
        seen.append(x + block.mlp[2](y / (1 + (-1.702 * y).exp())))
    text, image = layer(ctx, visual)
    torch.testing.assert_close(text, layer.text_out(torch.stack(seen[:2])))
    torch.testing.assert_close(image, layer.image_out(torch.stack(seen[2:])))
