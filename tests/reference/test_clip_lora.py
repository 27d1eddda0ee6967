"""CLIP-LoRA against a plain loop: one picture and one text at a time, attention head by head, in float64."""

from __future__ import annotations

import copy
import math

import open_clip
import pytest
import torch
import torch.nn.functional as F
from open_clip.model import CLIP
from torch import Tensor

from datamodules.run_spec import RunSpec
from methods import clip_lora
from methods.clip.backbone import Backbone
from methods.core.task import Task
from methods.errors import UnsupportedError
from tests.reference.clip import PlainRun
from tests.support import toy

EPOCHS, SEED = 3, 1
NAMES = ("down_text", "up_text", "down_image", "up_image")


class PlainLoRA:
    """One run of CLIP-LoRA on the toy data set: A and B of both towers, and SGD."""

    def __init__(self, method: clip_lora.Method) -> None:
        self.model: CLIP = copy.deepcopy(toy.tiny_clip().model).double()
        self.scale = method.alpha / math.sqrt(method.rank)
        self.learned = {name: getattr(method, name).detach()[0].double().requires_grad_() for name in NAMES}
        recipe = toy.RECIPE
        self.optimizer = torch.optim.SGD(
            [*self.learned.values()], lr=1.0, momentum=recipe.momentum, weight_decay=recipe.weight_decay
        )

    def transform(self, x: Tensor, tower: str, causal: bool) -> Tensor:
        """Tokens [L, D] through all blocks."""
        transformer = self.model.transformer if tower == "text" else self.model.visual.transformer
        for number, block in enumerate(transformer.resblocks):
            attn, h = block.attn, block.ln_1(x)
            projected = []
            for part, (w, b) in enumerate(zip(attn.in_proj_weight.chunk(3), attn.in_proj_bias.chunk(3), strict=True)):
                a, up = (self.learned[f"{way}_{tower}"][number, part] for way in ("down", "up"))
                projected.append(h @ (w + self.scale * up @ a).T + b)
            heads = []
            for q, k, v in zip(*(part.chunk(attn.num_heads, dim=-1) for part in projected), strict=True):
                scores = q @ k.T / math.sqrt(q.shape[-1])
                if causal:
                    scores = scores + torch.full_like(scores, -math.inf).triu(1)
                heads.append(scores.softmax(-1) @ v)
            x = x + attn.out_proj(torch.cat(heads, dim=-1))
            x = x + block.mlp(block.ln_2(x))
        return x

    def class_weights(self) -> Tensor:
        rows = []
        for name in toy.CLASSES:
            tokens = toy.tiny_clip().tokenizer([f"a photo of a {name}."])[0]
            x = self.model.token_embedding(tokens) + self.model.positional_embedding
            out = self.transform(x, "text", causal=True)[int(tokens.argmax())]
            rows.append(F.normalize(self.model.ln_final(out) @ self.model.text_projection, dim=-1))
        return torch.stack(rows)

    def image(self, picture: Tensor) -> Tensor:
        visual = self.model.visual
        patches = visual.conv1(picture[None].double())[0].flatten(1).T
        x = torch.cat([visual.class_embedding[None], patches]) + visual.positional_embedding
        out = self.transform(visual.ln_pre(x), "image", causal=False)[0]
        return F.normalize(visual.ln_post(out) @ visual.proj, dim=-1)

    def logits(self, pixels: Tensor) -> Tensor:
        return self.model.logit_scale.exp() * torch.stack([self.image(one) for one in pixels]) @ self.class_weights().T


def test_both_towers_are_updated_as_a_plain_loop_updates_them() -> None:
    data = toy.data_for([RunSpec(SEED, 4, "symmetric", 0.5)], EPOCHS)
    images, labels = (part.tolist() for part in data.training_set(0))
    method = clip_lora.Method(toy.task([SEED], EPOCHS), dropout=0, alpha=3.0)
    slow, views = PlainLoRA(method), PlainRun(SEED, torch.zeros(1, 32), EPOCHS, toy.toy_dataset())
    start = {name: value.detach().clone() for name, value in slow.learned.items()}
    for epoch in range(EPOCHS):
        views.start_epoch(epoch)
        slow.optimizer.param_groups[0]["lr"] = views.optimizer.param_groups[0]["lr"]
        for batch in views.batches(len(images), epoch):
            slow.optimizer.zero_grad()
            logits = slow.logits(views.views([images[i] for i in batch], epoch))
            F.cross_entropy(logits, torch.tensor([labels[i] for i in batch])).backward()
            slow.optimizer.step()
    toy.fit([method], data, EPOCHS)
    for name, value in slow.learned.items():
        assert (value - start[name]).abs().max() > 1e-3
        torch.testing.assert_close(getattr(method, name).detach()[0], value.detach().float(), atol=1e-4, rtol=0)


def test_before_training_it_is_zero_shot_clip() -> None:
    method = clip_lora.Method(toy.task([0, 1]))
    with torch.no_grad():
        expected = method.zero_shot().expand(2, -1, -1)
        torch.testing.assert_close(method.class_weights(), expected, atol=1e-5, rtol=1e-5)


def test_dropout_drops_its_share_by_seed_and_step_in_training_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def masks(step: int, seeds: list[int]) -> Tensor:
        method = clip_lora.Method(toy.task(seeds), dropout=0.25)
        monkeypatch.setattr(clip_lora.Method, "step", step)
        return method.dropped(torch.ones(len(seeds), 50, 20, 32), "text 0 0")

    first = masks(0, [0, 1])
    assert first.unique().tolist() == pytest.approx([0, 4 / 3])
    assert float((first == 0).float().mean()) == pytest.approx(0.25, abs=0.01)
    assert torch.equal(masks(0, [1]), first[1:]) and not torch.equal(first[0], first[1])
    assert not torch.equal(masks(1, [0, 1]), first)
    with torch.no_grad():
        assert torch.equal(masks(0, [0]), torch.ones(1, 50, 20, 32))


def test_a_resnet_is_refused_with_a_reason() -> None:
    vision = open_clip.CLIPVisionCfg(image_size=32, layers=[1, 1, 1, 1], width=4, head_width=16)
    model = CLIP(24, vision, open_clip.CLIPTextCfg(context_length=32, width=32, heads=2, layers=1))
    model.visual.preprocess_cfg = toy.tiny_clip().model.visual.preprocess_cfg
    backbone = Backbone("small resnet", model, toy.tiny_clip().preprocess, toy.tiny_clip().tokenizer)
    with pytest.raises(
        UnsupportedError,
        match=r"updates of the image tower need a vision .* small resnet is a ModifiedResNet; use a ViT",
    ):
        clip_lora.Method(Task(backbone, toy.CLASSES, "a photo of a {}.", [0], 3, toy.RECIPE))
