"""The released rules of adapters and heads on given features, one run at a time, with PyTorch's own optimisers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize, one_hot

from datamodules.seeds import rng

Logits = Callable[[Tensor], Tensor]
"""Unit features [n, E] to logits [n, C]."""


@dataclass(frozen=True)
class Given:
    """What one run was given: unit features [n, E], labels [n], texts [C, E] as the tower makes them, a seed."""

    features: Tensor
    labels: Tensor
    texts: Tensor
    seed: int

    @property
    def unit_texts(self) -> Tensor:
        """Texts of unit length."""
        return normalize(self.texts, dim=-1)

    def batches(self, epoch: int, size: int, drop_last: bool) -> Iterator[tuple[Tensor, Tensor]]:
        """An epoch's features and labels, in the order that the suite has for this seed."""
        order = torch.from_numpy(rng(self.seed, "order", epoch).permutation(len(self.labels)))
        for part in order.split(size):
            if len(part) == size or not drop_last:
                yield self.features[part], self.labels[part]


def dassl(optimizer: torch.optim.Optimizer, lr: float, epoch: int, epochs: int) -> None:
    """Dassl's cosine after one epoch at 1e-5."""
    for group in optimizer.param_groups:
        group["lr"] = lr * (1 + math.cos(math.pi * (epoch - 1) / epochs)) / 2 if epoch else 1e-5


def step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def clap(run: Given) -> Logits:
    """CLAP: SGD at 0.1, 300 epochs in batches of 256, a penalty on the texts' own lengths."""
    shares = (100 * run.features @ run.unit_texts.T).softmax(-1)
    strengths = torch.stack([shares[run.labels == c, c].mean() for c in range(len(run.texts))])
    head = run.texts.clone().requires_grad_()
    optimizer = torch.optim.SGD([head], lr=0.1, momentum=0.9)
    for epoch in range(300):
        dassl(optimizer, 0.1, epoch, 300)
        for features, labels in run.batches(epoch, 256, drop_last=True):
            loss = cross_entropy(100 * features @ normalize(head, dim=-1).T, labels)
            step(optimizer, loss + (strengths * (head - run.texts).pow(2).sum(-1)).mean())
    return lambda features: features @ normalize(head.detach(), dim=-1).T


def task_res(run: Given) -> Logits:
    """TaskRes: Adam at 0.002 with Dassl's weight decay, 200 epochs in batches of 256."""
    residual = torch.zeros_like(run.texts).requires_grad_()
    optimizer = torch.optim.Adam([residual], lr=0.002, weight_decay=5e-4)
    for epoch in range(200):
        dassl(optimizer, 0.002, epoch, 200)
        for features, labels in run.batches(epoch, 256, drop_last=True):
            head = normalize(run.texts + 0.5 * residual, dim=-1)
            step(optimizer, cross_entropy(100 * features @ head.T, labels))
    return lambda features: features @ normalize(run.texts + 0.5 * residual.detach(), dim=-1).T


def prolip(run: Given) -> Logits:
    """ProLIP's regularised linear adapter: Adam at 1e-5, 300 full-batch epochs, lambda 1/16."""
    eye = torch.eye(run.features.shape[1])
    matrix = eye.clone().requires_grad_()
    optimizer = torch.optim.Adam([matrix], lr=1e-5, eps=1e-4)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 300)
    for _ in range(300):
        adapted = normalize(run.features @ matrix.T, dim=-1)
        step(optimizer, cross_entropy(100 * adapted @ run.unit_texts.T, run.labels) + (matrix - eye).pow(2).sum() / 16)
        cosine.step()
    return lambda features: features @ matrix.detach().T @ run.unit_texts.T


def tip_adapter(run: Given, epochs: int = 0) -> Logits:
    """Tip-Adapter, with keys tuned by AdamW for some epochs, a cosine by step."""
    values = one_hot(run.labels, len(run.texts)).float()
    keys = run.features.clone().requires_grad_()

    def logits(features: Tensor) -> Tensor:
        return 100 * features @ run.unit_texts.T + (5.5 * (features @ keys.T - 1)).exp() @ values

    optimizer = torch.optim.AdamW([keys], lr=0.001, eps=1e-4)
    steps = epochs * math.ceil(len(run.labels) / 256)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, steps))
    for epoch in range(epochs):
        for features, labels in run.batches(epoch, 256, drop_last=False):
            step(optimizer, cross_entropy(logits(features), labels))
            cosine.step()
    return lambda features: logits(features).detach()


def lp_plus_plus(run: Given) -> Logits:
    """LP++: 300 steps on all images, alpha's gradient never cleared, a bias."""
    texts, similar = run.unit_texts, run.features @ run.unit_texts.T
    probe = torch.nn.Linear(texts.shape[1], len(texts))
    own = [run.labels == c for c in range(len(texts))]
    probe.weight.data = torch.stack([run.features[rows].sum(0) for rows in own])
    start = 250 * torch.stack([similar[rows, c].mean() for c, rows in enumerate(own)]).mean()
    alpha = torch.full((1, len(texts)), float(start), requires_grad=True)
    images = len(run.labels)
    rate = 4 * images / float(torch.linalg.eigvalsh(run.features.T @ run.features)[-1])
    alpha_rate = images / (4 * similar.pow(2).sum(0).max())
    optimizer = torch.optim.SGD(probe.parameters(), rate, momentum=0.9)
    for number in range(1, 301):
        step(optimizer, cross_entropy(probe(run.features) + alpha * similar, run.labels))
        if number % 10 == 0:
            assert alpha.grad is not None
            alpha.data -= alpha_rate * alpha.grad
    return lambda features: (probe(features) + alpha * (features @ texts.T)).detach()
