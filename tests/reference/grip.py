"""GRIP, one image after the other (2306.01669)."""

from __future__ import annotations

import torch
from torch import Tensor

from tests.reference.clip import PlainRun


def top_k(probabilities: list[list[float]], k: int, order: list[int]) -> list[int]:
    """Every class keeps its k most confident images; one that is turned away or pushed out tries its next class."""
    kept: list[list[int]] = [[] for _ in probabilities[0]]
    tried = [0] * len(probabilities)
    for newcomer in order:
        homeless = [newcomer]
        while homeless:
            image = homeless.pop()
            row = probabilities[image]
            wishes = sorted(range(len(row)), key=lambda c: (-row[c], c))
            while tried[image] < len(wishes):
                wish = wishes[tried[image]]
                tried[image] += 1
                kept[wish].append(image)
                if len(kept[wish]) <= k:
                    break
                weakest = min(kept[wish], key=lambda i: (probabilities[i][wish], -i))
                kept[wish].remove(weakest)
                if weakest != image:
                    homeless.append(weakest)
                    break
    labels = [-1] * len(probabilities)
    for c, members in enumerate(kept):
        for image in members:
            labels[image] = c
    return labels


def train(
    run: PlainRun, labelled: list[tuple[int, int]], unlabelled: list[int], classes: list[int], rounds: int
) -> tuple[Tensor, list[dict[int, int]]]:
    """The context after all rounds of `run.epochs` epochs, and the pseudo-labels of every round, by image.

    `labelled` are (image, label); the images in `unlabelled` can only be of `classes`.
    """
    start, history, n_classes = run.ctx.detach().clone(), [], len(run.dataset.classes)
    for number in range(1, rounds + 1):
        with torch.no_grad():
            logits = run.logits(run.plain(unlabelled), run.zero_shot() if number == 1 else None)[:, classes]
        k = number * (len(unlabelled) // rounds) // len(classes)
        found = top_k(logits.double().softmax(-1).tolist(), k, list(range(len(unlabelled))))
        guessed = [(i, classes[c]) for i, c in zip(unlabelled, found, strict=True) if c >= 0]
        history.append(dict(guessed))
        used = labelled + guessed
        run.restart(start)
        for epoch in range(run.epochs):
            run.start_epoch(epoch)
            for batch in run.batches(len(used), (number - 1) * run.epochs + epoch):
                logits = run.logits(run.views([used[i][0] for i in batch], epoch))
                parts: list[list[Tensor]] = [[], []]
                for row, i in zip(logits, batch, strict=True):
                    parts[i >= len(labelled)].append(-row.log_softmax(-1)[used[i][1]])
                loss = torch.tensor(0.0)
                ratio = len(labelled) / len(guessed)
                for part, weight in zip(parts, (1, ratio) if len(classes) < n_classes else (ratio, 1), strict=True):
                    loss = loss + (weight * torch.stack(part).mean() if part else 0)
                run.step(loss)
    return run.ctx.detach(), history
