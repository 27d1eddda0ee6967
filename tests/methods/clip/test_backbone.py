"""The backbone: prompts are encoded exactly as open_clip encodes texts."""

from __future__ import annotations

import copy
from typing import Any

import open_clip
import pytest
import torch
from open_clip.model import CLIP, CustomTextCLIP
from torch import Tensor

from methods.clip.backbone import Backbone, preprocess_of
from methods.clip.prompt_layout import PromptLayout
from methods.clip.text_tower import TextTower
from methods.errors import BackboneError
from tests.support.pretend_gpu import PretendGPU
from tests.support.toy import CLASSES, tiny_clip

NAMES = ("cat", "golden retriever", "dog", "stop sign post", "sea")
VISION = {"image_size": 32, "patch_size": 8, "width": 32, "layers": 1, "head_width": 16}
TEXT = {"context_length": 32, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 3}


def model_of(kind: type[CLIP] | type[CustomTextCLIP], **text: Any) -> torch.nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = kind(24, open_clip.CLIPVisionCfg(**VISION), open_clip.CLIPTextCfg(**{**TEXT, **text}))
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.15)
    return model.eval().requires_grad_(False)


def plain(tower: TextTower, ctx: Tensor, layout: PromptLayout) -> Tensor:
    """The 77-token way: whole prompts, padded, every class and replica by itself."""
    rows = layout.assemble(ctx, tower.token_embedding.weight)
    padding = tower.token_embedding.weight[0].expand(*rows.shape[:2], 32 - rows.shape[2], -1)
    rows = torch.cat([rows, padding], dim=2)
    features = []
    for replica in rows:
        for prompt, eot in zip(replica, layout.eot, strict=True):
            features.append(tower.project(tower.hidden(prompt[None, None], eot[None]))[0, 0])
    return torch.stack(features).view(*rows.shape[:2], -1)


@pytest.mark.parametrize("words", ["a photo of a", "itap of the big"])
def test_a_prompt_of_real_words_is_what_open_clip_encodes(words: str) -> None:
    backbone = tiny_clip()
    ctx = backbone.words(words)[None]
    ours = backbone.encode_prompts(ctx, backbone.layout(CLASSES, ctx.shape[1]))[0]
    theirs = backbone.encode_text([f"{words} {name}." for name in CLASSES])
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("position", ["end", "middle", "front"])
def test_context_stands_where_its_position_says(position: str) -> None:
    backbone = tiny_clip()
    prompts = {
        "end": "one two three four {}.", "middle": "one two {} three four.", "front": "{} one two three four."
    }  # fmt: skip
    ctx = backbone.words("one two three four")[None]
    ours = backbone.encode_prompts(ctx, backbone.layout(CLASSES, 4, position))[0]
    theirs = backbone.encode_text([prompts[position].format(name) for name in CLASSES])
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_a_prompt_can_end_without_the_full_stop() -> None:
    backbone = tiny_clip()
    ctx = backbone.words("one two three four")[None]
    ours = backbone.encode_prompts(ctx, backbone.layout(CLASSES, 4, full_stop=False))[0]
    theirs = backbone.encode_text([f"one two three four {name}" for name in CLASSES])
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", [CLIP, CustomTextCLIP])
@pytest.mark.parametrize("position", ["end", "middle", "front"])
@pytest.mark.parametrize("replicas", [1, 3])
@pytest.mark.parametrize("specific", [False, True])
def test_the_short_way_equals_the_long_way_in_value_and_gradient(
    kind: Any, position: str, replicas: int, specific: bool
) -> None:
    tower = TextTower.of(model_of(kind))
    tokenizer = open_clip.SimpleTokenizer(context_length=32)
    names = [tokenizer.encode(name) for name in NAMES]
    layout = PromptLayout.of(names, 4, position, tokenizer.sot_token_id, tokenizer.eot_token_id, [269])
    shape = (replicas, len(NAMES), 4, 32) if specific else (replicas, 4, 32)
    generator = torch.Generator().manual_seed(2)
    ctx = (0.3 * torch.randn(shape, generator=generator)).requires_grad_()
    weights = torch.randn(replicas, len(NAMES), 24, generator=generator)
    short, long = tower.encode(ctx, layout), plain(tower, ctx, layout)
    torch.testing.assert_close(short, long, atol=1e-5, rtol=1e-5)
    (ours,) = torch.autograd.grad((short * weights).sum(), ctx)
    (theirs,) = torch.autograd.grad((long * weights).sum(), ctx)
    assert theirs.abs().max() > 1e-3
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def test_on_a_gpu_a_text_pass_starts_as_many_kernels_for_many_names_as_for_few() -> None:
    counts = set()
    with PretendGPU() as gpu:
        clip = copy.deepcopy(tiny_clip()).to(gpu.device)
        for names in (NAMES[:2], NAMES, tuple(f"{name} {other}" for name in NAMES for other in NAMES)):
            ctx = torch.zeros(2, 4, 32, device=gpu.device, requires_grad=True)
            layout = clip.layout(names, 4)
            before = gpu.launches
            clip.encode_prompts(ctx, layout).sum().backward()
            counts.add(gpu.launches - before)
    assert len(counts) == 1 and max(counts) < 100


def test_a_tower_that_looks_ahead_sees_the_padding_too() -> None:
    model = model_of(CustomTextCLIP, no_causal_mask=True, pool_type="last")
    model.visual.preprocess_cfg = tiny_clip().model.visual.preprocess_cfg
    backbone = Backbone("siglip-like", model, preprocess_of(model), open_clip.SimpleTokenizer(context_length=32))
    ctx = backbone.words("a photo of")[None]
    ours = backbone.encode_prompts(ctx, backbone.layout(NAMES, 3))[0]
    theirs = backbone.encode_text([f"a photo of {name}." for name in NAMES])
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_features_have_unit_length_and_no_gradient_reaches_the_towers() -> None:
    backbone = tiny_clip()
    pixels = torch.rand(3, 3, 32, 32)
    torch.testing.assert_close(backbone.encode_images(pixels).norm(dim=-1), torch.ones(3))
    assert not any(parameter.requires_grad for parameter in backbone.parameters())
    assert not backbone.train().training


def test_its_identity_follows_weights_and_preprocessing() -> None:
    one, same = (model_of(CLIP) for _ in range(2))
    for model in (one, same):
        model.visual.preprocess_cfg = tiny_clip().model.visual.preprocess_cfg
    first, tokenizer = Backbone("a", one, preprocess_of(one), tiny_clip().tokenizer), tiny_clip().tokenizer
    assert Backbone("b", same, preprocess_of(same), tokenizer).identity == first.identity
    same.visual.preprocess_cfg = {**same.visual.preprocess_cfg, "mean": (0.1, 0.1, 0.1)}
    assert Backbone("b", same, preprocess_of(same), tokenizer).identity != first.identity
    with torch.no_grad():
        one.ln_final.bias[0] += 1
    assert Backbone("a", one, preprocess_of(one), tokenizer).identity != first.identity


def test_a_prompt_that_does_not_fit_names_the_class() -> None:
    with pytest.raises(BackboneError, match="30 context tokens and the class name 'red cat' make 35 tokens"):
        tiny_clip().layout(CLASSES, 30)
