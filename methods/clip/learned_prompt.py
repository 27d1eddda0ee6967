"""Contexts that other programs have learned: the files `prompt_learner/model.pth.tar-200` of CoOp and its kin.

They hold the context, and the embeddings of the tokens before and after it. From those, the model and the names of the
classes can be told, which the files do not name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from datamodules import reading
from datamodules.foreign import folded
from methods.clip.backbone import Backbone
from methods.clip.checkpoint import damage, read_saved, unwrapped
from methods.clip.names import prompt_file
from methods.clip.transformers_names import KNOWN
from methods.errors import BackboneError


@dataclass(frozen=True)
class LearnedPrompt:
    """A context [N, D], or one of each class [C, N, D], and where noted the tokens before [C, 1, D] and after it."""

    where: str
    ctx: Tensor
    before: Tensor | None = None
    after: Tensor | None = None

    def check(self, backbone: Backbone) -> None:
        """Accept the model that the context was learned with.

        Raises BackboneError: tokens of another width, or of another model of this width.
        """
        table = backbone.text.token_embedding.weight
        if self.ctx.shape[-1] != table.shape[1]:
            raise BackboneError(
                f"{self.where}: its context is {self.ctx.shape[-1]} wide, and the tokens of {backbone.name} are"
                f" {table.shape[1]} wide; name the model that it was learned with"
            )
        start = table[backbone.tokenizer.sot_token_id].cpu().float()
        if self.before is not None and not _same(self.before[0, 0], start):
            raise BackboneError(
                f"{self.where}: its start token is not that of {backbone.name}, so it was learned with another model"
            )

    def names(self, backbone: Backbone) -> list[str] | None:
        """The names of its classes, in their order, as the tokenizer writes them; None where they are not noted.

        Raises BackboneError: as `check` does.
        """
        self.check(backbone)
        if self.after is None:
            return None
        table = backbone.text.token_embedding.weight.cpu().float()
        tokenizer = backbone.tokenizer
        ends = (self.after - table[tokenizer.eot_token_id]).abs().amax(-1).argmin(1).tolist()
        rows = torch.cat([own[:end] for own, end in zip(self.after, ends, strict=True)])
        vectors, place = rows.unique(dim=0, return_inverse=True)
        tokens = torch.cat([torch.cdist(part, table).argmin(1) for part in vectors.split(256)])[place]
        texts = [tokenizer.decode(own.tolist()).strip() for own in tokens.split(ends)]
        return [" ".join(text.removesuffix(".").split()) for text in texts]

    @torch.no_grad()
    def features(self, classes: Sequence[str], backbone: Backbone, position: str = "end") -> Tensor:
        """The text features [1, C, E] of the prompts of classes, whose names stand at `position` of the context.

        Raises BackboneError: as `check` and `of_classes` do.
        """
        self.check(backbone)
        ctx = self.of_classes(classes, backbone).to(backbone.device)
        return backbone.encode_prompts(ctx[None], backbone.layout(classes, ctx.shape[-2], position))

    def of_classes(self, classes: Sequence[str], backbone: Backbone) -> Tensor:
        """The context, or those of the classes in their order, [N, D] or [C, N, D].

        Raises BackboneError: each class has its own, and some class has none.
        """
        if self.ctx.ndim == 2:
            return self.ctx
        own = self.names(backbone)
        if own is None and len(self.ctx) == len(classes):
            return self.ctx
        if own is None or len(own) != len(self.ctx):
            raise BackboneError(
                f"{self.where} has {len(self.ctx)} contexts, one of each class, and the data {len(classes)} classes"
            )
        rows = {folded(name): row for row, name in enumerate(own)}
        if lacking := [name for name in classes if folded(name) not in rows]:
            raise BackboneError(
                f"{self.where} has a context of each class, but none of {lacking[0]!r} ({len(lacking)} are lacking);"
                f" its {len(own)} classes are {', '.join(own[:5])} ..."
            )
        return self.ctx[[rows[folded(name)] for name in classes]]


def read_prompt(path: Path) -> LearnedPrompt:
    """Reads a context: a file of CoOp, KgCoOp, ProGrad or NLPrompt, one of ours, a bare tensor, or a folder with one.

    Of several files in a folder it takes that of the last epoch. Nothing in a file is run. Raises BackboneError: no
    file, none of a context, or one of a prompt that needs more than a context.
    """
    path = prompt_file(path.expanduser())
    try:
        reading.check(path, reading.TENSORS)
        content = read_saved(path)
    except BackboneError as error:
        raise BackboneError(f"{path} {error}") from None
    except OSError as error:
        raise BackboneError(f"{path} cannot be read: {error.strerror or error}") from None
    except (UnpicklingError, RuntimeError, ValueError, KeyError, EOFError, TypeError) as error:
        cause = damage(error) or (str(error) or type(error).__name__).splitlines()[0]
        raise BackboneError(f"{path} is no file of a learned prompt that can be read: {cause[:200]}") from None
    return _prompt_in(unwrapped(content, str(path)), str(path))


def _prompt_in(content: Any, where: str) -> LearnedPrompt:
    """The context among what a file holds."""
    if isinstance(content, Tensor):
        content = {"ctx": content}
    named = content if isinstance(content, Mapping) else {}
    tensors = {
        str(name).rpartition("prompt_learner.")[2].removeprefix("module."): value.detach().cpu().float()
        for name, value in named.items()
        if isinstance(value, Tensor)
    }
    for part, method in KNOWN["prompts"].items():
        if any(part in name for name in tensors):
            raise BackboneError(f"{where} is a prompt of {method}'s kind, which needs more than a context: {part}")
    ctx = tensors.get("ctx")
    if ctx is None or ctx.ndim not in (2, 3) or not ctx.numel():
        there = f"; there are {', '.join(list(tensors)[:5])}" if tensors else ""
        raise BackboneError(f"{where} holds no context 'ctx' [tokens, width] or [classes, tokens, width]{there}")
    if not ctx.isfinite().all():
        raise BackboneError(f"{where}: its context is not finite")
    before, after = (_of_tokens(tensors.get(name), ctx.shape[-1]) for name in ("token_prefix", "token_suffix"))
    return LearnedPrompt(where, ctx, before, after)


def _of_tokens(tokens: Tensor | None, width: int) -> Tensor | None:
    return tokens if tokens is not None and tokens.ndim == 3 and tokens.shape[-1] == width and tokens.numel() else None


def _same(one: Tensor, other: Tensor) -> bool:
    """Whether two vectors agree but for half precision."""
    return bool((one - other).norm() <= 0.02 * other.norm())
