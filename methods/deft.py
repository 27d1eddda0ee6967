"""DEFT: a positive and a negative prompt detect wrong labels, and a head trains on what they keep."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar

import torch
from annotated_types import Ge
from torch import Tensor

from datamodules.batches import Batch
from methods.clip.prompt import Prompt
from methods.coop import PromptMethod
from methods.core.any_loss import AnyLoss
from methods.core.given import GivenImages
from methods.functional.dual_prompts import clean_logits, dual_loss

NAME = "DEFT"
FAMILY = "prompt"


class Method(AnyLoss, PromptMethod):
    """A positive and a negative prompt vote on each given label, then a linear head trains without the rejected; DEFT.

    2409.19696. First phase, with logits z of the positive and u of the negative prompts: a label y counts as clean if
    p_y > 1/2, p_k = sigmoid(z_k - u_k). The loss is the mean cross-entropy of z over clean images, plus the mean over
    all of -log p_y' - log(1 - p_k), k a random class other than y, drawn anew in each epoch, and y' = y for clean
    images, else the arg-max of z; in the first `warmup` epochs all count as clean. The second term moves the negative
    prompt alone. Second phase, as long as the first and with the learning rate starting over: the images whose label is
    clean (plain features, last prompts) train a linear head that starts at the text features, the others still stand in
    its batches, but have no loss; the head is tested.
    Published: 10 epochs a phase, `warmup` 1, SGD at 0.03, batch 64, 16 context tokens. `loss` replaces cross-entropy.

    Differences: the paper tunes the image tower in both phases (deep visual prompts, then all of it) with a randomly
    initialised head; here it is frozen. The released code keeps what was clean in the last epoch's augmented batches,
    and yields NaN where a batch has no clean image, whose loss is here the second term alone.
    """

    rounds = 2
    paradigms: ClassVar[tuple[str, ...]] = ("fewshot", "ssl")
    warmup: Annotated[int, Ge(0)] = 1

    remembered: ClassVar[tuple[str, ...]] = ("detecting", "complements", "kept")
    learned_later: ClassVar[tuple[str, ...]] = ("head",)
    detecting: bool
    given: GivenImages

    def build(self) -> None:
        """Draws both contexts [R, N, D] and starts the heads [R, C, E] at the text features."""
        super().build()
        self.detecting = True
        self.negative = torch.nn.Parameter((0.02 * self.task.normal("negative", *self.ctx.shape[1:])).to(self.ctx))
        self.head = torch.nn.Parameter(self.zero_shot().repeat(len(self.task.seeds), 1, 1))

    def prompt(self) -> Prompt | None:
        """The positive prompts, in the first phase."""
        return super().prompt() if self.detecting else None

    def class_weights(self) -> Tensor:
        """Text features of the positive prompts, then the heads [R, C, E]."""
        return super().class_weights() if self.detecting else self.head

    def start_training(self) -> None:
        """Looks up the training images."""
        self.given = GivenImages.of(self.data, self.rows)

    def start_epoch(self) -> None:
        """Draws every image's other class, or, between the phases, rejects images."""
        given, epoch = self.given, self.current_epoch
        self.detecting = epoch < self.task.epochs
        if self.detecting:
            draws = torch.zeros_like(given.labels, device="cpu")
            for row, count in enumerate(given.counts):
                generator = self.task.generator(row, f"complement {epoch}")
                draws[row, :count] = torch.randint(len(self.task.classes) - 1, (count,), generator=generator)
            others = draws.to(given.labels.device)
            self.complements = given.on_pool(others + (others >= given.labels).long(), len(self.data.pool()))
        elif epoch == self.task.epochs:
            self._reject(given)

    @torch.no_grad()
    def _reject(self, given: GivenImages) -> None:
        """Remembers which training images have a clean label, `kept` [R, P]."""
        features, prompt = self.data.plain(given.images), super().prompt()
        assert prompt is not None
        clean = self._clean(self.logits(features, prompt.encode(self.ctx)), features).gather(
            -1, given.labels[..., None]
        )
        kept = (clean.squeeze(-1) > 0) & given.valid
        self.kept = given.on_pool(kept.long(), len(self.data.pool())).bool()

    def _clean(self, positive: Tensor, features: Tensor) -> Tensor:
        """Clean logits [R, B, C] of labels, from the positive logits."""
        weights = self.task.backbone.encode_prompts(self.negative, self.layout)
        return clean_logits(positive, self.logits(features, weights))

    def total_loss(self, batch: Batch, weights: Tensor) -> Tensor:
        """Both prompts' losses [R], or the heads'."""
        if not self.detecting:
            return super().total_loss(replace(batch, valid=batch.valid & self.kept.gather(1, batch.images)), weights)
        features = self.image_features(batch)
        logits = self.logits(features, weights)
        clean = self._clean(logits, features)
        kept = clean.detach().gather(-1, batch.labels.unsqueeze(-1)).squeeze(-1) > 0
        kept = kept | (self.current_epoch < self.warmup)
        each = self.loss_per_image(logits, batch)
        self.record_step(logits, each)
        mended = torch.where(kept, batch.labels, logits.detach().argmax(-1))
        others = self.complements.gather(1, batch.images)
        dual = dual_loss(clean, mended, others)
        count = batch.valid.sum(1).clamp(min=1)
        chosen = replace(batch, valid=batch.valid & kept)
        return self.mean_per_run(each, chosen) + torch.where(batch.valid, dual, 0).sum(1) / count
