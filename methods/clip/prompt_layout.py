"""Where context and class-name tokens stand in a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from methods.clip.name_trie import NameTrie

POSITIONS = ("end", "middle", "front")


@dataclass
class PromptLayout:
    """The prompts of C classes: slots [C, L] holds token numbers, or -1 - n for context token n; eot [C] the last.

    `start` is the number of SOS. Where all classes begin with SOS and the same context, `names` has what follows.
    """

    slots: Tensor
    eot: Tensor
    start: int
    names: NameTrie | None = None
    _parts: dict[int, list[PromptLayout]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(
        cls, names: Sequence[Sequence[int]], n_ctx: int, position: str, start: int, end: int, stop: Sequence[int]
    ) -> PromptLayout:
        """Lays out `[SOS] ctx name . [EOT]` (or the context around or after the name, as CoOp does)."""
        ctx = [-1 - n for n in range(n_ctx)]
        half = n_ctx // 2
        rows = []
        for name in names:
            match position:
                case "end":
                    body = [*ctx, *name]
                case "middle":
                    body = [*ctx[:half], *name, *ctx[half:]]
                case "front":
                    body = [*name, *ctx]
                case _:
                    raise ValueError(f"position is one of {', '.join(POSITIONS)}, not {position!r}")
            rows.append([start, *body, *stop, end])
        tails = NameTrie.of([[*name, *stop, end] for name in names], 1 + n_ctx) if position == "end" else None
        return cls._of_rows(rows, start, tails)

    @classmethod
    def of_names(
        cls, names: Sequence[Sequence[int]], before: Sequence[int], after: Sequence[int], start: int, end: int
    ) -> PromptLayout:
        """Lays out `[SOS] before name after [EOT]`, where context token n stands for the n-th token of the name."""
        rows = [[start, *before, *(-1 - n for n in range(len(name))), *after, end] for name in names]
        return cls._of_rows(rows, start)

    @classmethod
    def _of_rows(cls, rows: Sequence[list[int]], start: int, names: NameTrie | None = None) -> PromptLayout:
        length = max(map(len, rows))
        slots = torch.tensor([row + [0] * (length - len(row)) for row in rows])
        return cls(slots, torch.tensor([len(row) - 1 for row in rows]), start, names)

    def padded(self, length: int) -> PromptLayout:
        """The same prompts filled up with token 0 to L = length, for towers that also look at what follows EOT."""
        filler = torch.zeros(len(self.slots), length - self.slots.shape[1], dtype=self.slots.dtype)
        return replace(self, slots=torch.cat([self.slots, filler], dim=1))

    def parts(self, classes: int) -> list[PromptLayout]:
        """The prompts of `classes` classes at a time, in their order; found once."""
        if classes not in self._parts:
            firsts = range(0, len(self.slots), classes)
            self._parts[classes] = [self._part(slice(first, first + classes)) for first in firsts]
        return self._parts[classes]

    def _part(self, rows: slice) -> PromptLayout:
        part = PromptLayout(self.slots[rows], self.eot[rows], self.start)
        if self.names is None:
            return part
        prefix = 1 + int((part.slots[0] < 0).sum())
        pairs = zip(part.slots.tolist(), part.eot.tolist(), strict=True)
        names = NameTrie.of([row[prefix : end + 1] for row, end in pairs], prefix)
        return replace(part, names=names.to(part.slots.device))

    def to(self, device: torch.device) -> PromptLayout:
        """The same layout with its tensors on `device`; itself where they are there."""
        if self.slots.device == device:
            return self
        names = None if self.names is None else self.names.to(device)
        return PromptLayout(self.slots.to(device), self.eot.to(device), self.start, names)

    def assemble(self, ctx: Tensor, embedding: Tensor) -> Tensor:
        """Context [R, N, D] or [R, C, N, D] among the embeddings [vocabulary, D] of the other tokens: [R, C, L, D]."""
        classes = self.slots.shape[0]
        fixed = embedding[self.slots.clamp(min=0)]
        if ctx.ndim == 3:
            ctx = ctx[:, None].expand(-1, classes, -1, -1)
        chosen = (-1 - self.slots).clamp(min=0)[None, :, :, None].expand(ctx.shape[0], -1, -1, ctx.shape[-1])
        return torch.where((self.slots < 0)[None, :, :, None], ctx.gather(2, chosen), fixed)
