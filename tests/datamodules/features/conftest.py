"""What tests of the feature bank share."""

from __future__ import annotations

import pytest

from datamodules.features import bank as features


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "SHARD", 32)
