"""EM means: a robust prompt joined with the class means of relabelled images."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from annotated_types import Ge
from torch import Tensor
from torch.nn.functional import normalize

from methods.clip.prompt import Prompt
from methods.coop import PromptMethod
from methods.core.any_loss import AnyLoss
from methods.core.given import GivenImages
from methods.functional.label_em import (
    above_chance,
    class_means,
    left_out,
    likeliest,
    spread,
    standardised,
    true_labels,
)

NAME = "EM means"
FAMILY = "ours"
MADE_FOR_WRONG_LABELS = True

#: Images times classes that one pass of EM holds at most, times a dozen float32.
LIMIT = 2**25
#: What `join` and the sharpness are chosen from.
JOINS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
SHARPNESS = (1.0, 2.0, 4.0, 8.0, 16.0)


class Method(AnyLoss, PromptMethod):
    """GCE on a learned context, then EM for the true labels, then class means beside the prompt; a method of ours.

    A prompt can hardly memorise labels one by one, and zero-shot CLIP has seen none; class means can hardly be moved by
    wrong labels that are spread over the classes. Trained as `gce` is, the prompt t and zero-shot CLIP judge every
    training image, each with a fifth of the weight of the class means; EM between these judges and the given labels
    gives a posterior over the true label of each image (`methods.functional.label_em.true_labels`) and a matrix T of
    how labels go wrong. A class's weights in the final classifier are the sum of its prompt and the mean m of the
    images under the posterior, each divided by the standard deviation of its cosines over classes:

        w_k = s (t_k / sd(t) + join m_k / sd(m)) / |t_k / sd(t) + join m_k / sd(m)|

    `join` and the sharpness s maximise the likelihood of the given labels under T, every image left out of the class
    means that it is compared with; a number fixes `join`, and 0 is `gce` with another sharpness. Scores are in units of
    standard deviations throughout, so neither the backbone's logit scale nor the distance between its image and text
    features matters. Names of classes that the labels refute are given up, and all of them where zero-shot CLIP agrees
    with the labels no more than by chance (`refuted` and `above_chance` in `methods.functional.label_em`).

    `teacher=head` trains a linear head as `linear_probe[loss=gce]` does in the prompt's place, which needs features and
    texts alone; options of prompts have no effect then.

    Nothing was tuned by data set, noise or rate; docs/em_means.md has the derivation, what each part adds, and where it
    ends. Classes without a labelled image have no mean, so it does not run under `trzsl`.
    """

    paradigms: ClassVar[tuple[str, ...]] = ("fewshot", "ssl")
    remembered: ClassVar[tuple[str, ...]] = ("joined", "transition")
    needs_with: ClassVar[dict[str, dict[str, str]]] = {"teacher": {"head": "texts"}}
    teacher: Literal["prompt", "head"] = "prompt"
    loss_ = "gce"
    judges: Annotated[float, Ge(0)] = 0.2
    prior: Annotated[float, Ge(0)] = 0.25
    em_rounds: Annotated[int, Ge(0)] = 20
    join: Annotated[float, Ge(0)] | None = None

    texts: Tensor
    joined: Tensor
    transition: Tensor

    def build(self) -> None:
        """Draws the contexts or starts the heads [R, C, E], and makes room for what is computed after training."""
        self.register_buffer("texts", self.zero_shot(), persistent=False)
        if self.teacher == "head":
            self.head = torch.nn.Parameter(self.texts.repeat(len(self.task.seeds), 1, 1))
        else:
            super().build()
        for name in ("joined", "transition"):
            self.register_buffer(name, torch.empty(0, device=self.task.backbone.device), persistent=False)

    def start_training(self) -> None:
        """Forgets the classifier of an earlier training."""
        self.joined = self.joined[:0]

    @property
    def costly(self) -> bool:
        """EM takes longer than an epoch of heads."""
        return self.teacher == "head"

    def prompt(self) -> Prompt | None:
        """The contexts in their places, where prompts teach."""
        return super().prompt() if self.teacher == "prompt" else None

    def class_weights(self) -> Tensor:
        """The prompts' text features or the heads [R, C, E]."""
        return self.head if self.teacher == "head" else super().class_weights()

    @torch.no_grad()
    def classifier(self, weights: Tensor) -> Tensor:
        """Prompts [R, C, E] joined with the class means of the training images [R, C, E]."""
        given = GivenImages.of(self.data, self.rows)
        rows = max(1, LIMIT // (given.images.shape[1] * weights.shape[1]))
        parts = [
            self._joined(self.data.plain(images), labels, valid, own)
            for images, labels, valid, own in zip(
                *(tensor.split(rows) for tensor in (given.images, given.labels, given.valid, weights)), strict=True
            )
        ]
        self.joined, self.transition = (torch.cat(part) for part in zip(*parts, strict=True))
        return self.joined

    def _joined(self, features: Tensor, labels: Tensor, valid: Tensor, prompts: Tensor) -> tuple[Tensor, Tensor]:
        """Classifier and transition matrices of some replicas, from unit features [R, N, E] and labels [R, N]."""
        cosines = features @ prompts.transpose(1, 2)
        zero_shot = features @ self.texts.T
        judgement = self.judges * (standardised(cosines, valid) + standardised(zero_shot, valid))
        trusted = above_chance(zero_shot, labels, valid)
        q, transition = true_labels(features, labels, valid, judgement, trusted, self.prior, self.em_rounds)
        means = class_means(features, q)
        of_prompts, of_means = spread(cosines, valid), spread(features @ means.transpose(1, 2), valid)
        joins = JOINS if self.join is None else (self.join,)
        sums = torch.stack([prompts / of_prompts + join * means / of_means for join in joins])
        apart = left_out(features, q) / of_means
        scores = (
            (cosines / of_prompts + join * apart) / total.norm(dim=-1).unsqueeze(1)
            for join, total in zip(joins, sums, strict=True)
        )
        best, sharpness = likeliest(scores, labels, valid, transition, SHARPNESS)
        chosen = normalize(sums[best, torch.arange(len(best), device=best.device)], dim=-1)
        units = spread(features @ chosen.transpose(1, 2), valid) * self.task.backbone.scale
        return sharpness[:, None, None] / units * chosen, transition
