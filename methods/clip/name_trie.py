"""The tokens after a shared context as one sequence: names that begin alike share tokens; a mask says who sees whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

#: Up to so many tokens attend under one mask [L, L]; longer sequences go in groups of queries.
AT_ONCE = 512
GROUP = 128


@dataclass(frozen=True)
class NameTrie:
    """The tokens after P shared ones of C classes: the N nodes of a trie, in depth-first order, EOT included.

    A node sees the P tokens before all names, the nodes above it and itself, as in a prompt of its own: nothing that a
    causal tower computes changes. ids and positions are [N], ends [C] says where in the L = P + N tokens each class's
    EOT stands. hidden is added to the attention's logits, 0 or -inf: [L, L], or [G, S, K] for G groups of S queries
    that see at most K tokens, keys [G * K]; then N includes tokens that fill up the last group.
    """

    ids: Tensor
    positions: Tensor
    ends: Tensor
    hidden: Tensor
    keys: Tensor | None = None

    @classmethod
    def of(cls, names: Sequence[Sequence[int]], prefix: int) -> NameTrie:
        """The trie of each class's token numbers, the final EOT included, after `prefix` shared tokens."""
        ids: list[int] = []
        sees = [list(range(token + 1)) for token in range(prefix)]
        positions, ends, path, last = [], [0] * len(names), list[int](), tuple[int, ...]()
        for number in sorted(range(len(names)), key=lambda c: tuple(names[c])):
            name = tuple(names[number])
            path = path[: _shared(name, last)]
            for depth in range(len(path), len(name)):
                path.append(prefix + len(ids))
                ids.append(name[depth])
                positions.append(prefix + depth)
                sees.append([*range(prefix), *path])
            ends[number], last = path[-1], name
        size = len(sees) if len(sees) <= AT_ONCE else GROUP
        filler = -len(sees) % size
        hidden, keys = _masks(sees + [[0]] * filler, size)
        ids, positions = ids + [0] * filler, positions + [0] * filler
        return cls(torch.tensor(ids), torch.tensor(positions), torch.tensor(ends), hidden, keys)

    def mask(self, runs: int, dtype: torch.dtype) -> Tensor:
        """What is added to the logits of R runs at once: [L, L], or [R * G, 1, S, K]."""
        hidden = self.hidden.to(dtype)
        return hidden if self.keys is None else hidden.expand(runs, -1, -1, -1).reshape(-1, 1, *hidden.shape[1:])

    def to(self, device: torch.device) -> NameTrie:
        """The same on `device`."""
        keys = None if self.keys is None else self.keys.to(device)
        ids, positions, ends, hidden = (t.to(device) for t in (self.ids, self.positions, self.ends, self.hidden))
        return NameTrie(ids, positions, ends, hidden, keys)


def _shared(name: tuple[int, ...], other: tuple[int, ...]) -> int:
    """How many tokens two names have in common from the beginning."""
    pairs = zip(name, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(name), len(other)))


def _masks(sees: list[list[int]], size: int) -> tuple[Tensor, Tensor | None]:
    """The mask of `size` queries at a time, which see the tokens named, and the tokens that each group sees."""
    if size == len(sees):
        groups = [list(range(size))]
    else:
        groups = [sorted({key for row in sees[at : at + size] for key in row}) for at in range(0, len(sees), size)]
    most = max(map(len, groups))
    hidden = torch.full((len(groups), size, most), float("-inf"))
    for group, keys in enumerate(groups):
        place = {key: at for at, key in enumerate(keys)}
        rows = sees[group * size : (group + 1) * size]
        query = [row for row, seen in enumerate(rows) for _ in seen]
        hidden[group, query, [place[key] for seen in rows for key in seen]] = 0
    if len(groups) == 1:
        return hidden[0], None
    return hidden, torch.tensor([keys + [0] * (most - len(keys)) for keys in groups]).flatten()
