"""Adapters and heads on image features, one image after the other, in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from tests.reference.clip import PlainRun
from tests.support import toy

Logits = Callable[[Tensor], Tensor]
"""The feature [E] of one image to logits [C]."""


class FeatureRun:
    """One run that learns `parameters` on features, every crop of which is encoded when it is needed."""

    def __init__(self, seed: int, epochs: int, images: list[int], labels: list[int]) -> None:
        self.clip = PlainRun(seed, torch.zeros(1, 32), epochs, toy.toy_dataset())
        self.images, self.labels = images, labels
        with torch.no_grad():
            self.texts = self.clip.zero_shot().double()
            self.raw_texts = self.clip.zero_shot(unit=False).double()
        self.scale = toy.tiny_clip().scale

    def features(self, pixels: Tensor) -> Tensor:
        """Unit features [n, E]."""
        with torch.no_grad():
            return unit(self.clip.model.encode_image(pixels).double())

    def plain(self) -> Tensor:
        """Those of the training images without crops."""
        return self.features(self.clip.plain(self.images))

    def crops(self, batch: list[int], epoch: int) -> Tensor:
        """Those of the crops that some training images have in an epoch."""
        return self.features(self.clip.views([self.images[i] for i in batch], epoch))

    def train(
        self,
        parameters: Sequence[Tensor],
        logits: Logits,
        penalty: Callable[[], Tensor] = lambda: torch.tensor(0.0),
        weight_decay: float = toy.RECIPE.weight_decay,
        steps: Sequence[Callable[[int], float]] = (),
        first: int = 0,
        kept: Sequence[bool] | None = None,
    ) -> None:
        """SGD with momentum on the mean cross-entropy and a penalty.

        `steps` are learning rates by epoch, `first` counts earlier epochs, only `kept` images have a loss.
        """
        optimizer = torch.optim.SGD(
            [{"params": [one]} for one in parameters], lr=1.0, momentum=toy.RECIPE.momentum, weight_decay=weight_decay
        )
        for epoch in range(self.clip.epochs):
            self.clip.start_epoch(epoch)
            for number, group in enumerate(optimizer.param_groups):
                group["lr"] = steps[number](epoch) if steps else self.clip.optimizer.param_groups[0]["lr"]
            for batch in self.clip.batches(len(self.images), first + epoch):
                features = self.crops(batch, epoch)
                losses = [
                    -logits(f).log_softmax(-1)[self.labels[i]]
                    for f, i in zip(features, batch, strict=True)
                    if kept is None or kept[i]
                ]
                loss = torch.stack(losses).mean() + penalty()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()


def unit(values: Tensor) -> Tensor:
    """Vectors [..., E] of length 1."""
    return values / values.square().sum(-1, keepdim=True).sqrt()


def tip_logits(run: FeatureRun, keys: Tensor, labels: list[int], alpha: float, beta: float, feature: Tensor) -> Tensor:
    """Zero-shot logits [C] plus the cache's, key by key."""
    logits = [run.scale * (text @ feature) for text in run.texts]
    for key, label in zip(keys, labels, strict=True):
        logits[label] = logits[label] + alpha * torch.exp(-beta * (1 - key @ feature))
    return torch.stack(logits)


def clip_adapter_logits(run: FeatureRun, down: Tensor, up: Tensor, ratio: float, feature: Tensor) -> Tensor:
    """Logits [C] of an adapted feature, unit by unit; longer features, as before normalisation, change nothing."""
    longer = 7 * feature
    hidden = torch.stack([torch.clamp(row @ longer, min=0) for row in down])
    adapted = torch.stack([torch.clamp(row @ hidden, min=0) for row in up])
    mixed = unit(ratio * adapted + (1 - ratio) * longer)
    return torch.stack([run.scale * (text @ mixed) for text in run.texts])


def multipliers(run: FeatureRun) -> list[float]:
    """CLAP's mean zero-shot probability of each class over the images that are labelled so."""
    shares: list[list[float]] = [[] for _ in run.texts]
    for feature, label in zip(run.plain(), run.labels, strict=True):
        shares[label].append(float((run.scale * run.texts @ feature).softmax(-1)[label]))
    return [sum(own) / len(own) if own else 1.0 for own in shares]


def lp_train(run: FeatureRun, learned: Sequence[Tensor], alpha: Tensor, sizes: Sequence[float], steps: int) -> None:
    """Steps of LP++ on all images, by hand; `learned` are w and perhaps a bias.

    Alpha moves after every tenth by the sum of all its gradients.
    """
    features, labels = run.plain(), torch.tensor(run.labels)
    moments, summed = [torch.zeros_like(one) for one in learned], torch.zeros_like(alpha)
    for step in range(1, steps + 1):
        logits = features @ learned[0].T + features @ run.texts.T * alpha + sum(learned[1:])
        loss = -logits.log_softmax(-1)[torch.arange(len(labels)), labels].mean()
        *slopes, alpha_slope = torch.autograd.grad(loss, [*learned, alpha])
        with torch.no_grad():
            moments = [0.9 * moment + slope for moment, slope in zip(moments, slopes, strict=True)]
            for one, moment in zip(learned, moments, strict=True):
                one -= sizes[0] * moment
            summed = summed + alpha_slope
            if step % 10 == 0:
                alpha -= sizes[1] * summed


def lp_start(run: FeatureRun) -> tuple[Tensor, Tensor, float, float]:
    """LP++'s prototypes [C, E], factors [C] and the two step sizes."""
    features = run.plain()
    sums = torch.zeros_like(run.texts)
    own: list[list[float]] = [[] for _ in run.texts]
    for feature, label in zip(features, run.labels, strict=True):
        sums[label] += feature
        own[label].append(float(feature @ run.texts[label]))
    means = [sum(values) / len(values) for values in own if values]
    alpha = torch.full((len(own),), 250 * sum(means) / len(means), dtype=torch.float64)
    n = len(features)
    largest = max(torch.linalg.eigvals(features.T @ features).real.tolist())
    squares = max(sum(float(feature @ text) ** 2 for feature in features) for text in run.texts)
    return sums, alpha, 4 * n / largest, n / (4 * squares)


class Images:
    """Features [R, B, E] alone, as methods take them."""

    def __init__(self, features: Tensor) -> None:
        self.features = features

    def pixels(self) -> tuple[Tensor, Tensor]:
        """There are none."""
        raise NotImplementedError
