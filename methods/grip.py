"""GRIP: rounds of more and more pseudo-labels."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge

from methods.core.self_training import SelfTraining


class Method(SelfTraining):
    """Ten rounds whose K grows until all unlabelled images are used; GRIP (2306.01669).

    Round t of T gives each of the C classes K = t |U| / (T C) of the |U| unlabelled images, rounded down. Published
    settings and differences as `fpl` has them. The paper starts the prompts afresh in each round, and so do we; the
    released code goes on from the trained tokens in text and in multimodal prompts, since it wraps the same tensors
    again. Where K would be 0 we take 1.
    """

    rounds: Annotated[int, Ge(1)] = 10

    def shots(self, unlabelled: int, classes: int, number: int) -> int:
        """K grows by the same number in each round."""
        return max(1, min(number * (unlabelled // self.rounds) // classes, unlabelled // classes))
