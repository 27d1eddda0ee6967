"""What does not fit together is said before anything runs."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from methods import coop, grip
from methods.errors import MethodError
from tests.support import toy
from tests.support.toy_trainer import data_of, trainer


@pytest.mark.parametrize(
    ("build", "data", "epochs", "line"),
    [
        (
            lambda: coop.Method(toy.task([5, 6], 2)),
            data_of,
            2,
            "built for seeds .5, 6., and the data .* has .0, 1.",
        ),
        (lambda: coop.Method(toy.task([0, 1], 3)), data_of, 2, "built for 3 epochs, and the Trainer has max_epochs=2"),
        (lambda: grip.Method(rounds=3), lambda: data_of("ul"), 4, "max_epochs=4 should be a multiple"),
        (lambda: coop.Method(), data_of, -1, "needs max_epochs"),
        (lambda: coop.Method(n_ctx=-1), data_of, 2, "n_ctx=-1 should be at least 0"),
        (lambda: coop.Method(typo=3), data_of, 2, "no option 'typo'"),
    ],
)
def test_what_does_not_fit_together_is_one_clear_line(build: Any, data: Any, epochs: int, line: str) -> None:
    with pytest.raises(MethodError, match=line):
        trainer(epochs).fit(build(), data())


def test_other_data_than_ours_is_one_clear_line() -> None:
    with pytest.raises(MethodError, match=r"datamodules\.NoisyFewShot"):
        trainer(1).fit(coop.Method(), torch.utils.data.DataLoader([0]))
