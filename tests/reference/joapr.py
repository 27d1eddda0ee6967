"""JoAPR's split and step, one image after the other (CVPR 2024)."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.optimize import brentq
from scipy.stats import norm
from sklearn.mixture import GaussianMixture
from torch import Tensor

from tests.reference.clip import PlainRun


def warm_up(run: PlainRun, images: list[int], labels: list[int], alpha1: float) -> None:
    """The first epoch: cross-entropy minus alpha1 times the entropy."""
    run.start_epoch(0)
    for batch in run.batches(len(images), 0):
        p = run.logits(run.views([images[i] for i in batch], 0)).softmax(-1)
        losses = [
            -row[labels[i]].log() + alpha1 * sum(q * q.log() for q in row) for row, i in zip(p, batch, strict=True)
        ]
        run.step(torch.stack(losses).mean())


class Splits:
    """The splits of a run, epoch after epoch."""

    def __init__(self) -> None:
        self.threshold = 0.5
        self.history: list[np.ndarray] = []

    def next(self, run: PlainRun, images: list[int], labels: list[int], seed: int) -> tuple[list[bool], list[float]]:
        """Which images are clean, and how far each label is trusted."""
        with torch.no_grad():
            rows = run.logits(run.plain(images)).softmax(-1).double().tolist()
        own = [row[y] for row, y in zip(rows, labels, strict=True)]
        measure = [-math.log(p_y) - sum(p * math.log(p) for p in row) for row, p_y in zip(rows, own, strict=True)]
        self.history.append(np.array([[(m - min(measure)) / (max(measure) - min(measure))] for m in measure]))
        recent = self.history[-5:]
        scaled = sum(recent) / len(recent)
        mixture = GaussianMixture(2, max_iter=10, tol=1e-2, reg_covar=5e-4, random_state=seed % 2**32).fit(scaled)
        clean, noisy = sorted(range(2), key=lambda k: mixture.means_[k, 0])
        (low, high), spread = (mixture.means_[k, 0] for k in (clean, noisy)), mixture.covariances_[:, 0, 0]

        def twice_as_dense(x: float) -> float:
            return norm.logpdf(x, low, spread[clean]) - norm.logpdf(x, high, spread[noisy]) - math.log(2)

        point = brentq(twice_as_dense, low, high)
        chance = mixture.predict_proba(scaled)[:, clean].tolist()
        self.threshold = sum(c <= self.threshold for c in chance) / len(chance)
        flags = [m[0] < point or c > self.threshold for m, c in zip(scaled.tolist(), chance, strict=True)]
        if len(self.history) > 1:
            chance = [c * p_y for c, p_y in zip(chance, own, strict=True)]
        return flags, chance


def step_loss(
    run: PlainRun,
    epoch: int,
    batch: list[tuple[int, int, float | None]],
    draw: np.random.Generator,
    beta: float,
    alpha2: float,
) -> Tensor:
    """The loss of (image, label, probability of being clean, or None for noisy ones), drawn as MixMatch draws."""
    pixels = run.views([image for image, _, _ in batch], epoch)
    with torch.no_grad():
        guesses = run.logits(pixels).softmax(-1)
    targets = []
    for (_, label, trust), guess in zip(batch, guesses, strict=True):
        mended = [(trust or 0.0) * (k == label) + (1 - (trust or 0.0)) * float(p) for k, p in enumerate(guess)]
        total = sum(m**2 for m in mended)
        targets.append([m**2 / total for m in mended])
    share = draw.beta(beta, beta)
    share = max(share, 1 - share)
    partner = draw.permutation(len(batch))
    features = torch.nn.functional.normalize(run.model.encode_image(pixels), dim=-1)
    mixed = torch.stack([share * features[i] + (1 - share) * features[partner[i]] for i in range(len(batch))])
    mixed = torch.nn.functional.normalize(mixed, dim=-1)
    p = (run.model.logit_scale.exp() * mixed @ run.class_weights().T).softmax(-1)
    loss = torch.tensor(0.0)
    for i, row in enumerate(p):
        for k, p_k in enumerate(row):
            target = share * targets[i][k] + (1 - share) * targets[partner[i]][k]
            loss = loss - target * p_k.log() / len(batch)
    classes = p.shape[1]
    for mean in p.mean(0):
        loss = loss + alpha2 / classes * torch.log(1 / classes / mean)
    return loss
