"""Prompts in several layers of both towers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from annotated_types import Ge
from torch import Tensor, nn

from datamodules.batches import Images
from methods.clip.changed_blocks import with_deep_prompts
from methods.clip.image_tower import ImageTower
from methods.core.base import BaseMethod


class DeepPrompt(BaseMethod):
    """Learned tokens in the first `depth` layers of both towers; subclasses say what the image tower gets.

    In the text tower, `n_ctx` tokens stand after SOS: a context [R, N, D] before the first layer, others
    [R, layers - 1, N, D] in its place before each further one, drawn from a normal of std 0.02. The context starts at
    the first words of `init`, whose other words stay; without `init`, or where it has fewer words, it is drawn, too. A
    tower with fewer layers than `depth` takes prompts in all of them.

    Images go through the tower in every step, and test accuracy is measured after the last epoch only.
    """

    inputs: ClassVar[str] = "images"
    n_ctx: Annotated[int, Ge(1)] = 4
    depth: Annotated[int, Ge(1)] = 9
    init: str = "a photo of a"

    def build(self) -> None:
        """Draws the text tower's prompts. Raises UnsupportedError: an image tower that is no vision transformer."""
        task = self.task
        self.tower = ImageTower.of(task.backbone)
        width, ids = task.backbone.width, task.backbone.tokenizer.encode(self.init)
        words = len(ids) >= self.n_ctx
        rest = task.backbone.tokenizer.decode(ids[self.n_ctx :]) if words else ""
        self.ctx = self.drawn("ctx", self.n_ctx, width)
        if words:
            self.ctx.data[:] = task.backbone.words(self.init)[: self.n_ctx]
        self.deep_ctx = self.drawn("deep ctx", self.text_layers - 1, self.n_ctx, width)
        self.layout = task.backbone.layout([f"{rest} {name}".strip() for name in task.classes], self.n_ctx)

    @property
    def text_layers(self) -> int:
        """The layers of the text tower that have prompts."""
        return min(self.depth, len(self.task.backbone.text.transformer.resblocks))

    @property
    def image_layers(self) -> int:
        """The layers of the image tower that have prompts."""
        return min(self.depth, len(self.tower.visual.transformer.resblocks))

    def drawn(self, purpose: str, *shape: int) -> nn.Parameter:
        """What is learned [R, *shape], from a normal of std 0.02, each row by its own seed."""
        return nn.Parameter(0.02 * self.task.normal(f"init {purpose}", *shape).to(self.task.backbone.device))

    def image_prompts(self) -> Sequence[Tensor]:
        """The image tower's prompts [R, V, W], one for each layer."""
        raise NotImplementedError

    def class_weights(self) -> Tensor:
        """Text features [R, C, E] of the class names behind the prompts."""
        backbone = self.task.backbone
        backbone.move_to(self.ctx.device)
        blocks = with_deep_prompts(backbone.text.transformer, self.deep_ctx.unbind(1))
        return backbone.encode_prompts(self.ctx, self.layout, blocks)

    def image_features(self, images: Images) -> Tensor:
        """Unit features [R, B, E], through the image tower with its prompts."""
        self.task.backbone.move_to(self.ctx.device)
        first, *deep = self.image_prompts()
        return self.tower.encode(*images.pixels(), first, with_deep_prompts(self.tower.visual.transformer, deep))
