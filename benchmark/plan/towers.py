"""Sizes of a backbone's two towers, read off open_clip's configurations; imports no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from datamodules import reading
from methods.clip.names import open_clip_folder, split_name

#: Tokens of a name after the context, full stop and EOT included, as ImageNet's and CoOp's data sets have them.
NAME_TOKENS = 3.6


@dataclass(frozen=True)
class Towers:
    """What one image costs, in FLOP of a forward pass, and the layers and width of the text tower and the embedding."""

    image_flop: float
    text_layers: int
    text_width: int
    embedding: int

    def text_flop(self, classes: int, context: int = 16) -> float:
        """FLOP of a forward and backward pass of so many names after one shared context, to the context."""
        tokens = 1 + context + NAME_TOKENS * classes
        return 48 * self.text_layers * self.text_width**2 * tokens


@cache
def towers(backbone: str) -> Towers | None:
    """The towers of `NAME/tag`, `NAME:/file` or `local-dir:/path`; None where planning cannot know them."""
    place, _ = split_name(backbone)
    kind, _, path = place.partition(":")
    if kind == "local-dir":
        file = Path(path).expanduser() / "open_clip_config.json"
    else:
        file = open_clip_folder() / "model_configs" / f"{kind.partition('/')[0]}.json"
    try:
        config = json.loads(reading.read_text(file))
        config = config.get("model_cfg", config)
        text = config["text_cfg"]
        flop = _image_flop(config["vision_cfg"])
        return Towers(flop, int(text["layers"]), int(text["width"]), int(config["embed_dim"]))
    except (OSError, ValueError, TypeError, KeyError):  # another library's tower, or no such model
        return None


def _image_flop(vision: Mapping[str, Any]) -> float:
    """FLOP of one image: two for each multiplication and addition."""
    size, width = int(vision["image_size"]), int(vision["width"])
    if isinstance(vision["layers"], list):
        # A bottleneck has 17 width^2 weights a place; the first of a stage works at twice the resolution.
        blocks, places = sum(vision["layers"]), (size / 4) ** 2
        pool = 4 * (32 * width) ** 2 * (size / 32) ** 2 / 2
        return 2 * ((17 * blocks + 127) * width**2 * places + 7 * width**2 * 4 * places + pool)
    patch = int(vision["patch_size"])
    tokens = (size // patch) ** 2 + 1
    layer = 24 * width**2 * tokens + 4 * width * tokens**2
    return int(vision["layers"]) * layer + 2 * 3 * patch**2 * width * tokens
