"""Logistic regression ranks as cleanlab does."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.audit import detectors
from tests.benchmark.audit.samples import clusters


def test_logistic_ranks_as_cleanlab_does() -> None:
    rank = pytest.importorskip("cleanlab.rank")
    from benchmark.audit.detectors.logistic import probabilities

    sample, _ = clusters(spread=0.4)
    theirs = rank.get_label_quality_scores(sample.labels.numpy(), probabilities(sample).numpy())
    np.testing.assert_allclose(detectors.label_quality("logistic", sample).numpy(), theirs, atol=1e-6)
