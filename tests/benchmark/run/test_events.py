"""Events cross from one process to another."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError

import pytest

from benchmark.run.events import Event


def test_an_event_arrives_as_it_was_and_nobody_changes_it() -> None:
    event = Event("cuda:1", "epoch", "digits · 4 runs", 3, 10, runs=4)
    assert pickle.loads(pickle.dumps(event)) == event != Event("cuda:1", "epoch", "digits · 4 runs", 4, 10, runs=4)
    with pytest.raises(FrozenInstanceError):
        event.done = 4  # type: ignore[misc]
