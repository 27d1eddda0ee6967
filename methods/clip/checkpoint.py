"""Files of weights as people have them: read as tensors alone, whatever is wrapped around them."""

from __future__ import annotations

import json
import logging
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from open_clip import convert
from open_clip.factory import resize_pos_embed, resize_text_pos_embed
from open_clip.model import convert_to_custom_text_state_dict
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from datamodules import reading
from datamodules.notices import say_once
from methods.clip.torch_archive import OPENAI, is_torchscript, read_archive, tensors_of
from methods.clip.transformers_names import KNOWN, is_of_transformers, merging, quick_gelu_beside, renamed_for_open_clip
from methods.errors import BackboneError

#: A buffer that older text towers of the transformers library hold.
_POSITIONS = "text.transformer.embeddings.position_ids"
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkpoint:
    """Tensors by name, and whether they were trained with QuickGELU, as OpenAI's were."""

    tensors: dict[str, Tensor]
    is_openai: bool


def read_checkpoint(path: Path) -> Checkpoint:
    """Reads safetensors, a file of `torch.save`, or the tensors of a TorchScript archive; no code of theirs is run.

    A dictionary around the tensors, the prefixes of wrappers, and OpenAI's three integers are taken off; smoothed
    weights go before others; the names of a `transformers.CLIPModel` become open_clip's. Raises BackboneError: no
    tensors, those of an adapter or a shard, or those of a model of `transformers` that open_clip does not have.
    """
    content = unwrapped(read_saved(path), str(path))
    tensors = {name: value for name, value in content.items() if isinstance(value, Tensor)} if _named(content) else {}
    if not tensors:
        raise BackboneError("cannot be loaded: there are no tensors of weights in it")
    if any("lora_" in name for name in tensors):
        raise BackboneError(f"cannot be loaded: {merging(path.parent)}")
    if shard := re.search(r"-\d{5}-of-(\d{5})\.", path.name):
        raise BackboneError(f"cannot be loaded: it is one of {int(shard[1])} files; name the .index.json beside it")
    tensors = _without_prefixes(tensors, str(path))
    is_openai = all(name in content or name in tensors for name in OPENAI)
    if is_of_transformers(tensors):
        if not {"text_projection.weight", "visual_projection.weight"} <= tensors.keys():
            raise BackboneError(
                "cannot be loaded: its names are those of the transformers library; as it is no CLIPModel, name the"
                " same weights as open_clip does, NAME/tag, or use features:FILE (docs/features.md)"
            )
        tensors, is_openai = renamed_for_open_clip(tensors), quick_gelu_beside(path)
    beside = (*OPENAI, *(name for name in tensors if name.endswith("attn_mask")))  # which models make anew
    return Checkpoint({name: value for name, value in tensors.items() if name not in beside}, is_openai)


def read_saved(path: Path) -> Any:
    """What a file of weights holds, read so that nothing in it is run.

    Raises BackboneError: it names what no file of weights needs. Raises UnpicklingError: it is none that torch writes.
    """
    if path.name.endswith(".index.json"):
        files = {Path(file).name for file in json.loads(reading.read_text(path, reading.RECORD))["weight_map"].values()}
        return {name: value for file in sorted(files) for name, value in read_saved(path.parent / file).items()}
    if path.suffix == ".safetensors":
        return load_file(path)
    if is_torchscript(path):
        return dict(tensors_of(read_archive(path)))
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError:  # optimisers, schedules and settings lie beside the weights
        if not zipfile.is_zipfile(path):
            raise
        return read_archive(path)


def unwrapped(content: Any, where: str) -> Any:
    """What a training program has put into dictionaries, smoothed weights where there are some, which is said."""
    for name in (*KNOWN["smoothed"], *KNOWN["wrappers"], *KNOWN["smoothed"]):
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
            if name in KNOWN["smoothed"]:
                say_once(logger, f"{where}: of its weights the smoothed ones are taken, {name!r}")
    return content


def damage(error: Exception) -> str:
    """What is said of a file of weights that its reader found cut short or damaged; empty for any other error."""
    text = str(error)
    if isinstance(error, SafetensorError | EOFError | zipfile.BadZipFile) or any(
        sign in text for sign in KNOWN["damage"]
    ):
        return "its file is cut short or damaged; copy or download it again"
    return ""


def load_into(model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Gives a model of open_clip's its weights, all of them, as its `load_checkpoint` does from a file.

    Positions are resized where lengths differ, and a bias that a model has and its weights lack is 0. Raises
    RuntimeError: names or shapes are those of another architecture.
    """
    state = convert.convert_state_dict(model, dict(tensors))
    if "positional_embedding" in state and not hasattr(model, "positional_embedding"):
        state = convert_to_custom_text_state_dict(state)
    if "logit_bias" not in state and getattr(model, "logit_bias", None) is not None:
        state["logit_bias"] = torch.zeros_like(state["logit_scale"])
    if _POSITIONS in state and _POSITIONS not in model.state_dict():
        del state[_POSITIONS]
    for name in ("logit_scale", "logit_bias"):
        own = getattr(model, name, None)
        if name in state and own is not None:
            state[name] = state[name].reshape(own.shape)
    resize_pos_embed(state, model)
    resize_text_pos_embed(state, model)
    model.load_state_dict(state)


def _named(content: Any) -> bool:
    return isinstance(content, Mapping) and all(isinstance(name, str) for name in content)


def _without_prefixes(tensors: dict[str, Tensor], where: str) -> dict[str, Tensor]:
    """The weights of the model in what holds it, by their names in the model: those that stand where its scale does."""
    scales = sorted((name for name in tensors if name.endswith("logit_scale")), key=lambda n: ("ema" not in n, len(n)))
    before = scales[0].removesuffix("logit_scale") if scales else ""
    if len(scales) > 1:
        say_once(logger, f"{where}: of {len(scales)} models in it, {before!r} is taken")
    for prefix in (before,) if before else tuple(KNOWN["prefixes"]) * 2:
        if before or all(name.startswith(prefix) or name in OPENAI for name in tensors):
            own = (name for name in tensors if name.startswith(prefix) or name in OPENAI)
            tensors = {name.removeprefix(prefix): tensors[name] for name in own}
    return tensors
