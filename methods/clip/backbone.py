"""One frozen open_clip model per process, with its own tokenizer and preprocessing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F
from open_clip.transform import PreprocessCfg, image_transform_v2
from torch import Tensor, nn

from datamodules.dataset import Preprocess
from methods.clip.changed_blocks import Blocks
from methods.clip.identity import contents, identity
from methods.clip.prompt_layout import PromptLayout
from methods.clip.text_tower import TextTower, autocast
from methods.errors import BackboneError


def preprocess_of(model: Any) -> Preprocess:
    """The evaluation transform that belongs to a model's weights."""
    settings = PreprocessCfg(**model.visual.preprocess_cfg)
    size = settings.size if isinstance(settings.size, int) else settings.size[0]
    mean, std = tuple(settings.mean), tuple(settings.std)
    transform = image_transform_v2(settings, is_train=False)
    return Preprocess(transform, size, mean, std, settings.interpolation, asdict(settings))


class Backbone(nn.Module):
    """A frozen CLIP: image features, text features, and text features of learned prompts.

    All features are of unit length and in float32, and so are learned prompts. With `precision` "bf16" the weights of
    matrices and convolutions are bfloat16 and multiplied in it, by `torch.autocast`; embeddings, norms, residuals and
    the logit scale stay in float32. `identity` stands for all that features depend on: weights, settings,
    preprocessing, tokenizer and precision.
    """

    #: Whether there are towers, or only what they made of one data set.
    has_towers = True

    def __init__(self, name: str, model: Any, preprocess: Preprocess, tokenizer: Any, precision: str = "fp32") -> None:
        super().__init__()
        self.name = name
        self.model = model.eval().requires_grad_(False)
        self.preprocess = preprocess
        self.tokenizer = tokenizer
        self.precision = precision
        self.scale = float(model.logit_scale.exp())
        self._contents = contents(model, preprocess.config, tokenizer)
        self.identity = self.identity_in(precision)
        if precision == "bf16":
            _matrices_to_bfloat16(model)
        self.text = TextTower.of(model, precision == "bf16")
        model.visual.to(memory_format=torch.channels_last)  # convolutions are faster so, and the same

    def identity_in(self, precision: str) -> str:
        """The identity that the same backbone has in another precision."""
        return identity(self._contents, precision)

    @property
    def width(self) -> int:
        """D, the width of a context token."""
        return int(self.text.token_embedding.weight.shape[1])

    @cached_property
    def embedding(self) -> int:
        """E, the width of features."""
        return int(self.encode_text([""]).shape[-1])

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.text.token_embedding.weight.device

    def _apply(self, fn: Any, recurse: bool = True) -> Backbone:
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        few = self.text.classes_at_once
        self.text = replace(TextTower.of(self.model, self.precision == "bf16"), classes_at_once=few)
        return self

    def move_to(self, device: torch.device) -> None:
        """Moves the weights to `device` unless they are there; what is computed with prompts follows the prompts."""
        if self.device != device:
            self.to(device)

    def train(self, mode: bool = True) -> Backbone:
        """Stays in evaluation mode: the backbone is frozen, its batch norms too."""
        return super().train(False)

    @torch.no_grad()
    def encode_images(self, pixels: Tensor) -> Tensor:
        """Normalised pixels [B, 3, H, W] to unit features [B, E]."""
        pixels = pixels.to(self.device)
        with autocast(self.device, self.precision == "bf16"):
            features = self.model.encode_image(pixels)
        return F.normalize(features.float(), dim=-1)

    @torch.no_grad()
    def encode_text(self, texts: Sequence[str], unit: bool = True) -> Tensor:
        """Texts to unit features [len(texts), E]: open_clip's own tokenizer and `encode_text`.

        With `unit=False` they are as long as the tower makes them.
        """
        tokens = self.tokenizer(list(texts)).to(self.device)
        with autocast(self.device, self.precision == "bf16"):
            features = self.model.encode_text(tokens).float()
        return F.normalize(features, dim=-1) if unit else features

    def words(self, text: str) -> Tensor:
        """Token embeddings [L, D] of a text, without SOS and EOT, in float32."""
        ids = torch.tensor(self.tokenizer.encode(text), device=self.device)
        return self.text.token_embedding.weight[ids].float()

    def layout(self, classes: Sequence[str], n_ctx: int, position: str = "end", full_stop: bool = True) -> PromptLayout:
        """The prompts `ctx NAME.` of the classes with n_ctx context tokens at `position`, or without the full stop.

        Raises BackboneError: if a prompt does not fit into the tower's context length.
        """
        tok = self.tokenizer
        names = [tok.encode(name.replace("_", " ")) for name in classes]
        stop = tok.encode(".") if full_stop else []
        layout = PromptLayout.of(names, n_ctx, position, tok.sot_token_id, tok.eot_token_id, stop)
        room = self.text.positional_embedding.shape[0]
        if layout.slots.shape[1] > room:
            longest = classes[max(range(len(names)), key=lambda c: len(names[c]))]
            raise BackboneError(
                f"{n_ctx} context tokens and the class name {longest!r} make {layout.slots.shape[1]} tokens,"
                f" but {self.name} takes {room}; use a smaller n_ctx"
            )
        if not self.text.causal:
            layout = layout.padded(room)
        return layout.to(self.device)

    def encode_prompts(self, ctx: Tensor, layout: PromptLayout, blocks: Blocks | None = None) -> Tensor:
        """Contexts [R, N, D], or class-specific [R, C, N, D], to unit text features [R, C, E].

        `blocks`, if set, stand for those of the text tower.
        """
        self.move_to(ctx.device)
        return self.text.encode(ctx, layout.to(ctx.device), blocks)


def _matrices_to_bfloat16(model: nn.Module) -> None:
    """Rounds the weights of convolutions, linear layers and attention; `autocast` rounds the rest where it is needed.

    open_clip's own conversion fails on text towers whose projection is a layer (SigLIP's).
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear | nn.MultiheadAttention):
            for parameter in module.parameters(recurse=False):
                parameter.data = parameter.data.bfloat16()


def zero_shot_weights(backbone: Backbone, classes: Sequence[str], template: str, unit: bool = True) -> Tensor:
    """The class weights [C, E] of zero-shot CLIP: the unit text features of `template` filled with each name.

    With `unit=False` they are as long as the text tower makes them.
    """
    return backbone.encode_text([template.format(name.replace("_", " ")) for name in classes], unit)


@torch.no_grad()
def nearest_words(backbone: Backbone, ctx: Any, count: int = 3) -> list[list[tuple[str, float]]]:
    """The vocabulary's words nearest to each context vector [N, D], with their Euclidean distances, nearest first."""
    table = backbone.text.token_embedding.weight.float()
    distances = torch.cdist(torch.as_tensor(ctx, device=table.device).float(), table)
    values, ids = distances.topk(count, largest=False)
    decode = backbone.tokenizer.decode
    return [
        [(decode([word]).strip(), float(value)) for word, value in zip(words, row, strict=True)]
        for words, row in zip(ids.tolist(), values.tolist(), strict=True)
    ]
