"""Published detectors, against figures of the released codes and against plain loops."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture

from benchmark.audit.detectors import clipcleaner, deft, lemon, simifeat
from benchmark.audit.ranking_quality import quality
from benchmark.audit.sample import Sample
from methods.functional.dual_prompts import clean_logits, dual_loss
from tests.benchmark.audit.samples import clusters

FIVE = Sample(
    F.normalize(torch.tensor([[1, 0], [0.9, 0.1], [0.8, 0.3], [0.1, 1], [0.2, 0.9]]), dim=-1),
    torch.tensor([0, 0, 1, 1, 1]),
    F.normalize(torch.tensor([[1, 0.1], [0.1, 1]]), dim=-1),
)


def test_simifeat_gives_the_scores_of_the_released_code() -> None:
    expected = torch.tensor([0.095133, 0.104346, 0.764565, 0, 0])
    torch.testing.assert_close(simifeat.label_quality(FIVE, k=3), -expected, atol=1e-6, rtol=0)


def test_lemon_s_image_part_gives_the_scores_of_the_released_code() -> None:
    own = 1 - (FIVE.features * FIVE.text[FIVE.labels]).sum(1)
    expected = torch.tensor([0.033818, 0.033930, 1.086350, 0, 0])
    torch.testing.assert_close(lemon.by_image(FIVE, own, k=2), expected, atol=1e-6, rtol=0)


def test_simifeat_and_lemon_are_those_of_plain_loops() -> None:
    many, _ = clusters(20, 0.3)
    x, labels, text = many.features.double(), many.labels.tolist(), many.text.double()
    own = [1 - float(x[i] @ text[y]) for i, y in enumerate(labels)]
    votes, scores = [], []
    for i, y in enumerate(labels):
        cosines = {j: float(x[i] @ x[j]) for j in range(len(labels)) if j != i}
        near = sorted(cosines, key=lambda j: -cosines[j])[:30]
        table = [0.0] * many.classes
        table[y] = 2 * cosines[near[0]] - cosines[near[1]]
        for j in near[:9]:
            table[labels[j]] += cosines[j]
        votes.append(-math.log(table[y] / math.sqrt(sum(value**2 for value in table))))
        by_image = sum(math.exp(0.1 * cosines[j] - 5 * own[j]) for j in near if labels[j] != y) / len(near)
        same = [j for j in cosines if labels[j] == y]
        by_text = sum((1 - cosines[j]) * math.exp(0.1 - 5 * own[j]) for j in same) / len(same)
        scores.append(own[i] + 5 * by_image + 5 * by_text)
    torch.testing.assert_close(simifeat.label_quality(many), -torch.tensor(votes), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(lemon.label_quality(many), -torch.tensor(scores), atol=1e-5, rtol=1e-4)


def test_the_only_image_of_a_label_has_no_neighbours_in_text() -> None:
    alone = Sample(FIVE.features, torch.tensor([0, 1, 1, 1, 1]), FIVE.text)
    own = 1 - (alone.features * alone.text[alone.labels]).sum(1)
    assert lemon.by_text(alone, own)[0].abs() < 1e-6 and lemon.label_quality(alone).isfinite().all()


def test_deft_s_dual_loss_is_that_of_the_released_code_and_moves_the_negative_prompt_alone() -> None:
    other = math.log(0.7 / 0.3)
    positive = torch.tensor([[2.0, other]], requires_grad=True)
    negative = torch.zeros(1, 2, requires_grad=True)
    loss = dual_loss(clean_logits(positive, negative), torch.tensor([0]), torch.tensor([1])).sum()
    assert loss.item() == pytest.approx(1.3309, abs=1e-4)
    loss.backward()
    assert positive.grad is None and negative.grad is not None
    torch.testing.assert_close(negative.grad, torch.tensor([[0.1192, -0.7]]), atol=1e-4, rtol=0)


@pytest.mark.parametrize("rate", [0.2, 0.5])
def test_deft_learns_more_than_its_start_knows(rate: float, monkeypatch: pytest.MonkeyPatch) -> None:
    many, wrong = clusters(60, rate, spread=0.3, classes=8)
    trained = quality(deft.label_quality(many).numpy(), wrong)
    monkeypatch.setattr(deft, "EPOCHS", 0)
    start = quality(deft.label_quality(many).numpy(), wrong)
    assert trained.auroc > start.auroc + 0.5


def test_clipcleaner_s_zero_shot_probabilities_have_the_released_temperature() -> None:
    """Cosines 0.30 and 0.25."""
    x = F.normalize(torch.tensor([[0.3, 0.25, math.sqrt(1 - 0.3**2 - 0.25**2)]] * 3), dim=-1)
    two = Sample(x, torch.tensor([0, 0, 1]), torch.eye(3)[:2])
    plain = Sample(x, torch.tensor([0, 0, 0]), torch.eye(3)[:2])
    assert clipcleaner.zero_shot(two)[0].tolist() == pytest.approx([0.6713, 0.3287], abs=1e-4)
    assert clipcleaner.label_quality(plain).tolist() == [1, 1, 1], "what all four votes like is not suspicious"


def test_clipcleaner_s_votes_are_those_of_plain_loops() -> None:
    many, _ = clusters(20, 0.3)
    labels = many.labels.tolist()
    model = LogisticRegression(max_iter=10_000, class_weight="balanced").fit(many.features.numpy(), labels)
    powers = [[math.exp(float(x @ t) / 0.07) for t in many.text] for x in many.features]
    zero_shot = [[power / sum(row) for power in row] for row in powers]
    mean = [0.0] * len(labels)
    for table in (zero_shot, model.predict_proba(many.features.numpy()).tolist()):
        for i, y in enumerate(labels):
            mean[i] += table[i][y] / max(table[i]) / 4
        for c in set(labels):
            members = [i for i, y in enumerate(labels) if y == c]
            scores = [math.log(table[i][c]) for i in members]
            column = [[(score - min(scores)) / (max(scores) - min(scores))] for score in scores]
            mixture = GaussianMixture(2, random_state=many.seed).fit(column)
            upper = int(mixture.means_.argmax())
            for i, shares in zip(members, mixture.predict_proba(column).tolist(), strict=True):
                mean[i] += shares[upper] / 4
    torch.testing.assert_close(clipcleaner.label_quality(many), torch.tensor(mean), atol=1e-3, rtol=0)
