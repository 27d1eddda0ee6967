"""DeFT learns more than its start knows."""

from __future__ import annotations

import pytest

from benchmark.audit.detectors import deft
from benchmark.audit.ranking_quality import quality
from tests.benchmark.audit.samples import clusters


@pytest.mark.parametrize("rate", [0.2, 0.5])
def test_deft_learns_more_than_its_start_knows(rate: float, monkeypatch: pytest.MonkeyPatch) -> None:
    many, wrong = clusters(60, rate, spread=0.3, classes=8)
    trained = quality(deft.label_quality(many).numpy(), wrong)
    monkeypatch.setattr(deft, "EPOCHS", 0)
    start = quality(deft.label_quality(many).numpy(), wrong)
    assert trained.auroc > start.auroc + 0.5
