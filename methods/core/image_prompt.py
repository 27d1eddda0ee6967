"""Prompt tokens in the image tower, alone or joined with those of the text tower."""

from __future__ import annotations

from math import sqrt

import torch
from open_clip.transformer import QuickGELU, ResidualAttentionBlock
from torch import Tensor, nn

from datamodules.batches import Images
from datamodules.datamodule import NoisyFewShot
from methods.clip.image_tower import BLOCK, ImageTower
from methods.core.per_run import PerRun
from methods.core.task import Task


class ImagePrompt(nn.Module):
    """Tokens [R, V, W] in the image tower, after the class token and before the first normalisation.

    Alone they are those of VPT-shallow (2203.12119), drawn from a normal of std W^-0.5. `joined`, a text context and
    they go through one transformer layer, 128 wide, on their way to the two towers, as in UPT (2210.07225). UPT lets
    all tokens attend to each other, and so do we; GRIP's released code (2306.01669) pairs the i-th of either side. The
    layer is CLIP's own block, as there: normalisation first, QuickGELU. Images go through the tower in every step.
    Raises UnsupportedError: an image tower that is no vision transformer.
    """

    def __init__(self, task: Task, tokens: int, joined: bool = False) -> None:
        super().__init__()
        self.frozen = (task.backbone,)  # a tuple, since the weights of a child would count as learned
        self.tower = ImageTower.of(task.backbone)
        width, device = self.tower.width, task.backbone.device
        self.mixer: PerRun | None = None
        if joined:
            drawn = sqrt(6 / (3 * self.tower.patch**2 + width)) * task.uniform("visual init", tokens, width)
            generators = [task.generator(r, "mixer") for r in range(len(task.seeds))]
            self.mixer = PerRun([UPTLayer(task.backbone.width, width, own) for own in generators]).to(device)
        else:
            drawn = task.normal("visual init", tokens, width) / sqrt(width)
        self.tokens = nn.Parameter(drawn.to(device))

    def joined(self, ctx: Tensor) -> tuple[Tensor, Tensor]:
        """What a context [R, N, D] and the tokens become, [R, N, D] and [R, V, W], on their way to the towers."""
        assert self.mixer is not None
        text, image = self.mixer(ctx, self.tokens)
        return text, image

    def at_tower(self, ctx: Tensor | None = None) -> Tensor:
        """What goes into the image tower [R, V, W]; joined with a context [R, N, D], if there is one."""
        return self.tokens if ctx is None else self.joined(ctx)[1]

    def features(self, images: Images, ctx: Tensor | None = None) -> Tensor:
        """Unit features [R, B, E] of images."""
        self.frozen[0].move_to(self.tokens.device)
        return self.tower.encode(*images.pixels(), self.at_tower(ctx))

    @torch.no_grad()
    def pool_features(self, data: NoisyFewShot, row: int, images: Tensor, ctx: Tensor | None = None) -> Tensor:
        """Unit features [n, E] of images [n] of the pool, as the run in `row` sees them."""
        if not len(images):
            return data.pool()[:0]
        prompts = self.at_tower(ctx)[row : row + 1]
        blocks = (data.pixels(block) for block in images.split(BLOCK))
        return torch.cat(
            [self.tower.encode(b, torch.arange(len(b), device=b.device)[None], prompts)[0] for b in blocks]
        )


class UPTLayer(nn.Module):
    """UPT's layer: context [N, D] and visual tokens [V, W] exchange information at a width of 128."""

    def __init__(self, width: int, visual_width: int, generator: torch.Generator, inner: int = 128) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(generator.initial_seed())
            self.text_in, self.text_out = nn.Linear(width, inner), nn.Linear(inner, width)
            self.image_in, self.image_out = nn.Linear(visual_width, inner), nn.Linear(inner, visual_width)
            self.block = ResidualAttentionBlock(inner, 1, act_layer=QuickGELU)

    def forward(self, ctx: Tensor, visual_ctx: Tensor) -> tuple[Tensor, Tensor]:
        """Context [N, D] and visual tokens [V, W] to what goes into the two towers, of the same shapes."""
        x = self.block(torch.cat([self.text_in(ctx), self.image_in(visual_ctx)])[None])[0]
        return self.text_out(x[: len(ctx)]), self.image_out(x[len(ctx) :])
