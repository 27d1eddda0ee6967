"""Weights of CLIP in the names of the `transformers` library, renamed as open_clip has them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from datamodules import reading

_BLOCK = re.compile(r"(text|vision)_model\.encoder\.layers\.(\d+)\.(.+)\.(weight|bias)")
_IN_BLOCK = {
    "layer_norm1": "ln_1", "layer_norm2": "ln_2", "self_attn.out_proj": "attn.out_proj", "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
}  # fmt: skip
_OTHERS = {
    "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
    "text_model.embeddings.position_embedding.weight": "positional_embedding",
    "vision_model.embeddings.class_embedding": "visual.class_embedding",
    "vision_model.embeddings.patch_embedding.weight": "visual.conv1.weight",
    "vision_model.embeddings.position_embedding.weight": "visual.positional_embedding",
    "text_projection.weight": "text_projection",
    "visual_projection.weight": "visual.proj",
}  # fmt: skip
_NORMS = {
    "text_model.final_layer_norm": "ln_final", "vision_model.pre_layrnorm": "visual.ln_pre",
    "vision_model.post_layernorm": "visual.ln_post",
}  # fmt: skip


def is_of_transformers(names: Mapping[str, Tensor]) -> bool:
    """Whether weights are named as in `transformers.CLIPModel`."""
    return any(name.startswith("text_model.encoder.") for name in names)


def renamed_for_open_clip(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a `CLIPModel` as those of open_clip's CLIP with ViT; names of other architectures stay.

    open_clip keeps queries, keys and values in one matrix, and both projections the other way round.
    """
    found: dict[str, Tensor] = {}
    for name, value in tensors.items():
        before, _, kind = name.rpartition(".")
        if name.endswith("position_ids"):
            continue
        if match := _BLOCK.fullmatch(name):
            tower, number, part, kind = match.groups()
            block = f"{'visual.' if tower == 'vision' else ''}transformer.resblocks.{number}"
            if part == "self_attn.q_proj":
                three = [tensors[name.replace("q_proj", own)] for own in ("q_proj", "k_proj", "v_proj")]
                found[f"{block}.attn.in_proj_{kind}"] = torch.cat(three)
            elif part not in ("self_attn.k_proj", "self_attn.v_proj"):
                found[f"{block}.{_IN_BLOCK.get(part, part)}.{kind}"] = value
        elif before in _NORMS:
            found[f"{_NORMS[before]}.{kind}"] = value
        else:
            found[_OTHERS.get(name, name)] = value.T if name.endswith("_projection.weight") else value
    return found


def quick_gelu_beside(path: Path) -> bool:
    """Whether `config.json` beside a file says QuickGELU, which is what OpenAI's CLIP was trained with."""
    try:
        config = json.loads(reading.read_text(path.parent / "config.json"))
        parts = [config, *(config.get(f"{tower}_config") or {} for tower in ("text", "vision"))]
        return any(part.get("hidden_act") == "quick_gelu" for part in parts)
    except (OSError, ValueError, AttributeError):
        return False


def advice_for(folder: Path) -> str:
    """How to name the weights of a folder of `transformers`; empty for another folder."""
    file = next((folder / own for own in ("model.safetensors", "pytorch_model.bin") if (folder / own).is_file()), None)
    if file is None or (folder / "open_clip_config.json").exists() or not (folder / "config.json").is_file():
        return ""
    try:
        vision = json.loads(reading.read_text(folder / "config.json"))["vision_config"]
        patch, pixels = vision.get("patch_size", 32), vision.get("image_size", 224)
        letter = {768: "B", 1024: "L", 1280: "H"}.get(vision.get("hidden_size", 768), "?")
        model = f"ViT-{letter}-{patch}{f'-{pixels}' if pixels != 224 else ''}"
    except (OSError, ValueError, KeyError, AttributeError):
        model = "NAME"
    return f"it is in the format of the transformers library; write {model}:{file}"
