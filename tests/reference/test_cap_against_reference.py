"""CAP's margin, choice of images and loss against plain loops over images and classes."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from datamodules.run_spec import RunSpec
from methods import cap
from tests.support import toy

SEED, EPOCHS = 1, 6


def trained(paradigm: str) -> cap.Method:
    """A method after some epochs, still with its data."""
    data = toy.data_for([RunSpec(SEED, 2, paradigm=paradigm)], EPOCHS)
    method = cap.Method(toy.task([SEED], EPOCHS), k=3, threshold=0.2)
    toy.fit([method], data, EPOCHS)
    return method


def unit(vector: Tensor) -> Tensor:
    return vector / math.sqrt(float((vector * vector).sum()))


def adapted(method: cap.Method, feature: Tensor, number: int) -> Tensor:
    """One feature [E] after an adapter."""
    down, up = method.down.detach()[0, number], method.up.detach()[0, number]
    hidden = torch.tensor([max(0.0, float(feature @ down[:-1, j] + down[-1, j])) for j in range(cap.WIDTH)])
    return unit(feature + 0.01 * (hidden @ up[:-1] + up[-1]))


def margins(method: cap.Method, names: Tensor) -> list[list[float]]:
    """The margins of the first run, by labels and other classes."""
    data, classes = method.data, range(len(names))
    unseen = set(data.unseen(0).tolist())
    shown = {i: int(method.guesses[0, i]) for i in range(len(data.pool())) if method.pseudo[0, i]}
    counts = [0 for _ in classes]
    for image in range(len(data.pool())):
        if method.sure[0, image]:
            counts[int(method.guesses[0, image])] += 1
    ratios = [count / max(1, *counts) for count in counts]
    if len(unseen) < len(names):
        shown |= dict(zip(*(part.tolist() for part in data.training_set(0)), strict=True))
        ratios = [ratios[c] if c in unseen else 1.0 for c in classes]
    means = []
    for c in classes:
        own = [adapted(method, data.pool()[image], 1) for image, label in shown.items() if label == c]
        means.append(unit(torch.stack(own).sum(0)) if own else names[c])
    found = []
    for y in classes:
        row = [max(float(names[y] @ names[c]), float(means[y] @ means[c])) for c in classes]
        low, high = min(row), max(row)
        strength = 12 * (max(ratios) - min(ratios)) * (1 - ratios[y]) / (1 + ratios[y])
        found.append([0.0 if c == y else strength * (low + (row[c] - low) / (high - low) * (1 - low)) for c in classes])
    return found


@pytest.mark.parametrize("paradigm", ["ul", "ssl", "trzsl"])
@torch.no_grad()
def test_the_margin_the_chosen_images_and_the_loss_are_those_of_a_plain_reading(paradigm: str) -> None:
    method = trained(paradigm)
    data, names = method.data, method.class_weights()
    assert method.sure.any() and method.pseudo.any()
    expected = torch.tensor(margins(method, names[0]))
    assert expected.max() > 0.1
    torch.testing.assert_close(method._margins(0, names[0]), expected, atol=1e-4, rtol=1e-4)

    unseen, free = data.unseen(0).tolist(), data.unlabelled(0).tolist()
    most = int(0.8 * (len(free) // len(unseen)))
    k = 3 + int((most - 3) * min(1, (EPOCHS - 1) / (0.7 * EPOCHS)))
    chosen: dict[int, int] = {}
    for c in unseen:
        own = [i for i in free if method.guesses[0, i] == c]
        old = sorted((i for i in own if method.pseudo[0, i]), key=lambda i: (-float(method.scores[0, i]), i))
        new = [i for i in own if method.sure[0, i] and not method.pseudo[0, i]]
        new = sorted(new, key=lambda i: (-float(method.scores[0, i]), i))[:k]
        chosen |= dict.fromkeys([*new, *old[: k - len(new)]], c)
    method._choose(0)
    assert {i: int(method.guesses[0, i]) for i in free if method.pseudo[0, i]} == chosen

    method.margins, batch = expected[None], data.batch(0)
    losses: tuple[list[float], ...] = [], [], []
    texts = [adapted(method, name, 0) for name in names[0]]
    for place, image in enumerate(batch.images[0].tolist()):
        if batch.valid[0, place]:
            plain = torch.stack(
                [method.task.backbone.scale * adapted(method, data.pool()[image], 1) @ t for t in texts]
            )
            crop = adapted(method, batch.features[0, place], 2)
            label, logits, kind = int(batch.labels[0, place]), plain, 0 if image not in free else 1
            if image in free and image not in chosen:
                label, kind = int(plain.argmax()), 2
                logits = torch.stack([method.task.backbone.scale * crop @ t for t in texts])
            if kind < 2 or float(plain.softmax(0).max()) > 0.2:
                losses[kind].append(-float((logits + expected[label]).log_softmax(0)[label]))
    means = [sum(own) / len(own) for own in losses if own]
    assert len(means) == (2 if paradigm == "ul" else 3)
    assert float(method.total_loss(batch, names)[0]) == pytest.approx(sum(means), abs=1e-3)
