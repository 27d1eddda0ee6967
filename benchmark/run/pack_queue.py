"""The packs that wait for a worker, and what becomes of one whose worker died."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import Final

from benchmark.plan.packs import Pack

#: How often a whole pack is handed out again after the worker that held it died.
SECOND_CHANCES = 1
#: Deaths over parts of one pack, none of them trained between, after which its parts are not halved any more.
DEATHS = 24


@dataclass
class Deaths:
    """The deaths of workers over one pack: all of them, and those since a part of it was trained."""

    total: int = 0
    in_a_row: int = 0


@dataclass(frozen=True, eq=False)
class Piece:
    """A pack, or a part of one that killed its worker; parts share the count of deaths."""

    pack: Pack
    deaths: Deaths


@dataclass(eq=False)
class AnyWorker:
    """A worker as its parent knows it; `piece` is what it trains, and `silence` the seconds since it sent a message.

    Its class says how to `give` it a piece, `receive` a message, `kill` it, and to `reap` or `stop` it.
    """

    device: str
    _: KW_ONLY
    piece: Piece | None = None
    silence: float = 0.0
    killed_for: str = ""

    @property
    def free(self) -> bool:
        """Whether it can take a piece."""
        return self.piece is None


class PackQueue:
    """Packs in their order; parts of packs that killed their worker come last, so that others are trained first."""

    LOST: Final = "given up"

    def __init__(self, packs: Iterable[Pack]) -> None:
        self.waiting = deque(Piece(pack, Deaths()) for pack in packs)

    def finished(self, piece: Piece) -> None:
        """Notes that a piece was trained, so that its other parts are worth more trials."""
        piece.deaths.in_a_row = 0

    def died(self, piece: Piece) -> str:
        """Lets a piece whose worker died go again, or in halves; returns in words which, or `LOST`."""
        piece.deaths.total += 1
        piece.deaths.in_a_row += 1
        if piece.deaths.total <= SECOND_CHANCES:
            self.waiting.appendleft(piece)
            return "it is tried again"
        if len(piece.pack.runs) == 1 or piece.deaths.in_a_row > DEATHS:
            return self.LOST
        self.waiting.extend(Piece(half, piece.deaths) for half in piece.pack.halves())
        return "it is tried again in halves"
