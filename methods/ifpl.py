"""IFPL: iterative rounds of few pseudo-labels."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge

from methods.fpl import SelfTraining

NAME = "IFPL"
FAMILY = "self-training"


class Method(SelfTraining):
    """Iterative FPL: ten rounds, each with pseudo-labels from the prompts of the round before; IFPL (2306.01669).

    Published: 10 rounds, K = 16. Under `ssl` the loss is n_s / n_u L_s + L_u, as in the released code: the few labelled
    images count least. Other settings and differences are those of `fpl`.
    """

    k: Annotated[int, Ge(1)] = 16
    rounds: Annotated[int, Ge(1)] = 10
