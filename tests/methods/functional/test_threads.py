"""Scikit-learn takes no more threads than torch has."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info

from methods.functional import label_votes
from methods.functional.threads import threads_of_torch


def test_scikit_learn_has_the_threads_of_torch_while_it_fits_and_its_own_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[int] = []

    class Spy(label_votes.GaussianMixture):  # type: ignore[misc]
        def fit(self, *data: object) -> object:
            seen.extend(library["num_threads"] for library in threadpool_info() if "torch" not in library["filepath"])
            return super().fit(*data)

    with threads_of_torch():
        pass  # everything is loaded now
    before, threads = threadpool_info(), torch.get_num_threads()
    monkeypatch.setattr(label_votes, "GaussianMixture", Spy)
    torch.set_num_threads(1)
    try:
        label_votes.upper_gaussian(np.array([0.0, 0.1, 0.9, 1.0]), seed=0)
    finally:
        torch.set_num_threads(threads)
    assert seen and set(seen) == {1}
    assert [library["num_threads"] for library in threadpool_info()] == [one["num_threads"] for one in before]
