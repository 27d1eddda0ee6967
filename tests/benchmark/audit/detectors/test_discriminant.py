"""The detector `discriminant`: discriminant analysis in which doubtful images count less."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from benchmark.audit.classifiers import discriminant_parts
from benchmark.audit.detectors import discriminant
from benchmark.audit.out_of_fold_discriminant import SHRINKAGES, discriminants
from tests.benchmark.audit.samples import clusters


def test_images_count_by_the_probability_of_their_label_in_a_first_analysis() -> None:
    sample, _ = clusters(per_class=20, spread=0.3)
    given = F.one_hot(sample.labels, sample.classes).float()
    first = discriminant_parts(sample)[0]
    (strength,) = [
        s for s in SHRINKAGES if torch.equal(discriminants(sample.centred, given, sample.fold, (s,))[0], first)
    ]
    weights = given.clone()
    for i, label in enumerate(sample.labels.tolist()):
        weights[i, label] = float(first[i].softmax(0)[label])
    slow = discriminants(sample.centred, weights, sample.fold, (strength,))[0].log_softmax(1)
    torch.testing.assert_close(discriminant.label_quality(sample), slow[range(len(slow)), sample.labels])
