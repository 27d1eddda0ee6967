"""GRIP without labels, one image after the other (2306.01669)."""

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


def train(run: PlainRun, zero_shot: Tensor, rounds: int) -> tuple[Tensor, list[list[int]]]:
    """The context after all rounds of `run.epochs` epochs, and every round's label of every image (-1: unused)."""
    images = list(range(len(run.dataset.train.labels)))
    start, history = run.ctx.detach().clone(), []
    classes = len(run.dataset.classes)
    for number in range(1, rounds + 1):
        with torch.no_grad():
            logits = run.logits(run.plain(images), zero_shot if number == 1 else None)
        k = number * (len(images) // rounds) // classes
        labels = top_k(logits.double().softmax(-1).tolist(), k, images)
        history.append(labels)
        used = [i for i in images if labels[i] >= 0]
        run.restart(start)
        for epoch in range(run.epochs):
            run.start_epoch(epoch)
            for batch in run.batches(len(used), (number - 1) * run.epochs + epoch):
                chosen = [used[i] for i in batch]
                loss = torch.nn.functional.cross_entropy(
                    run.logits(run.views(chosen, epoch)), torch.tensor([labels[i] for i in chosen])
                )
                run.step(loss)
    return run.ctx.detach(), history
