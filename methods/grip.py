"""GRIP: rounds with a growing number of pseudo-labels."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge

from methods.fpl import SelfTraining

NAME = "GRIP"
FAMILY = "self-training"


class Method(SelfTraining):
    """Ten rounds of pseudo-labels whose K grows until all unlabelled images are used; GRIP (2306.01669).

    Round t of T assigns each of the C classes K = t |U| / (T C) of the |U| unlabelled images, both divisions rounded
    down, and at least 1. Under `ssl` the loss is n_s / n_u L_s + L_u, as in the released code: the few labelled images
    count least. Published settings and other differences are those of `fpl`.
    """

    rounds: Annotated[int, Ge(1)] = 10
