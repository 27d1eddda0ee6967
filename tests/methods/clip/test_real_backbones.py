"""Backbones of real size, with random weights, keep the same promises as the embedded one."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
import torch

from datamodules.datamodule import NoisyFewShot
from datamodules.epoch_plan import Sampling
from datamodules.features.bank import FeatureBank
from datamodules.run_spec import RunSpec
from methods.clip.backbone import Backbone
from methods.clip.loading import load_backbone
from methods.coop import Method
from methods.core.task import Task
from methods.recipes import recipe
from tests.support import toy
from tests.support.small_backbones import KINDS, small_backbone

NAMES = ["embedded", "RN50/random", "ViT-B-16/random"]
TRAINED = ["embedded", "resnet", *(pytest.param(name, marks=pytest.mark.slow) for name in NAMES[1:])]
CLASSES = ("cat", "golden retriever")


@cache
def backbone(name: str) -> Backbone:
    return load_backbone(small_backbone(name) if name in KINDS else name)


@pytest.mark.parametrize("name", NAMES)
def test_a_prompt_of_real_words_is_what_open_clip_encodes(name: str) -> None:
    clip = backbone(name)
    ours = clip.encode_prompts(clip.words("a photo of a")[None], clip.layout(CLASSES, 4))[0]
    theirs = clip.encode_text([f"a photo of a {word}." for word in CLASSES])
    torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_sharing_the_prefix_changes_neither_value_nor_gradient(name: str) -> None:
    clip = backbone(name)
    layout = clip.layout(CLASSES, 4)
    ctx = torch.randn(2, 4, clip.width, generator=torch.Generator().manual_seed(0)).mul(0.02).requires_grad_()
    shared = clip.encode_prompts(ctx, layout)
    tower = clip.text
    plain = tower.project(tower.hidden(layout.assemble(ctx, tower.token_embedding.weight), layout.eot))
    torch.testing.assert_close(shared, plain, atol=1e-5, rtol=1e-4)
    weights = torch.randn(shared.shape, generator=torch.Generator().manual_seed(1))
    ours, theirs = (torch.autograd.grad((way * weights).sum(), ctx)[0] for way in (shared, plain))
    assert (ours - theirs).abs().max() <= 1e-5 * theirs.abs().max().clamp(min=1)


@pytest.mark.parametrize("name", TRAINED)
def test_it_trains_and_a_run_in_a_pack_is_the_run_alone(name: str) -> None:
    clip = backbone(name)
    pictures = replace(toy.toy_dataset(), train=toy.split(1, 1), test=toy.split(1, 2))
    own = recipe("coop[n_ctx=2,lr=0.02,batch=8]").at()
    bank = FeatureBank(clip)

    def train(seeds: list[int]) -> Method:
        data = NoisyFewShot(
            pictures,
            [RunSpec(seed, 1, "symmetric", 0.5) for seed in seeds],
            backbone=bank,
            sampling=Sampling(batch_size=8),
        )
        method = Method(Task(clip, pictures.classes, pictures.template, seeds, 1, own))
        toy.fit([method], data, 1)
        return method

    pack, alone = train([1, 2]), train([2])
    assert not torch.equal(pack.ctx[1], Method(pack.task).ctx[1])
    torch.testing.assert_close(pack.ctx[1], alone.ctx[0], atol=1e-4, rtol=1e-4)
