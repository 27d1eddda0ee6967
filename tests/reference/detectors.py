"""DEFT's two prompts and CLIPCleaner's four votes, one image after the other (2409.19696, 2408.10012)."""

from __future__ import annotations

import math

import torch
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture

from tests.reference.clip import PlainRun


def clean(run: PlainRun, other: PlainRun, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits [n, C] of the positive prompt, and the share of each class [n, C] that it has against the negative one."""
    z, u = run.logits(pixels), other.logits(pixels)
    return z, torch.exp(z.detach()) / (torch.exp(z.detach()) + torch.exp(u))


def deft_phase(
    run: PlainRun, other: PlainRun, images: list[int], labels: list[int], warmup: int, draws: list[list[int]]
) -> list[bool]:
    """Trains both prompts; which labels count as clean in the end. `draws` are places among the other classes."""
    classes = range(len(run.dataset.classes))
    for epoch in range(run.epochs):
        for one in (run, other):
            one.start_epoch(epoch)
        for batch in run.batches(len(images), epoch):
            z, p = clean(run, other, run.views([images[i] for i in batch], epoch))
            supervised, dual = [], []
            for i, row, own in zip(batch, z, p, strict=True):
                label, guess = labels[i], int(row.argmax())
                wrong = [c for c in classes if c != label][draws[epoch][i]]
                if epoch < warmup or own[label] > 0.5:
                    supervised.append(-row.log_softmax(-1)[label])
                    guess = label
                dual.append(-own[guess].log() - (1 - own[wrong]).log())
            loss = torch.stack(dual).mean()
            if supervised:
                loss = loss + torch.stack(supervised).mean()
            for one in (run, other):
                one.optimizer.zero_grad()
            loss.backward()
            for one in (run, other):
                one.optimizer.step()
    with torch.no_grad():
        final = clean(run, other, run.plain(images))[1]
    return [float(own[label]) > 0.5 for own, label in zip(final, labels, strict=True)]


def accepted(
    features: list[list[float]], texts: list[list[float]], labels: list[int], seed: int, temperature: float
) -> list[bool]:
    """CLIPCleaner's selection with thresholds 0.5 and 0.8."""
    zero = []
    for feature in features:
        powers = [math.exp(sum(a * b for a, b in zip(feature, text, strict=True)) / temperature) for text in texts]
        zero.append([power / sum(powers) for power in powers])
    regression = LogisticRegression(max_iter=10_000, class_weight="balanced").fit(features, labels)
    names = regression.classes_.tolist()
    fitted = [[row[names.index(c)] if c in names else 0.0 for c in range(len(texts))]
              for row in regression.predict_proba(features).tolist()]  # fmt: skip
    flags = [True] * len(labels)
    for rows in (zero, fitted):
        for i, (row, label) in enumerate(zip(rows, labels, strict=True)):
            flags[i] = flags[i] and row[label] / max(row) >= 0.8
        for c in set(labels):
            members = [i for i, label in enumerate(labels) if label == c]
            scores = [math.log(rows[i][c]) for i in members]
            if max(scores) == min(scores):
                continue
            column = [[(score - min(scores)) / (max(scores) - min(scores))] for score in scores]
            mixture = GaussianMixture(2, random_state=seed).fit(column)
            upper = 0 if mixture.means_[0, 0] > mixture.means_[1, 0] else 1
            for i, shares in zip(members, mixture.predict_proba(column).tolist(), strict=True):
                flags[i] = flags[i] and shares[upper] >= 0.5
    numbers = [sum(flag and label == c for flag, label in zip(flags, labels, strict=True)) for c in range(len(texts))]
    least = max([1, len(labels) // len(texts) ** 2, min([n for n in numbers if n] or [1])])
    for c in set(labels):
        if not numbers[c]:
            members = [i for i, label in enumerate(labels) if label == c]
            for i in sorted(members, key=lambda i: -zero[i][c])[:least]:
                flags[i] = True
    return flags
