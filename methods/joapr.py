"""JoAPR: label refurbishment with clean and noisy images split by a Gaussian mixture of their losses."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
import torch
from annotated_types import Ge, Gt
from torch import Tensor
from torch.nn.functional import normalize, one_hot

from datamodules.batches import Batch
from methods.coop import PromptMethod
from methods.core.given import GivenImages
from methods.functional import losses, mixture

NAME = "JoAPR"
FAMILY = "prompt"
MADE_FOR_WRONG_LABELS = True


class Method(PromptMethod):
    """Label refurbishment with joint adaptive thresholds; JoAPR (Guo & Gu, CVPR 2024).

    Warm-up: cross-entropy + alpha1 sum_k p_k log p_k. After it, before every epoch, a two-component mixture
    (`mixture.split`) splits the images by cross-entropy plus entropy (scaled to 0 ... 1, mean of the last 5 epochs).
    Each step takes a batch of clean and one of noisy images; clean labels become w y + (1 - w) p, with w the
    probability of being clean, times p_y from the second split on; noisy ones become p; both are squared and
    normalised (T = 2). Then MixMatch (Beta(beta, beta)), cross-entropy, and alpha2 KL(uniform || mean prediction).

    Published warm-up / alpha1 / alpha2: Caltech101 1 / 0.5 / 0.5; Cars, SUN397, ImageNet 1 / 0.5 / 1 (our default);
    Flowers, UCF101 20 / 0.5 / 1; FGVC 150 / 0.1 / 1; Pets, DTD 1 / 0.2 / 1; EuroSAT 10 / 0.2 / 1. At high rates some of
    them are lower; `promptnoise paper joapr` has all of them.

    Differences from the released code: it mixes pixels, we mix unit features (nearly the same at beta = 0.001, where 99
    of 100 draws leave an image unmixed); its w multiplies an image's probability by the p_y of another image, since the
    two lists are in different orders; and it stops if no image is noisy.
    """

    paradigms: ClassVar[tuple[str, ...]] = ("fewshot", "ssl")
    warmup: Annotated[int, Ge(0)] = 1
    alpha1: Annotated[float, Ge(0)] = 0.5
    alpha2: Annotated[float, Ge(0)] = 1.0
    beta: Annotated[float, Gt(0)] = 0.001

    remembered: ClassVar[tuple[str, ...]] = ("threshold", "history", "trust", "clean")

    def start_epoch(self) -> None:
        """After the warm-up, splits every run's images into clean and noisy ones."""
        if self.current_epoch < self.warmup:
            return
        given = GivenImages.of(self.data, self.rows)
        with torch.no_grad():
            log_p = self.logits(self.data.plain(given.images), self.class_weights()).float().log_softmax(-1)
        loss = losses.cross_entropy(log_p, given.labels)
        measure, p_y = torch.stack([loss - (log_p.exp() * log_p).sum(-1), (-loss).exp()]).cpu()
        count, pool = len(given.counts), len(self.data.pool())
        if self.current_epoch == self.warmup:
            self.threshold = [0.5] * count
            self.history: list[list[Tensor]] = [[] for _ in range(count)]
            self.trust, self.clean = torch.zeros(2, count, pool)
        trust, clean = self.trust.cpu(), self.clean.cpu()
        for row, own in enumerate(given.counts):
            if measure[row].isfinite().all():
                images, labels = self.data.training_set(self.rows.start + row)
                trust[row, images], is_clean = self._split(row, measure[row, :own], p_y[row, :own])
                clean[row, images] = is_clean.float()
                self.data.assign(self.rows.start + row, images, labels, (~is_clean).long(), paired=True)
        self.trust, self.clean = torch.stack([trust, clean]).to(self.data.device)

    def _split(self, row: int, measure: Tensor, p_y: Tensor) -> tuple[Tensor, Tensor]:
        """Weights of the given labels [n] of a run, and which are clean [n], by cross-entropy plus entropy [n]."""
        spread = (measure.max() - measure.min()).clamp(min=1e-12)
        self.history[row] = [*self.history[row], (measure - measure.min()) / spread][-5:]
        seed = self.task.generator(row, f"mixture {self.current_epoch}").initial_seed()
        mean = torch.stack(self.history[row]).double().mean(0).numpy()
        clean, probability, self.threshold[row] = mixture.split(mean, self.threshold[row], seed)
        trust = torch.from_numpy(probability).to(p_y)
        return trust if self.current_epoch == self.warmup else trust * p_y, torch.from_numpy(clean)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Loss of the warm-up [R, B], cross-entropy + alpha1 sum_k p_k log p_k."""
        log_p = logits.float().log_softmax(-1)
        return losses.cross_entropy(logits, labels) + self.alpha1 * (log_p.exp() * log_p).sum(-1)

    def total_loss(self, batch: Batch, weights: Tensor) -> Tensor:
        """Total loss [R]: after the warm-up, cross-entropy against refurbished labels + alpha2 KL from uniform."""
        if self.current_epoch < self.warmup:
            return super().total_loss(batch, weights)
        with torch.no_grad():
            plain = self.image_features(batch)
            targets = self._refurbished(self.logits(plain, weights.detach()).float().softmax(-1), batch)
            if batch.step == 0:
                self.shares, self.partners = self._mixing()
            share, partner = self.shares[batch.step], self.partners[batch.step].unsqueeze(-1)
            features = normalize(share * plain + (1 - share) * plain.take_along_dim(partner, 1), dim=-1)
            targets = share * targets + (1 - share) * targets.take_along_dim(partner, 1)
        logits = self.logits(features, weights)
        self.record_step(logits, losses.cross_entropy(logits.detach(), batch.labels))
        log_p = logits.float().log_softmax(-1)
        each = self.mean_per_run(-(targets * log_p).sum(-1), batch)
        mean = (log_p.exp() * batch.valid.unsqueeze(-1)).sum(1) / batch.valid.sum(1, keepdim=True).clamp(min=1)
        uniform = 1 / log_p.shape[-1]
        distance = (uniform * (uniform / mean.clamp(min=1e-30)).log()).sum(-1)
        return each + torch.where(batch.active, self.alpha2 * distance, 0)

    def _refurbished(self, p: Tensor, batch: Batch) -> Tensor:
        """Refurbished labels [R, B, C] from predictions [R, B, C]."""
        trust = (self.clean * self.trust).gather(1, batch.images).unsqueeze(-1)
        labels: Tensor = (trust * one_hot(batch.labels, p.shape[-1]) + (1 - trust) * p).square()
        return labels / labels.sum(-1, keepdim=True)

    def _mixing(self) -> tuple[Tensor, Tensor]:
        """MixMatch's weight [steps, R, 1, 1] of each image, at least 0.5, and its partner [steps, R, B]."""
        valid = self.data.plan.valid[:, self.rows]
        shares, partners = np.empty(valid.shape[:2]), np.tile(np.arange(valid.shape[2]), (*valid.shape[:2], 1))
        for step, row in np.ndindex(*shares.shape):
            seed = self.task.generator(row, f"mixing {self.current_epoch} {step}").initial_seed()
            draw = np.random.default_rng(seed)
            share = draw.beta(self.beta, self.beta)
            shares[step, row] = max(share, 1 - share)
            places = np.flatnonzero(valid[step, row])
            partners[step, row, places] = draw.permutation(places)
        device = self.data.device
        on_device = torch.from_numpy(shares).float().to(device)[..., None, None]
        return on_device, torch.from_numpy(partners).to(device)
