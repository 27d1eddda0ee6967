"""PromptSRC: deep prompts of both towers that are held near the frozen CLIP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import torch
from annotated_types import Ge, Gt, Le
from open_clip import OPENAI_IMAGENET_TEMPLATES
from torch import Tensor
from torch.nn.functional import normalize

from datamodules.batches import Batch
from methods.core.any_loss import AnyLoss
from methods.core.base import BaseMethod
from methods.core.deep import DeepPrompt

NAME = "PromptSRC"
FAMILY = "prompt"

#: The templates of which the frozen class weights are the mean.
TEMPLATES = 60


class Method(AnyLoss, DeepPrompt):
    """Cross-entropy on deep prompts of both towers with three constraints and an average; PromptSRC (2307.06948).

    Added to cross-entropy are `text_weight` times the mean |w - w'| of the class weights, `image_weight` times the mean
    |x - x'| of the image features and `logits_weight` times the mean over images and classes of p' (log p' - log p),
    where a prime marks the frozen CLIP on the same crop, with w' the mean text features of many templates. At the
    end the prompts of epoch e of E get the weight exp(-(e / E - `average_mean`)^2 / (2 `average_std`^2)), and their
    weighted mean is what is tested. `loss` replaces cross-entropy; `forget` leaves out images of that alone.

    Published: 4 + 4 tokens in 9 layers, independent in the two towers, the context from "a photo of a", weights 25, 10
    and 1 (our defaults), the first 60 of the 80 templates of OpenAI's ImageNet notebook, ViT-B/16, SGD lr 0.0025,
    batch 4; for few shots 50 epochs and a mean at epoch 30 with a deviation of 30 (0.6 and 0.6 of E, our defaults), or
    45 and 5 on Cars, Flowers, FGVC, DTD and EuroSAT. Optimiser, batch and epochs are those of the recipe here, and of
    `promptsrc` the released ones. The templates' features are averaged before they are of unit length, as there.
    """

    text_weight: Annotated[float, Ge(0)] = 25.0
    image_weight: Annotated[float, Ge(0)] = 10.0
    logits_weight: Annotated[float, Ge(0)] = 1.0
    average_mean: Annotated[float, Ge(0), Le(1)] = 0.6
    average_std: Annotated[float, Gt(0)] = 0.6

    remembered: ClassVar[tuple[str, ...]] = ("mean_ctx", "mean_deep_ctx", "mean_visual_ctx")

    teacher: Tensor

    def build(self) -> None:
        """Draws the prompts of both towers, those of the image tower [R, layers, V, W], and encodes the templates."""
        super().build()
        self.visual_ctx = self.drawn("visual ctx", self.image_layers, self.n_ctx, self.tower.width)
        names = [name.replace("_", " ") for name in self.task.classes]
        encoded = [
            self.task.backbone.encode_text([template(name) for name in names], unit=False)
            for template in OPENAI_IMAGENET_TEMPLATES[:TEMPLATES]
        ]
        self._keep(teacher=normalize(torch.stack(encoded).mean(0), dim=-1))

    def image_prompts(self) -> Sequence[Tensor]:
        """The image tower's prompts [R, V, W], one for each layer."""
        return self.visual_ctx.unbind(1)

    def total_loss(self, batch: Batch, weights: Tensor) -> Tensor:
        """The mean loss and the three constraints [R]."""
        features = self.image_features(batch)
        logits = self.logits(features, weights)
        frozen = self.logits(batch.features, self.teacher.expand_as(weights))
        p, log_p = (self.select_train_classes(one).float().log_softmax(-1) for one in (frozen, logits))
        held = self.logits_weight * (p.exp() * (p - log_p)).mean(-1)
        held = held + self.image_weight * (features - batch.features).abs().mean(-1)
        texts = self.text_weight * (weights - self.teacher).abs().mean((1, 2))
        each = self.loss_per_image(self.select_train_classes(logits), self.renumbered(batch))
        self.record_step(logits, each)
        constraints = BaseMethod.mean_per_run(self, held, batch) + torch.where(batch.active, texts, 0)
        return self.mean_per_run(each, batch) + constraints

    @torch.no_grad()
    def end_epoch(self) -> None:
        """Adds the epoch's prompts to the weighted mean, which takes their place after the last epoch."""
        share = self.average_weights()[self.current_epoch]
        for name, prompts in self.named_parameters():
            mean = share * prompts + (getattr(self, f"mean_{name}") if self.current_epoch else 0)
            setattr(self, f"mean_{name}", mean)
            if self.current_epoch + 1 == self.total_epochs:
                prompts.copy_(mean)

    def average_weights(self) -> Tensor:
        """The weights [epochs] of the epochs in the mean; they sum to 1."""
        e = torch.arange(1, self.total_epochs + 1) / self.total_epochs
        return (-0.5 * ((e - self.average_mean) / self.average_std) ** 2).softmax(0)
