"""Prompts in a vision transformer: where they stand, and that nothing else changes."""

from __future__ import annotations

import torch
from torch.nn.functional import normalize

from methods.clip.image_tower import ImageTower
from tests.support import toy


def pixels(count: int) -> torch.Tensor:
    return torch.randn(count, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def test_without_prompts_the_tower_is_open_clip_s_own() -> None:
    backbone, pictures = toy.tiny_clip(), pixels(5)
    index = torch.tensor([[4, 0, 0, 2]])
    ours = ImageTower.of(backbone).encode(pictures, index, torch.zeros(2, 0, 32))
    expected = backbone.encode_images(pictures)[index[0]]
    torch.testing.assert_close(ours, expected.expand(2, -1, -1), atol=1e-5, rtol=1e-5)


def test_prompts_stand_between_class_token_and_patches_and_see_the_first_normalisation() -> None:
    """Against a reading of one picture and one replica at a time."""
    backbone, pictures = toy.tiny_clip(), pixels(3)
    visual = backbone.model.visual
    prompts = torch.randn(2, 4, 32, generator=torch.Generator().manual_seed(1))
    ours = ImageTower.of(backbone).encode(pictures, torch.arange(3)[None], prompts)
    for r in range(2):
        for b in range(3):
            patches = visual.conv1(pictures[b : b + 1])[0].flatten(1).T
            class_token = visual.class_embedding + visual.positional_embedding[0]
            rest = patches + visual.positional_embedding[1:]
            tokens = torch.cat([class_token[None], prompts[r], rest])
            out = visual.transformer(visual.ln_pre(tokens)[None])[0]
            feature = normalize(visual.ln_post(out[0]) @ visual.proj, dim=-1)
            torch.testing.assert_close(ours[r, b], feature, atol=1e-5, rtol=1e-5)


def test_blocks_without_gradients_change_nothing() -> None:
    tower, pictures = ImageTower.of(toy.tiny_clip()), pixels(300)
    prompts = torch.randn(2, 4, 32, generator=torch.Generator().manual_seed(1))
    index = torch.arange(300)[None]
    with torch.no_grad():
        blocks = tower.encode(pictures, index, prompts)
    torch.testing.assert_close(blocks, tower.encode(pictures, index, prompts), atol=1e-5, rtol=1e-5)
