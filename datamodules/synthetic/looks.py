"""Random variation of scenes: position and size, pose, pattern, light and image quality."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datamodules.synthetic.scene import COLOURS, GROUNDS, PATTERNS, SIZE, Floats, Scenes

STYLES = ("blurry", "noisy", "dark", "pale", "pixelated", "warm")
POSES = ("upside-down", "rotated")


@dataclass(frozen=True)
class Odds:
    """Probabilities of variations at difficulty 1, in [0, 1].

    Attributes:
        digit: a digit instead of a shape; handwritten: a handwritten digit instead of a printed one.
        upside_down, rotated: a shape rotated by 180 degrees, or by 40 to 130 to either side.
        style: one of STYLES; hollow: an outline instead of a filled figure; pattern: one of PATTERNS but the first.
        backdrop: one of GROUNDS but the first; clutter: one to four specks.
    """

    digit: float = 0.22
    handwritten: float = 0.15
    upside_down: float = 0.06
    rotated: float = 0.16
    style: float = 0.4
    hollow: float = 0.15
    pattern: float = 0.4
    backdrop: float = 0.5
    clutter: float = 0.3


def everyday(
    rng: np.random.Generator, figure: NDArray[np.int64], ink: Floats, ground: Floats, jitter: float = 1.0
) -> Scenes:
    """Plain, upright scenes of figures [B] in colours [B, 3], 0 to 1; `jitter`, 0 to 1, scales their variation."""
    n = len(figure)

    def spread(width: float, about: float = 0.0) -> Floats:
        return np.asarray(about + jitter * width * (2 * rng.random(n) - 1))

    size = 0.7 - jitter * 0.14 + spread(0.18)
    return Scenes(
        figure=figure, ink=np.clip(ink + jitter * 0.1 * (2 * rng.random((n, 3)) - 1), 0, 1),
        ground=np.clip(ground + jitter * 0.1 * (2 * rng.random((n, 3)) - 1), 0, 1), size=size,
        x=spread(1.0) * (0.95 - size) * 0.8, y=spread(1.0) * (0.95 - size) * 0.8, angle=spread(12.0),
        stretch=1 + spread(0.12), slant=spread(0.08), wobble=np.abs(spread(0.04)), phase=2 * np.pi * rng.random(n),
        bold=spread(0.03), hollow=np.zeros(n), pattern=np.zeros(n, np.int64), backdrop=np.zeros(n, np.int64),
        pitch=4 + 8 * rng.random(n), clutter=np.zeros(n), blur=np.zeros(n), grain=np.zeros(n), blocks=np.full(n, SIZE),
        light=np.ones((n, 3)), fade=np.zeros(n),
    )  # fmt: skip  # fmt: skip


def colours(
    rng: np.random.Generator, n: int, ink: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices [n] into COLOURS of inks, random if not given, and of random grounds in contrast to them."""
    table = np.array(list(COLOURS.values()))
    clear = np.linalg.norm(table[:, None] - table[None], axis=-1) > 0.5
    drawn = (rng.random(n) * len(table)).astype(np.int64) if ink is None else ink
    choice = rng.random(n) * clear.sum(1)[drawn]
    ground = (clear.cumsum(1)[drawn] <= choice[:, None]).sum(1)
    return drawn, ground


def turn(
    rng: np.random.Generator, scenes: Scenes, difficulty: float, odds: Odds, digit: NDArray[np.bool_]
) -> list[str]:
    """Rotates random figures, in place, and returns their poses; digits stay upright, as a rotated six is a nine."""
    chance = rng.random(len(scenes)) + digit
    over = chance < odds.upside_down * difficulty
    aside = ~over & (chance < (odds.upside_down + odds.rotated) * difficulty)
    side = np.where(rng.random(len(scenes)) < 0.5, -1, 1) * (40 + 90 * rng.random(len(scenes)))
    scenes.angle[...] += np.where(over, 180.0, np.where(aside, side, 0.0))
    return [POSES[0] if o else POSES[1] if a else "" for o, a in zip(over, aside, strict=True)]


def style(rng: np.random.Generator, scenes: Scenes, odds: float) -> list[str]:
    """Applies random STYLES to a share `odds` of the scenes, in place, and returns their names."""
    n = len(scenes)
    kind = np.where(rng.random(n) < odds, rng.integers(len(STYLES), size=n), -1)
    strength = rng.random(n)
    scenes.blur[kind == 0] = np.where(strength < 0.5, 1.2, 1.8)[kind == 0]
    scenes.grain[kind == 1] = (0.06 + 0.12 * strength)[kind == 1]
    scenes.light[kind == 2] = (0.3 + 0.2 * strength)[kind == 2, None]
    scenes.fade[kind == 3] = (0.45 + 0.3 * strength)[kind == 3]
    scenes.blocks[kind == 4] = np.where(strength < 0.5, 10, 13)[kind == 4]
    scenes.light[kind == 5] = warm_light(strength[kind == 5])
    return [STYLES[s] if s >= 0 else "" for s in kind]


def warm_light(strength: Floats) -> Floats:
    """Factors [B, 3] of the colour channels in warm light of a strength [B], 0 to 1."""
    return np.stack((1.0 + 0.1 * strength, 0.75 - 0.15 * strength, 0.45 - 0.2 * strength), -1)


def decorate(
    rng: np.random.Generator, scenes: Scenes, difficulty: float, odds: Odds, digit: NDArray[np.bool_] | bool = False
) -> None:
    """Adds random outlines (not to digits), patterns, backdrops and specks to scenes, in place."""
    n = len(scenes)
    scenes.hollow[...] = (rng.random(n) < odds.hollow * difficulty) & ~np.asarray(digit)
    patterned = (rng.random(n) < odds.pattern * difficulty) & (scenes.hollow == 0)
    scenes.pattern[...] = np.where(patterned, rng.integers(1, len(PATTERNS), size=n), 0)
    scenes.backdrop[...] = np.where(
        rng.random(n) < odds.backdrop * difficulty, rng.integers(1, len(GROUNDS), size=n), 0
    )
    scenes.clutter[...] = np.where(rng.random(n) < odds.clutter * difficulty, rng.integers(1, 5, size=n), 0)
