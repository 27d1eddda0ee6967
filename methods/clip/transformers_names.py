"""Weights of CLIP in the names of the `transformers` library, renamed as open_clip has them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from datamodules import reading

_NAMES = {
    "text_model.encoder.layers": "transformer.resblocks", "vision_model.encoder.layers": "visual.transformer.resblocks",
    "self_attn.out_proj": "attn.out_proj", "layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj", "text_model.final_layer_norm": "ln_final", "vision_model.pre_layrnorm": "visual.ln_pre",
    "vision_model.post_layernorm": "visual.ln_post", "position_embedding.weight": "positional_embedding",
    "text_model.embeddings.": "", "vision_model.embeddings.patch_embedding": "visual.conv1",
    "vision_model.embeddings.": "visual.", "text_projection.weight": "text_projection",
    "visual_projection.weight": "visual.proj",
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
        if name.endswith("position_ids") or ".self_attn.k_proj." in name or ".self_attn.v_proj." in name:
            continue
        own, kept = name, value.T if name.endswith("_projection.weight") else value
        if ".self_attn.q_proj." in name:
            kept = torch.cat([tensors[name.replace("q_proj", part)] for part in ("q_proj", "k_proj", "v_proj")])
            own = name.replace("self_attn.q_proj.", "attn.in_proj_")
        for theirs, ours in _NAMES.items():
            own = own.replace(theirs, ours)
        found[own] = kept
    return found


def quick_gelu_beside(path: Path) -> bool:
    """Whether `config.json` beside a file says QuickGELU, which is what OpenAI's CLIP was trained with."""
    try:
        return '"quick_gelu"' in json.dumps(json.loads(reading.read_text(path.parent / "config.json")))
    except (OSError, ValueError):
        return False


def advice_for(folder: Path) -> str:
    """How to name the weights of a folder of `transformers`; empty for another folder."""
    file = next((folder / own for own in ("model.safetensors", "pytorch_model.bin") if (folder / own).is_file()), None)
    if file is None or (folder / "open_clip_config.json").exists():
        return ""
    return f"it is in the format of the transformers library; name open_clip's model and the file, ViT-B-16:{file}, say"
