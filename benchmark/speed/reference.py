"""CoOp as its paper describes it (2109.01134): one run at a time, 77 tokens per class, images encoded at every step.

What the suite is timed against. Of the suite it shares the draws alone: images, wrong labels, crops, order, start.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from datamodules.dataset import Dataset, Labels
from datamodules.features.crops import Crop, draws
from datamodules.features.inputs import crops_of, to_pixels
from datamodules.seeds import rng
from methods.clip.backbone import Backbone
from methods.clip.text_tower import autocast
from methods.recipes import Recipe


class ReferenceRun:
    """One run with a shared context before the names; `ctx` [N, D] is where it starts."""

    def __init__(self, backbone: Backbone, classes: tuple[str, ...], ctx: Tensor, recipe: Recipe) -> None:
        self.backbone, self.model, self.recipe = backbone, backbone.model, recipe
        placeholder = " ".join(["X"] * len(ctx))
        texts = [f"{placeholder} {name.replace('_', ' ')}." for name in classes]
        tokens = backbone.tokenizer(texts).to(ctx.device)
        embedded = self.model.token_embedding(tokens).detach()
        self.before, self.after = embedded[:, :1], embedded[:, 1 + len(ctx) :]
        self.end = tokens.argmax(dim=-1)
        self.ctx = ctx.detach().clone().requires_grad_()
        self.optimizer = torch.optim.SGD(
            [self.ctx], lr=recipe.lr, momentum=recipe.momentum, weight_decay=recipe.weight_decay
        )

    def class_weights(self) -> Tensor:
        """The unit text features [C, E] of "ctx NAME.", each prompt padded to the tower's full length."""
        ctx = self.ctx.to(self.before.dtype).expand(len(self.before), -1, -1)
        x = torch.cat([self.before, ctx, self.after], dim=1)
        x = x + self.model.positional_embedding.to(x.dtype)
        with autocast(x.device, self.backbone.precision == "bf16"):
            x = self.model.transformer(x, attn_mask=self.model.attn_mask)
            x = self.model.ln_final(x)[torch.arange(len(x), device=x.device), self.end] @ self.model.text_projection
        return F.normalize(x.float(), dim=-1)

    @torch.no_grad()
    def features(self, pixels: Tensor) -> Tensor:
        """The unit image features [B, E] of pixels [B, 3, S, S]."""
        return self.backbone.encode_images(pixels)

    def step(self, pixels: Tensor, labels: Tensor) -> None:
        """One update on pixels [B, 3, S, S] with given labels [B]."""
        logits = self.model.logit_scale.exp().float() * self.features(pixels) @ self.class_weights().T
        loss = F.cross_entropy(logits, labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()

    def train(self, dataset: Dataset, images: Labels, labels: Labels, seed: int, epochs: int) -> None:
        """The whole training on the images [n] of the training split, with these (possibly noisy) labels [n]."""
        told = torch.from_numpy(labels).to(self.ctx.device)
        for epoch in range(epochs):
            lr = self.recipe.lr * (1 + math.cos(math.pi * (epoch - 1) / epochs)) / 2
            self.optimizer.param_groups[0]["lr"] = self.recipe.warmup_lr if epoch == 0 else lr
            order = rng(seed, "order", epoch).permutation(len(images))
            size = self.recipe.batch_of(len(order))
            batches = [order[first : first + size] for first in range(0, len(order) - size + 1, size)] or [order]
            for batch in batches:
                self.step(self._crops(dataset, images[batch], seed, epoch), told[torch.from_numpy(batch)])

    @torch.no_grad()
    def test(self, dataset: Dataset) -> float:
        """Accuracy on the test split, 0 to 1; its images are encoded once, at the end."""
        weights, right = self.class_weights(), 0
        numbers = np.arange(len(dataset.test.labels))
        for batch in np.array_split(numbers, math.ceil(len(numbers) / 64)):
            pixels = torch.stack([self.backbone.preprocess(dataset.test.images[int(i)]) for i in batch])
            predicted = (self.features(pixels) @ weights.T).argmax(-1).cpu().numpy()
            right += int((predicted == dataset.test.labels[batch]).sum())
        return right / len(numbers)

    def _crops(self, dataset: Dataset, images: Labels, seed: int, epoch: int) -> Tensor:
        pictures = [to_pixels(dataset.train.images[int(image)]) for image in images]
        numbers = draws(images, seed, epoch + 1)[epoch:]
        crop = Crop(self.recipe.crop, flip=self.recipe.flip)
        return crops_of(pictures, numbers, crop, self.backbone.preprocess, self.ctx.device)[0]
