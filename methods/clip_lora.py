"""CLIP-LoRA: low-rank updates of the attention in both towers."""

from __future__ import annotations

from functools import partial
from math import sqrt
from typing import Annotated, ClassVar

import torch
from annotated_types import Ge, Gt, Lt
from torch import Tensor, nn

from datamodules.batches import Images
from methods.clip.changed_blocks import plain_blocks, with_attention_updates
from methods.clip.image_tower import ImageTower
from methods.clip.text_tower import autocast
from methods.core.any_loss import AnyLoss
from methods.core.base import BaseMethod
from methods.errors import UnsupportedError

NAME = "CLIP-LoRA"
FAMILY = "fine-tuning"


class Method(AnyLoss, BaseMethod):
    """Cross-entropy on rank-2 updates of all queries, keys and values of both towers; CLIP-LoRA (2405.18541).

    In every block W x becomes W x + (alpha / sqrt(rank)) B A x for W one of the three matrices, with A drawn as
    `torch.nn.Linear` does and B zero at first, and in training an x of which the share `dropout` is dropped. The
    classes are named by the data set's template. Published: rank 2, alpha 1, dropout 0.25 (our defaults), AdamW lr 2e-4
    with weight decay 0.01, batch 32, 500 steps for each shot; here optimiser, batch and epochs are those of the recipe.
    The division by the root of the rank is that of the released code; the paper divides by the rank.

    It needs a vision transformer. Images go through the tower in every step, and test accuracy is measured after the
    last epoch only.
    """

    inputs: ClassVar[str] = "images"
    rank: Annotated[int, Ge(1)] = 2
    alpha: Annotated[float, Gt(0)] = 1.0
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.25

    down_text: Tensor
    up_text: Tensor
    down_image: Tensor
    up_image: Tensor
    ids: Tensor
    eot: Tensor

    def build(self) -> None:
        """Draws A [R, layers, 3, rank, D] of both towers, and starts B [R, layers, 3, D, rank] at zero.

        Raises UnsupportedError: a tower that is no transformer of open_clip's plain blocks.
        """
        task = self.task
        self.tower = ImageTower.of(task.backbone, "updates of the image tower")
        transformers = {"text": task.backbone.text.transformer, "image": self.tower.visual.transformer}
        for tower, transformer in transformers.items():
            if not plain_blocks(transformer):
                raise UnsupportedError(
                    f"clip_lora changes the attention of plain transformer blocks, and the {tower} tower of"
                    f" {task.backbone.name} has others; use one of OpenAI's or open_clip's plain ViTs"
                )
            layers, width = len(transformer.resblocks), transformer.resblocks[0].attn.embed_dim
            drawn = task.uniform(f"init {tower}", layers, 3, self.rank, width)
            down = (drawn / sqrt(width)).to(task.backbone.device)
            self.register_parameter(f"down_{tower}", nn.Parameter(down))
            self.register_parameter(f"up_{tower}", nn.Parameter(torch.zeros_like(down.mT).contiguous()))
        texts = [task.template.format(name.replace("_", " ")) for name in task.classes]
        ids = task.backbone.tokenizer(texts)
        eot = (ids == task.backbone.tokenizer.eot_token_id).int().argmax(-1)
        length = int(eot.max()) + 1 if task.backbone.text.causal else ids.shape[1]
        self._keep(ids=ids[:, :length].to(task.backbone.device), eot=eot.to(task.backbone.device))

    @property
    def step(self) -> int:
        """The step of the epoch, from 0, by which dropout is drawn."""
        return int(self.trainer.fit_loop.batch_idx)

    def class_weights(self) -> Tensor:
        """Text features [R, C, E] of the template's prompts by every run's tower."""
        backbone = self.task.backbone
        backbone.move_to(self.down_text.device)
        tower, tokens = backbone.text, backbone.text.token_embedding(self.ids)
        blocks = with_attention_updates(tower.transformer, partial(self.update, "text"))
        with autocast(tokens.device, tower.bf16):
            return tower.project(tower.hidden(tokens.expand(len(self.task.seeds), -1, -1, -1), self.eot, blocks))

    def image_features(self, images: Images) -> Tensor:
        """Unit features [R, B, E] by every run's tower."""
        self.task.backbone.move_to(self.down_image.device)
        blocks = with_attention_updates(self.tower.visual.transformer, partial(self.update, "image"))
        none = self.down_image.new_empty(len(self.task.seeds), 0, self.tower.width)
        return self.tower.encode(*images.pixels(), none, blocks)

    def update(self, tower: str, block: int, x: Tensor) -> Tensor:
        """What is added to queries, keys and values [R, n, L, 3 D] of a block, from its input [R, n, L, D]."""
        down, up = (self.get_parameter(f"{way}_{tower}")[:, block] for way in ("down", "up"))
        parts = []
        for part in range(3):
            used = self.dropped(x, f"{tower} {block} {part}").flatten(1, 2)
            parts.append((used @ down[:, part].mT) @ up[:, part].mT)
        return self.alpha / sqrt(self.rank) * torch.cat(parts, dim=-1).view(*x.shape[:-1], -1)

    def dropped(self, x: Tensor, purpose: str) -> Tensor:
        """Dropout of x [R, ...] in training; each run draws by its seed, the epoch, the step and the purpose."""
        if not (self.dropout and self.training and torch.is_grad_enabled()):
            return x
        kept = []
        for row in range(len(x)):
            seed = self.task.generator(row, f"dropout {self.current_epoch} {self.step} {purpose}").initial_seed()
            generator = torch.Generator(x.device).manual_seed(seed)
            kept.append(torch.rand(x.shape[1:], generator=generator, device=x.device) >= self.dropout)
        return x * torch.stack(kept) / (1 - self.dropout)
