"""Sizes of towers: FLOP as torch counts them, and None where planning cannot know."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import open_clip
import pytest
import torch

from benchmark.plan.towers import towers
from benchmark.speed.peak import operations
from methods.clip.prompt_layout import PromptLayout
from methods.clip.text_tower import TextTower


@pytest.mark.parametrize("name", ["ViT-B-32", "ViT-B-16", "RN50"])
def test_an_image_costs_what_torch_counts(name: str) -> None:
    config = open_clip.get_model_config(name)
    assert config is not None
    with torch.device("meta"):
        vision, text = open_clip.CLIPVisionCfg(**config["vision_cfg"]), open_clip.CLIPTextCfg(**config["text_cfg"])
        model = open_clip.model.CLIP(config["embed_dim"], vision, text).requires_grad_(False)
        truth = operations(partial(model.encode_image, torch.empty(1, 3, 224, 224)))
    found = towers(f"{name}/openai")
    assert found is not None and found.image_flop == pytest.approx(truth, rel=0.05)


@pytest.mark.parametrize("classes", [5, 40])
def test_a_text_pass_costs_what_torch_counts(classes: int) -> None:
    config = {"width": 512, "heads": 8, "layers": 12, "context_length": 77, "vocab_size": 49408}
    with torch.device("meta"):
        model = open_clip.model.CLIP(
            512, open_clip.CLIPVisionCfg(32, 64, image_size=32), open_clip.CLIPTextCfg(**config)
        )
        tower = TextTower.of(model.requires_grad_(False))
        ctx = torch.empty(1, 16, 512, requires_grad=True)
    # 3.6 tokens a name, with full stop and EOT, of which none begin alike.
    names = [[c + 1, 5] if c % 5 >= 2 else [c + 1] for c in range(classes)]
    layout = PromptLayout.of(names, 16, "end", 1, 2, [3]).to(torch.device("meta"))
    truth = operations(lambda: tower.encode(ctx, layout).sum().backward())
    found = towers("ViT-B-16/openai")
    assert found is not None and found.text_flop(classes) == pytest.approx(truth, rel=0.1)


def test_a_folder_s_own_configuration_is_read(tmp_path: Path) -> None:
    own = {"embed_dim": 640, "text_cfg": {"layers": 3, "width": 96}, "vision_cfg":
           {"image_size": 64, "patch_size": 16, "layers": 2, "width": 32}}  # fmt: skip
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": own}))
    found = towers(f"local-dir:{tmp_path}[name=mine]")
    assert found is not None and (found.embedding, found.text_layers, found.text_width) == (640, 3, 96)


@pytest.mark.parametrize("name", ["embedded", "ViT-nothing/openai", "hf-hub:owner/model", "ViT-B-16-SigLIP/webli"])
def test_towers_that_planning_cannot_know_are_none(name: str) -> None:
    assert towers(name) is None
