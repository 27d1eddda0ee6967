"""NLPrompt, one image and one iteration after the other (2412.01256)."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from datamodules.seeds import rng
from tests.reference.clip import PlainRun, in_batches


def plan(cost: list[list[float]], reg: float = 0.01, limit: int = 1000, tolerance: float = 1e-6) -> np.ndarray:
    """The transport plan [n, C] between uniform weights, in the log domain."""
    n, classes = len(cost), len(cost[0])
    f, g = [-math.log(n)] * n, [0.0] * classes
    scaled = -np.array(cost, dtype=np.float64) / reg

    def log_sum(values: np.ndarray) -> float:
        return float(values.max() + np.log(np.exp(values - values.max()).sum()))

    for step in range(limit):
        g = [-math.log(classes) - log_sum(scaled[:, c] + f) for c in range(classes)]
        f = [-math.log(n) - log_sum(scaled[i] + g) for i in range(n)]
        if step % 10 == 0:
            sums = [math.exp(log_sum(scaled[:, c] + f) + g[c]) for c in range(classes)]
            if math.dist(sums, [1 / classes] * classes) < tolerance:
                break
    return np.exp(np.array(f)[:, None] + scaled + np.array(g)[None])


def train(run: PlainRun, images: list[int], labels: list[int]) -> tuple[Tensor, list[list[bool]]]:
    """The context after `run.epochs` epochs, and which images counted as clean in each."""
    history = []
    for epoch in range(run.epochs):
        run.start_epoch(epoch)
        with torch.no_grad():
            p = run.logits(run.plain(images)).softmax(-1)
        shares = plan((-p.softmax(-1).log()).tolist())
        clean = [int(row.argmax()) == label for row, label in zip(shares, labels, strict=True)]
        history.append(clean)
        generator = rng(run.seed, "order", epoch)
        for wanted in (True, False):
            for batch in in_batches(generator, [i for i, flag in enumerate(clean) if flag is wanted]):
                p = run.logits(run.views([images[i] for i in batch], epoch)).softmax(-1)
                p_y = torch.stack([row[labels[i]] for row, i in zip(p, batch, strict=True)])
                run.step((-p_y.log() if wanted else 1 - p_y).mean())
    return run.ctx.detach(), history
