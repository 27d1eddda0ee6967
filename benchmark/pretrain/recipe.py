"""How an embedded CLIP is trained."""

from __future__ import annotations

from dataclasses import dataclass

from datamodules.synthetic.looks import Odds

#: Turned and handwritten figures come more often than in the data sets' own variations, disguised ones less often.
WORLD = Odds(
    digit=0.25, handwritten=0.25, upside_down=0.1, rotated=0.3, hollow=0.1, pattern=0.3, backdrop=0.35, clutter=0.2
)


@dataclass(frozen=True)
class Recipe:
    """How an embedded CLIP is trained; the defaults made the shipped convolutional one.

    Attributes:
        seed: of the initial weights and of the world.
        steps, batch: how many steps, and pictures a step.
        lr, weight_decay: of AdamW; lr rises over `warmup` steps, then falls as a cosine to 0.
        ramp: share of the steps, 0 to 1, over which the world's difficulty rises from 0 to 1.
        max_scale: what the learned logit scale may reach.
        scale: the logit scale that is stored, lower than the learned one, so that cross-entropy has little to gain from
            making the classes' features alike (see docs/embedded.md).
        hands: how many ways each digit is written by hand.
        odds: how often the world's rarer things happen.
    """

    seed: int = 0
    steps: int = 4000
    batch: int = 128
    lr: float = 2e-3
    weight_decay: float = 0.1
    warmup: int = 100
    ramp: float = 0.35
    max_scale: float = 12.0
    scale: float = 5.0
    hands: int = 40
    odds: Odds = WORLD
