"""The audit against cleanlab's own default, run by cleanlab and scikit-learn, on noisy and on human labels."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from benchmark.audit import detectors
from benchmark.audit.corrupted import corrupt_dataset
from benchmark.audit.ranking_quality import quality
from benchmark.audit.sample import Sample
from datamodules.catalog import open_dataset
from datamodules.features.bank import FeatureBank
from methods.clip.backbone import zero_shot_weights
from methods.clip.loading import load_backbone
from tests.support.shared import SHARED, needs_shared

PHOTOGRAPHS = f"folder:{SHARED / 'data/cifar10_subset'}"
SETTINGS = [
    *((name, *noise) for name in ("digits", "combos")
      for noise in (("symmetric", 0.25), ("symmetric", 0.4), ("asymmetric", 0.25))),
    *(pytest.param(PHOTOGRAPHS, f"human[labels={labels}]", None, marks=needs_shared) for labels in ("worse", "aggre")),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind", "rate"), SETTINGS)
def test_an_audit_ranks_wrong_labels_better_than_cleanlab_does(name: str, kind: str, rate: float | None) -> None:
    rank = pytest.importorskip("cleanlab.rank")
    dataset, backbone = open_dataset(name), load_backbone("embedded", "cpu")
    data = corrupt_dataset(name, dataset, kind, rate, shots=0, seed=1)
    rows = torch.as_tensor(getattr(data.images, "rows", np.arange(len(data.given))))
    features = FeatureBank(backbone, None, "cpu").plain(dataset.train.images)[rows]
    text = zero_shot_weights(backbone, dataset.classes, dataset.template)
    found = detectors.label_quality("joint", Sample(features, torch.from_numpy(data.given), text, backbone.scale))
    probabilities = cross_val_predict(LogisticRegression(), features.numpy(), data.given, cv=5, method="predict_proba")
    theirs = rank.get_label_quality_scores(data.given, probabilities)
    ours, default = (quality(score, data.given != data.true) for score in (found.numpy(), theirs))
    print(f"{name} {kind} {rate}: audit {ours}, cleanlab {default}")
    assert ours.auroc > default.auroc and ours.ap > default.ap
