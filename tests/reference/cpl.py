"""CPL, one image and one class after the other (2406.10502)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tests.reference.clip import PlainRun


def candidates(rows: list[list[float]], alpha: float, beta: float) -> list[set[int]]:
    """Every image's candidate classes."""
    threshold = float(np.quantile([max(row) for row in rows], alpha))
    limits = [float(np.quantile([row[c] for row in rows], beta)) for c in range(len(rows[0]))]
    found = []
    for row in rows:
        own, total = set(), 0.0
        for c in sorted(range(len(row)), key=lambda c: (-row[c], c)):
            if own and total > threshold:
                break
            own.add(c)
            total += row[c]
        found.append({c for c in own if row[c] >= limits[c]})
    return found


def places(rows: list[list[float]], sets: list[set[int]], k: int) -> list[int]:
    """Which candidate each image has a place with, -1 for none: classes keep their k most confident proposers."""
    wishes = [sorted(own, key=lambda c, row=row: (-row[c], c)) for row, own in zip(rows, sets, strict=True)]
    kept: dict[int, list[int]] = {c: [] for c in range(len(rows[0]))}
    waiting = list(range(len(rows)))
    while waiting:
        image = waiting.pop()
        if not wishes[image]:
            continue
        wish = wishes[image].pop(0)
        kept[wish].append(image)
        if len(kept[wish]) > k:
            weakest = min(kept[wish], key=lambda i: (rows[i][wish], -i))
            kept[wish].remove(weakest)
            waiting.append(weakest)
    return [next((c for c, own in kept.items() if i in own), -1) for i in range(len(rows))]


def train(
    run: PlainRun, labelled: list[tuple[int, int]], unlabelled: list[int], classes: list[int], rounds: int, k: int,
    alpha: float, beta: float,
) -> tuple[Tensor, list[dict[int, dict[int, float]]]]:  # fmt: skip
    """The context after all rounds, and every round's weights of candidates, by image."""
    start, history = run.ctx.detach().clone(), []
    for number in range(1, rounds + 1):
        with torch.no_grad():
            logits = run.logits(run.plain(unlabelled), run.zero_shot() if number == 1 else None)[:, classes]
        rows = logits.double().softmax(-1).tolist()
        sets = candidates(rows, alpha, beta)
        most = k or number * (len(unlabelled) // rounds) // len(classes)
        used: list[tuple[int, int]] = [*labelled]
        weights: dict[int, dict[int, float]] = {}
        for image, row, own, place in zip(unlabelled, rows, sets, places(rows, sets, most), strict=True):
            if place >= 0:
                soft = {c: row[c] / sum(row[o] for o in own) for c in own}
                weights[image] = {classes[c]: soft[c] if number == 1 < rounds else 1.0 for c in own}
                used.append((image, classes[place]))
        history.append(weights)
        run.restart(start)
        for epoch in range(run.epochs):
            run.start_epoch(epoch)
            for batch in run.batches(len(used), (number - 1) * run.epochs + epoch):
                logits = run.logits(run.views([used[i][0] for i in batch], epoch))
                parts: list[list[Tensor]] = [[], []]
                for row_logits, i in zip(logits, batch, strict=True):
                    image, label = used[i]
                    p = row_logits.softmax(-1)
                    own_weights = {label: 1.0} if i < len(labelled) else weights[image]
                    mixed = sum((share * p[c] for c, share in own_weights.items()), torch.tensor(0.0))
                    parts[i >= len(labelled)].append(-mixed.log())
                share = 0.5 if labelled and weights else 1.0
                run.step(sum((share * torch.stack(part).mean() for part in parts if part), torch.tensor(0.0)))
    return run.ctx.detach(), history
