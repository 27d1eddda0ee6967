"""Small backbones of every kind of tower, as folders that open_clip loads: random weights, real code."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import open_clip
import torch
from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg, CustomTextCLIP
from safetensors.torch import save_file

VIT = {"image_size": 32, "patch_size": 8, "width": 32, "layers": 2, "head_width": 16}
RESNET = {"image_size": 32, "layers": [1, 1, 1, 1], "width": 16, "head_width": 64}
TIMM = {
    "image_size": 32, "timm_model_name": "test_vit", "timm_model_pretrained": False, "timm_pool": "map", "timm_proj": ""
}  # fmt: skip
TEXT = {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}
#: SigLIP's kind of text tower: tokens see what follows them, the last one is read.
LOOKS_AHEAD = {**TEXT, "no_causal_mask": True, "pool_type": "last", "proj_bias": True}

KINDS: dict[str, dict[str, Any]] = {
    "vit": {"embed_dim": 24, "vision_cfg": VIT, "text_cfg": TEXT},
    "vit, QuickGELU": {"embed_dim": 24, "vision_cfg": VIT, "text_cfg": TEXT, "quick_gelu": True},
    "resnet": {"embed_dim": 512, "vision_cfg": RESNET, "text_cfg": TEXT},
    "timm, looks ahead": {"embed_dim": 64, "vision_cfg": TIMM, "text_cfg": LOOKS_AHEAD, "custom_text": True},
}


@cache
def small_backbone(kind: str) -> str:
    """The name of a backbone of this kind, to be loaded by `load_backbone`."""
    config, folder = KINDS[kind], Path(mkdtemp(prefix="backbone"))
    parts = {key: value for key, value in config.items() if key != "custom_text"}
    parts |= {"vision_cfg": CLIPVisionCfg(**config["vision_cfg"]), "text_cfg": CLIPTextCfg(**config["text_cfg"])}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = (CustomTextCLIP if "custom_text" in config else CLIP)(**parts)
        for name, parameter in model.named_parameters():
            if "embedding" in name:
                torch.nn.init.normal_(parameter, std=0.1)
    mean = [0.5, 0.5, 0.5]
    look = {"size": 32, "mean": mean, "std": mean, "interpolation": "bicubic", "resize_mode": "shortest"}
    text = json.dumps({"model_cfg": config, "preprocess_cfg": look})
    (folder / "open_clip_config.json").write_text(text)
    save_file({key: value.contiguous() for key, value in model.state_dict().items()}, folder / open_clip_file())
    return f"local-dir:{folder}"


def open_clip_file() -> str:
    """The name under which open_clip looks for weights in a folder."""
    return str(open_clip.constants.HF_SAFE_WEIGHTS_NAME)
