"""Nothing is searched for cycles for a while."""

from __future__ import annotations

import gc

import pytest

from benchmark.screen import Screen
from benchmark.uncollected import without_collection


def test_the_collector_runs_again_after_an_error() -> None:
    with pytest.raises(KeyError), without_collection():
        assert not gc.isenabled()
        raise KeyError
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    with without_collection():
        with without_collection():
            pass
        assert not gc.isenabled()


def test_nothing_is_collected_while_torch_is_loaded() -> None:
    with Screen().loading("torch"):
        assert not gc.isenabled()
    assert gc.isenabled()
