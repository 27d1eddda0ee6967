"""Prompts in words, in the image, or in both."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import torch
from open_clip.transformer import QuickGELU
from torch import Tensor, nn

from datamodules.batches import Images
from methods.clip.image_tower import BLOCK, ImageTower
from methods.clip.prompt import Prompt
from methods.core.prompt import PromptMethod
from methods.core.replicas import PerRun
from methods.errors import MethodError


class ModalPrompt(PromptMethod):
    """A prompt whose `modality` is "text" (CoOp), "visual" (VPT, 2203.12119) or "multimodal" (UPT, 2210.07225).

    As in GRIP (2306.01669). Visual: 16 tokens [R, V, W] in the image tower, after the class token and before the first
    normalisation (VPT-shallow), drawn from a normal of std W^-0.5; the classes are named by the data set's template.
    Multimodal: 4 + 4 tokens that go through one transformer layer, 128 wide, on their way to the two towers, at a tenth
    of the learning rate. `n_ctx` changes these numbers. Images go through the tower in every step, and test accuracy is
    measured after the last epoch only.

    UPT lets all 8 tokens attend to each other, and so do we; GRIP's released code pairs the i-th of either side. The
    layer is CLIP's own block, as there: normalisation first, QuickGELU.
    """

    modality = "text"
    template_weights: Tensor

    @property
    def sees_images(self) -> bool:
        """Unless the prompt is in words alone."""
        return self.modality != "text"

    def build(self) -> None:
        """Draws what the modality needs."""
        if self.modality == "text":
            super().build()
            return
        self.register_buffer("template_weights", self.zero_shot(), persistent=False)
        if self.modality == "visual" and (self.csc or self.init or self.position != "end"):
            raise MethodError("csc, init and position are about words; visual prompts have none")
        task, visual = self.task, self.modality == "visual"
        self.tower = ImageTower.of(task.backbone)
        if not visual:
            self.n_ctx = self.n_ctx or 4
            super().build()
        shape = (self.n_ctx or 16, self.tower.width)
        draws = [_draw(shape, task.generator(r, "visual init"), visual, self.tower) for r in range(len(task.seeds))]
        self.visual_ctx = nn.Parameter(torch.stack(draws).to(task.backbone.device))
        if not visual:
            widths = task.backbone.width, self.tower.width
            copies = [UPTLayer(*widths, task.generator(r, "mixer")) for r in range(len(task.seeds))]
            self.mixer = PerRun(copies).to(task.backbone.device)

    def prompt(self) -> Prompt | None:
        """The words' part of the prompts."""
        plain = super().prompt() if self.modality != "visual" else None
        return plain if plain is None or self.modality == "text" else replace(plain, ctx=self.mixed()[0])

    def class_weights(self) -> Tensor:
        """The classifier [R, C, E]: that of the words' part, or of the template."""
        if self.modality == "visual":
            return self.template_weights.expand(len(self.task.seeds), -1, -1)
        return super().class_weights()

    def mixed(self) -> tuple[Tensor, Tensor]:
        """Multimodal prompts [R, N, D] and [R, V, W] on their way to the towers."""
        ctx, visual_ctx = self.mixer(self.ctx, self.visual_ctx)
        return ctx, visual_ctx

    def image_features(self, images: Images) -> Tensor:
        """Unit features [R, B, E], through the tuned image tower where the modality has one."""
        if self.modality == "text":
            return super().image_features(images)
        self.task.backbone.move_to(self.visual_ctx.device)
        return self.tower.encode(*images.pixels(), self.visual_prompts())

    @torch.no_grad()
    def pool_features(self, row: int, images: Tensor) -> Tensor:
        """Unit features [n, E] of images [n] of the pool, as replica `row` sees them."""
        if self.modality == "text":
            return self.data.pool()[images.to(self.data.device)]
        if not len(images):
            return self.data.pool()[:0]
        prompts = self.visual_prompts()[row : row + 1]
        blocks = (self.data.pixels(block) for block in images.split(BLOCK))
        return torch.cat(
            [self.tower.encode(b, torch.arange(len(b), device=b.device)[None], prompts)[0] for b in blocks]
        )

    def visual_prompts(self) -> Tensor:
        """What goes into the image tower [R, V, W]."""
        return self.visual_ctx if self.modality == "visual" else self.mixed()[1]

    def lr(self, epoch: int, step: int = 0, steps: int = 1) -> float:
        """Multimodal prompts learn at a tenth of the rate."""
        return super().lr(epoch, step, steps) / (10 if self.modality == "multimodal" else 1)


def _draw(shape: tuple[int, int], generator: torch.Generator, visual: bool, tower: ImageTower) -> Tensor:
    if visual:
        return torch.randn(shape, generator=generator) / sqrt(tower.width)
    bound = sqrt(6 / (3 * tower.patch**2 + tower.width))
    return bound * (2 * torch.rand(shape, generator=generator) - 1)


class UPTLayer(nn.Module):
    """UPT's layer: context [N, D] and visual tokens [V, W] exchange information at a width of 128."""

    def __init__(self, width: int, visual_width: int, generator: torch.Generator, inner: int = 128) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(generator.initial_seed())
            self.text_in, self.text_out = nn.Linear(width, inner), nn.Linear(inner, width)
            self.image_in, self.image_out = nn.Linear(visual_width, inner), nn.Linear(inner, visual_width)
            self.norm, self.attention = nn.LayerNorm(inner), nn.MultiheadAttention(inner, 1, batch_first=True)
            self.mlp_norm, self.up, self.down = (
                nn.LayerNorm(inner),
                nn.Linear(inner, 4 * inner),
                nn.Linear(4 * inner, inner),
            )
            self.activation = QuickGELU()

    def forward(self, ctx: Tensor, visual_ctx: Tensor) -> tuple[Tensor, Tensor]:
        """Context [N, D] and visual tokens [V, W] to what goes into the two towers, of the same shapes."""
        x = torch.cat([self.text_in(ctx), self.image_in(visual_ctx)])
        normed = self.norm(x)
        x = x + self.attention(normed, normed, normed, need_weights=False)[0]
        x = x + self.down(self.activation(self.up(self.mlp_norm(x))))
        return self.text_out(x[: len(ctx)]), self.image_out(x[len(ctx) :])
