"""Tip-Adapter: a cache of the training images beside zero-shot CLIP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import torch
from annotated_types import Ge
from torch import Tensor
from torch.nn.functional import one_hot

from methods.core.any_loss import AnyLoss
from methods.core.base import BaseMethod
from methods.core.memory import AT_ONCE, MemoryMethod

NAME = "Tip-Adapter"
FAMILY = "adapter"


class Method(AnyLoss, MemoryMethod):
    """Zero-shot CLIP plus a cache of the training images with their given labels; Tip-Adapter (2207.09519).

    Logits are s W f + alpha sum_i exp(-beta (1 - k_i . f)) onehot(y_i) for the unit feature f, with s CLIP's scale, W
    the text features and k_i, y_i the training images' features and labels: wrong labels stay in the cache as they
    are. `finetune` learns the keys k_i from there (Tip-Adapter-F), with any `loss`. Published: alpha 1, beta 5.5, keys
    tuned by AdamW at 0.001, a cosine by step, for 20 epochs in batches of 256: recipe `tip_adapter`.

    Here alpha and beta stay at these values. The released code begins at others by data set, searches both on the
    validation split, in earlier versions on the test split, and keeps the epoch that is best on the test images. Its
    keys are means of ten augmented views, ours the feature of the plain image; as there, keys do not stay of unit
    length.
    """

    finetune: bool = False
    alpha: Annotated[float, Ge(0)] = 1.0
    beta: Annotated[float, Ge(0)] = 5.5

    paradigms: ClassVar[tuple[str, ...]] = ("fewshot", "ssl")
    class_weights = BaseMethod.class_weights
    learned_keys: torch.nn.Parameter

    def build(self) -> None:
        """Makes room for the cache; its size is known when training starts."""
        super().build()
        self._keep(texts=self.zero_shot())
        if self.finetune:
            self.learned_keys = torch.nn.Parameter(self.texts.new_empty(len(self.task.seeds), 0, 1))

    def start_training(self) -> None:
        """Fills the cache, and starts the tuned keys [R, N, E] at the training images' features."""
        super().start_training()
        if self.finetune:
            self.learned_keys = torch.nn.Parameter(self.keys.clone())

    def logits(self, features: Tensor, weights: Tensor) -> Tensor:
        """Zero-shot logits plus the cache's [R, B, C]."""
        keys = self.learned_keys if self.finetune else self.keys
        values = one_hot(self.targets + 1, len(self.task.classes) + 1)[..., 1:].to(features.dtype)
        size = max(1, AT_ONCE // max(1, values.shape[0] * values.shape[1]))
        cached = [
            (self.beta * (block @ keys.transpose(-1, -2) - 1)).exp() @ values for block in features.split(size, dim=1)
        ]
        return super().logits(features, weights) + self.alpha * torch.cat(cached, dim=1)

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *rest: Any) -> None:
        """Makes room for as many tuned keys as a checkpoint has."""
        if self.finetune and (kept := state_dict.get(prefix + "learned_keys")) is not None:
            self.learned_keys.data = torch.empty_like(kept, device=self.learned_keys.device)
        super()._load_from_state_dict(state_dict, prefix, *rest)
