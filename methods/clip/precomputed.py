"""A backbone of which only the outputs are there: features and text features from a file, no towers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from datamodules.dataset import Preprocess
from datamodules.encoded import Outputs
from methods.clip.backbone import Backbone
from methods.errors import UnsupportedError


class Precomputed(Backbone):
    """The frozen backbone behind a file of features: `encode_text` looks the class names up.

    What needs a tower raises UnsupportedError: encoding pictures or other texts, and learned prompts.
    """

    has_towers = False

    def __init__(self, outputs: Outputs) -> None:
        nn.Module.__init__(self)
        self.outputs, self.name, self.identity, self.scale = outputs, outputs.name, outputs.identity, outputs.scale
        self.precision = "fp32"
        self.preprocess = Preprocess(_no_pictures, 1, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), "bicubic")
        texts = torch.empty(0) if outputs.texts is None else torch.from_numpy(outputs.texts)
        self.register_buffer("texts", texts, persistent=False)

    texts: Tensor

    @property
    def device(self) -> torch.device:
        """Where the text features are."""
        return self.texts.device

    @property
    def embedding(self) -> int:
        """E, the width of features."""
        return self.outputs.width

    @torch.no_grad()
    def encode_images(self, pixels: Tensor) -> NoReturn:
        """There is no image tower. Raises UnsupportedError: always."""
        self._refuse("image tower")

    @torch.no_grad()
    def encode_text(self, texts: Sequence[str], unit: bool = True) -> Tensor:
        """The features [n, E] of class names, of unit length: with T templates, the unit mean of T unit features.

        With `unit=False`, as the text tower gave them; with several templates, their mean. Raises UnsupportedError: the
        file has no text features, or a text is no class name.
        """
        if self.outputs.texts is None:
            raise UnsupportedError(f"{self.name} has no text features: its file lacks text_features_raw")
        numbers = {name: number for number, name in enumerate(self.outputs.classes)}
        if foreign := [text for text in texts if text not in numbers]:
            self._refuse(f"text tower to encode {foreign[0]!r}")
        own = self.texts[:, torch.tensor([numbers[text] for text in texts], device=self.device)]
        return F.normalize(F.normalize(own, dim=-1).mean(0), dim=-1) if unit else own.mean(0)

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> Precomputed:
        nn.Module._apply(self, fn, recurse)
        return self

    def __getattr__(self, name: str) -> Any:
        if name in ("text", "model", "tokenizer"):
            self._refuse("text tower")
        return super().__getattr__(name)

    def _refuse(self, what: str) -> NoReturn:
        raise UnsupportedError(f"{self.name} is a file of features and has no {what}")


def _no_pictures(image: Any) -> NoReturn:
    raise UnsupportedError("a file of features has no image tower")
