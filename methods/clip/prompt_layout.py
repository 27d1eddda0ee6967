"""Where context and class-name tokens stand in a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

POSITIONS = ("end", "middle", "front")


@dataclass(frozen=True)
class Padding:
    """Packed names, padded to the length T of the longest: all in one operation, for devices that wait for starts.

    place [C T] holds the packed token of every padded one (a name's last token fills it up), back [M] the way back;
    hidden [C, T, T] is True where a token is in the future of another, or padding.
    """

    place: Tensor
    back: Tensor
    hidden: Tensor

    @classmethod
    def of(cls, lengths: Tensor) -> Padding:
        """Pads names of these lengths [C], in their packed order."""
        longest, starts = int(lengths.max()), lengths.cumsum(0) - lengths
        token = torch.arange(longest)
        place = starts[:, None] + torch.minimum(token, lengths[:, None] - 1)
        back = (token < lengths[:, None]).flatten().nonzero().squeeze(1)
        seen = (token < lengths[:, None])[:, None] & torch.ones(longest, longest, dtype=torch.bool).tril()
        seen[:, -1] = token < lengths[:, None]
        return cls(place.flatten(), back, ~seen)

    def to(self, device: torch.device) -> Padding:
        """The same on `device`."""
        return Padding(*(tensor.to(device) for tensor in (self.place, self.back, self.hidden)))


@dataclass
class NamePack:
    """The tokens after the context of C classes, packed without padding: shorter names first.

    ids and offsets (place after the prefix) are [M] over all tokens, ends [C] the place of each EOT, restore [C] the
    way back to the order of the classes; a bucket is (tokens, first token, classes, first class) of equally long names.
    """

    ids: Tensor
    offsets: Tensor
    ends: Tensor
    restore: Tensor
    buckets: list[tuple[int, int, int, int]]
    padding: Padding | None = None

    @classmethod
    def of(cls, names: Sequence[Sequence[int]]) -> NamePack:
        """Packs the token numbers of each class's name, the final EOT included."""
        order = sorted(range(len(names)), key=lambda c: len(names[c]))
        lengths = torch.tensor([len(names[c]) for c in order])
        starts = lengths.cumsum(0) - lengths
        buckets: list[tuple[int, int, int, int]] = []
        for length in lengths.unique().tolist():
            rank = int((lengths < length).sum())
            buckets.append((length, int(starts[rank]), int((lengths == length).sum()), rank))
        return cls(
            ids=torch.tensor([token for c in order for token in names[c]]),
            offsets=torch.cat([torch.arange(int(n)) for n in lengths]),
            ends=starts + lengths - 1,
            restore=torch.tensor(order).argsort(),
            buckets=buckets,
        )

    def to(self, device: torch.device) -> NamePack:
        """The same pack on `device`, padded unless that is the CPU."""
        ids, offsets, ends, restore = (t.to(device) for t in (self.ids, self.offsets, self.ends, self.restore))
        lengths = torch.tensor([tokens for tokens, _, count, _ in self.buckets for _ in range(count)])
        padding = None if device.type == "cpu" else Padding.of(lengths).to(device)
        return NamePack(ids, offsets, ends, restore, self.buckets, padding)


@dataclass
class PromptLayout:
    """The prompts of C classes: slots [C, L] holds token numbers, or -1 - n for context token n; eot [C] the last.

    `start` is the number of SOS, `shareable` says that all classes begin with SOS and the same context tokens.
    """

    slots: Tensor
    eot: Tensor
    start: int
    names: NamePack
    shareable: bool
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
        length = max(map(len, rows))
        slots = torch.tensor([row + [0] * (length - len(row)) for row in rows])
        tails = NamePack.of([[*name, *stop, end] for name in names])
        return cls(slots, torch.tensor([len(row) - 1 for row in rows]), start, tails, position == "end")

    @classmethod
    def of_names(
        cls, names: Sequence[Sequence[int]], before: Sequence[int], after: Sequence[int], start: int, end: int
    ) -> PromptLayout:
        """Lays out `[SOS] before name after [EOT]`, where context token n stands for the n-th token of the name."""
        rows = [[start, *before, *(-1 - n for n in range(len(name))), *after, end] for name in names]
        length = max(map(len, rows))
        slots = torch.tensor([row + [0] * (length - len(row)) for row in rows])
        tails = NamePack.of([[*name, *after, end] for name in names])
        return cls(slots, torch.tensor([len(row) - 1 for row in rows]), start, tails, False)

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
        slots, eot = self.slots[rows], self.eot[rows]
        before = 1 + int((slots[0] < 0).sum())
        pairs = zip(slots.tolist(), eot.tolist(), strict=True)
        names = NamePack.of([row[before : end + 1] for row, end in pairs]) if self.shareable else self.names
        return PromptLayout(slots, eot, self.start, names.to(slots.device), self.shareable)

    def to(self, device: torch.device) -> PromptLayout:
        """The same layout with its tensors on `device`; itself where they are there."""
        if self.slots.device == device:
            return self
        return PromptLayout(
            self.slots.to(device), self.eot.to(device), self.start, self.names.to(device), self.shareable
        )

    def assemble(self, ctx: Tensor, embedding: Tensor) -> Tensor:
        """Context [R, N, D] or [R, C, N, D] among the embeddings [vocabulary, D] of the other tokens: [R, C, L, D]."""
        classes = self.slots.shape[0]
        fixed = embedding[self.slots.clamp(min=0)]
        if ctx.ndim == 3:
            ctx = ctx[:, None].expand(-1, classes, -1, -1)
        chosen = (-1 - self.slots).clamp(min=0)[None, :, :, None].expand(ctx.shape[0], -1, -1, ctx.shape[-1])
        return torch.where((self.slots < 0)[None, :, :, None], ctx.gather(2, chosen), fixed)
