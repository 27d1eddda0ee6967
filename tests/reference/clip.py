"""CLIP and CoOp as they are written down: every prompt padded to the full length, every image encoded at every step."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from open_clip.model import CLIP
from torch import Tensor
from torchvision.transforms import functional as pictures

from datamodules.dataset import Dataset
from datamodules.features.crops import Crop, boxes, draws
from datamodules.seeds import rng
from tests.support import toy

BICUBIC = pictures.InterpolationMode.BICUBIC


def in_batches(generator: np.random.Generator, places: list[int]) -> list[list[int]]:
    """The places shuffled, in full batches, or in one smaller batch if that is all there is."""
    order = [places[i] for i in generator.permutation(len(places))]
    size = toy.RECIPE.batch
    return [order[i : i + size] for i in range(0, len(order) - size + 1, size)] or ([order] if order else [])


class PlainRun:
    """One run of CoOp on the toy data set: a context, `torch.optim.SGD`, and nothing cached."""

    def __init__(self, seed: int, ctx: Tensor, epochs: int, dataset: Dataset) -> None:
        self.seed, self.epochs, self.dataset = seed, epochs, dataset
        self.model: CLIP = toy.tiny_clip().model
        self.tokenizer = toy.tiny_clip().tokenizer
        self.restart(ctx)

    def restart(self, ctx: Tensor) -> None:
        """Starts from a context, with fresh momentum."""
        self.ctx = ctx.clone().requires_grad_()
        recipe = toy.RECIPE
        self.optimizer = torch.optim.SGD([self.ctx], lr=1.0, momentum=recipe.momentum, weight_decay=recipe.weight_decay)

    def class_weights(self) -> Tensor:
        """Unit text features [C, E] of "ctx NAME."."""
        features = []
        for name in self.dataset.classes:
            placeholder = " ".join(["X"] * len(self.ctx))
            tokens = self.tokenizer([f"{placeholder} {name}."])[0]
            embedded = self.model.token_embedding(tokens)
            embedded = torch.cat([embedded[:1], self.ctx, embedded[1 + len(self.ctx) :]])
            hidden = self.model.transformer(
                (embedded + self.model.positional_embedding)[None], attn_mask=self.model.attn_mask
            )
            end = int(tokens.argmax())
            features.append(self.model.ln_final(hidden[0])[end] @ self.model.text_projection)
        return F.normalize(torch.stack(features), dim=-1)

    def logits(self, pixels: Tensor, weights: Tensor | None = None) -> Tensor:
        """CLIP's scaled similarities [B, C] of images with the prompts, or with given class weights."""
        features = F.normalize(self.model.encode_image(pixels), dim=-1)
        return self.model.logit_scale.exp() * features @ (self.class_weights() if weights is None else weights).T

    def zero_shot(self, unit: bool = True) -> Tensor:
        """Unit text features [C, E] of the data set's template, or as long as the tower makes them."""
        texts = [self.dataset.template.replace("{}", name) for name in self.dataset.classes]
        features = torch.stack([self.model.encode_text(self.tokenizer([text]))[0] for text in texts])
        return F.normalize(features, dim=-1) if unit else features

    def plain(self, images: list[int]) -> Tensor:
        """Pixels [n, 3, H, W] of training images under the test transform."""
        return torch.stack([toy.tiny_clip().preprocess(self.dataset.train.images[i]) for i in images])

    def views(self, images: list[int], epoch: int) -> Tensor:
        """Pixels [n, 3, H, W] of the crops that training images have in an epoch."""
        out = []
        for i in images:
            picture = pictures.pil_to_tensor(self.dataset.train.images[i]).float()
            crop, numbers = Crop(toy.RECIPE.crop, flip=False), draws(np.array([i]), self.seed, epoch + 1)[epoch]
            top, left, height, width, _ = boxes(np.array([picture.shape[1:]]), numbers, crop)[0].tolist()
            cut = pictures.resized_crop(picture, top, left, height, width, [32, 32], BICUBIC, antialias=True)
            out.append((cut.clamp(0, 255) / 255 - 0.5) / 0.5)
        return torch.stack(out)

    def batches(self, n: int, epoch: int) -> list[list[int]]:
        """Places 0 ... n - 1 in the epoch's order, in full batches, or in one smaller one if that is all there is."""
        return in_batches(rng(self.seed, "order", epoch), list(range(n)))

    def start_epoch(self, epoch: int) -> None:
        """CoOp's schedule: a constant first epoch, then a cosine."""
        lr = 1e-5 if epoch == 0 else toy.RECIPE.lr * 0.5 * (1 + math.cos(math.pi * (epoch - 1) / self.epochs))
        self.optimizer.param_groups[0]["lr"] = lr

    def step(self, loss: Tensor) -> None:
        """One update."""
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
