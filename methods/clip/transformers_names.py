"""Weights of CLIP in the names of the `transformers` library, renamed as open_clip has them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from datamodules import reading

#: What is known of files of weights.
KNOWN: dict[str, Any] = reading.facts_beside(Path(__file__).with_name("checkpoint.py"))


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
        for theirs, ours in KNOWN["transformers"].items():
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
    """How to name the weights of a folder of `transformers`, or of an adapter to such; empty for another folder."""
    if (folder / "adapter_config.json").exists():
        return merging(folder)
    file = next((folder / own for own in KNOWN["files"] if (folder / own).is_file()), None)
    if file is None or (folder / "open_clip_config.json").exists():
        return ""
    return f"it is in the format of the transformers library; name open_clip's model and the file, ViT-B-16:{file}, say"


def merging(folder: Path) -> str:
    """How to merge an adapter, which has the weights of low rank alone, into the model that it changes."""
    base = "BASE"
    with suppress(OSError, ValueError, KeyError, TypeError):
        base = json.loads(reading.read_text(folder / "adapter_config.json"))["base_model_name_or_path"]
    return str(KNOWN["adapter"].format(folder=folder, base=base))
