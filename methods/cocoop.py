"""CoCoOp: contexts that depend on the image."""

from __future__ import annotations

from functools import partial
from math import sqrt

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from methods.clip.prompt import Prompt
from methods.coop import PromptMethod
from methods.core.any_loss import AnyLoss
from methods.errors import MethodError

NAME = "CoCoOp"
FAMILY = "prompt"

#: The numbers that prompts which pass through the text tower at once may keep for the way back: 1 GiB.
KEPT = 2**28


class Method(AnyLoss, PromptMethod):
    """Cross-entropy on a context that is shifted by a token computed from the image; CoCoOp (2203.05557).

    ctx_n(x) = ctx_n + W2 relu(W1 x + b1) + b2, with x the unit feature of the image [E], the layer between E / 16 wide:
    every image has its own classifier. Published: 4 tokens that start at "a photo of a", SGD lr 0.002, batch 1, 10
    epochs; here batch and epochs are those of the recipe.

    An image costs a pass of the text tower over all C classes: a step takes B times as long as one of CoOp. Images go
    through a few at a time and are computed again on the way back, so that memory does not grow with the batch. Test
    accuracy is measured after the last epoch only. `csc` is refused.

    The class weights [R, C, E] that are exported are those of the contexts without an image's token.
    """

    init: str = "a photo of a"

    w1: Tensor
    b1: Tensor
    w2: Tensor
    b2: Tensor

    @property
    def sees_images(self) -> bool:
        """An evaluation encodes every prompt for every image."""
        return True

    def build(self) -> None:
        """Draws the two layers as `torch.nn.Linear` does: uniform in +- 1 / sqrt(inputs).

        Raises MethodError: contexts for each class.
        """
        if self.csc:
            raise MethodError("cocoop gives each image its own context; csc, one for each class, is not for it")
        super().build()
        task, (features, width) = self.task, (self.zero_shot().shape[-1], self.task.backbone.width)
        inner = max(1, features // 16)
        for name, shape, inputs in (
            ("w1", (features, inner), features),
            ("b1", (inner,), features),
            ("w2", (inner, width), inner),
            ("b2", (width,), inner),
        ):
            values = task.uniform(f"init {name}", *shape) / sqrt(inputs)
            self.register_parameter(name, nn.Parameter(values.to(task.backbone.device)))

        tower = task.backbone.text
        each = 16 * self.layout.slots.numel() * width * len(tower.transformer.resblocks)
        self.images_at_once = max(1, KEPT // (len(task.seeds) * each))

    def class_weights(self) -> Tensor:
        """The class weights [R, C, E] of the contexts without an image's token, for export: training has its own."""
        with torch.no_grad():
            return self.task.backbone.encode_prompts(self.ctx, self.layout)

    def prompt(self) -> Prompt | None:
        """None: there is a prompt for every image."""
        return None

    def logits(self, features: Tensor, weights: Tensor) -> Tensor:
        """Unit features [R or 1, B, E] to logits [R, B, C] by each image's own classifier; `weights` do not matter."""
        features = features.expand(len(self.ctx), -1, -1)
        parts = features.split(self.images_at_once, dim=1)
        if torch.is_grad_enabled():
            encode = partial(checkpoint, self._logits, use_reentrant=False, preserve_rng_state=False)
            return torch.cat([encode(part) for part in parts], dim=1)
        return torch.cat([self._logits(part) for part in parts], dim=1)

    def shifted(self, features: Tensor) -> Tensor:
        """The contexts [R, B, N, D] of images with unit features [R, B, E]."""
        hidden = torch.relu(features @ self.w1 + self.b1[:, None])
        return self.ctx[:, None] + (hidden @ self.w2 + self.b2[:, None])[:, :, None]

    def _logits(self, features: Tensor) -> Tensor:
        ctx = self.shifted(features)
        weights = self.task.backbone.encode_prompts(ctx.flatten(0, 1), self.layout)
        weights = weights.unflatten(0, ctx.shape[:2])
        logits: Tensor = self.task.backbone.scale * (weights @ features.unsqueeze(-1)).squeeze(-1)
        return logits
