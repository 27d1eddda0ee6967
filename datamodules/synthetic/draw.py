"""Random scenes of the procedural world, with the facts that captions mention."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datamodules.synthetic.figures import Bank
from datamodules.synthetic.glyphs import DIGITS
from datamodules.synthetic.looks import Odds, colours, decorate, everyday, style, turn
from datamodules.synthetic.scene import COLOURS, PATTERNS, Scenes
from datamodules.synthetic.shapes import SHAPES


@dataclass(frozen=True)
class Facts:
    """Content of one image in words; an empty string if there is nothing to mention."""

    name: str
    colour: str
    ground: str
    size: str
    pattern: str
    pose: str
    style: str
    hand: str


def draw(rng: np.random.Generator, n: int, difficulty: float, bank: Bank, odds: Odds) -> tuple[Scenes, list[Facts]]:
    """Draws `n` random scenes and their facts; `difficulty`, 0 to 1, scales all variation but figures and colours."""
    is_digit = rng.random(n) < odds.digit
    by_hand = is_digit & (rng.random(n) < odds.handwritten * difficulty)
    shape, digit = rng.integers(len(SHAPES), size=n), rng.integers(len(DIGITS), size=n)
    ink, ground = colours(rng, n)
    table = np.array(list(COLOURS.values()))
    figure = np.where(is_digit, bank.digit(digit, by_hand, rng.random(n)), shape)
    scenes = everyday(rng, figure, table[ink], table[ground], 0.3 + 0.7 * difficulty)
    poses = turn(rng, scenes, difficulty, odds, is_digit)
    styles = style(rng, scenes, difficulty * odds.style)
    decorate(rng, scenes, difficulty, odds, is_digit)
    names, inks = [*SHAPES], [*COLOURS]
    facts = [
        Facts(
            name=DIGITS[digit[i]] if is_digit[i] else names[shape[i]],
            colour=inks[ink[i]],
            ground=inks[ground[i]],
            size="small" if scenes.size[i] < 0.46 else "big" if scenes.size[i] > 0.66 else "",
            pattern="hollow" if scenes.hollow[i] else PATTERNS[scenes.pattern[i]] if scenes.pattern[i] else "",
            pose=poses[i],
            style=styles[i],
            hand="handwritten" if by_hand[i] else "",
        )
        for i in range(n)
    ]
    return scenes, facts
