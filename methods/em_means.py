"""EM means: class names, a robust prompt, and a regression on images whose labels EM corrects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import torch
from annotated_types import Ge
from torch import Tensor

from methods.clip.prompt import Prompt
from methods.coop import PromptMethod
from methods.core.any_loss import AnyLoss
from methods.core.given import GivenImages
from methods.functional.label_em import Given, explain

NAME = "EM means"
FAMILY = "ours"
MADE_FOR_WRONG_LABELS = True

#: Images times classes that one pass of EM holds, unless a run has more, and those of all runs that are kept.
AT_ONCE, KEPT = 2**16, 2**23


class Method(AnyLoss, PromptMethod):
    """EM for the true labels of the training images, between class names, a prompt, a regression and the given labels.

    A prompt trained as `gce` is, which can hardly memorise labels one by one, and zero-shot CLIP judge every training
    image, beside a ridge regression on the features that has not seen the image. EM finds a posterior over the true
    label of each, how labels go wrong, and how much each of the three counts (`methods.functional.label_em.explain`).
    Their log-linear pool is linear in the features, and is the classifier:

        w_k = sum_j a_j t_jk + b r_k + c_k m

    with t_j the text features times the logit scale, r_k the regression's weights, c_k a bias, and m the mean feature
    over its squared length. The regression becomes class means as its ridge grows.

    With `teacher=names` there is no prompt: nothing is trained, and features and texts are enough. docs/em_means.md has
    the derivation and where it ends. Classes without a labelled image say nothing to the regression: not for `trzsl`.
    """

    paradigms: ClassVar[tuple[str, ...]] = ("fewshot", "ssl")
    remembered: ClassVar[tuple[str, ...]] = ("joined",)
    needs_with: ClassVar[dict[str, dict[str, str]]] = {"teacher": {"names": "texts"}}
    teacher: Literal["prompt", "names"] = "prompt"
    loss_ = "gce"
    em_rounds: Annotated[int, Ge(0)] = 8

    texts: Tensor
    joined: Tensor
    _judged: Tensor
    _kept: list[Given]

    def build(self) -> None:
        """Draws the contexts, and makes room for what is computed after training."""
        self.register_buffer("texts", self.zero_shot(), persistent=False)
        if self.teacher == "prompt":
            super().build()
        self.register_buffer("joined", torch.empty(0, device=self.task.backbone.device), persistent=False)
        self._judged, self._kept = self.joined, []

    def start_training(self) -> None:
        """Forgets the classifier of an earlier training."""
        self.joined, self._kept = self.joined[:0], []
        self._judged = self.joined

    def prompt(self) -> Prompt | None:
        """The contexts in their places, where prompts teach."""
        return super().prompt() if self.teacher == "prompt" else None

    def class_weights(self) -> Tensor:
        """The text features of the prompts, or of the names [R, C, E]."""
        if self.teacher == "names":
            return self.texts.expand(len(self.task.seeds), -1, -1)
        return super().class_weights()

    @torch.no_grad()
    def classifier(self, weights: Tensor) -> Tensor:
        """The pool [R, C, E] of names, prompts [R, C, E] and the training images."""
        if not torch.equal(weights, self._judged):
            scale, own, parts = self.task.backbone.scale, iter(weights), []
            for given in self._kept or self._given_images():
                if self.teacher == "prompt":
                    given = given.beside(scale * torch.stack([next(own) for _ in given.labels]))
                parts.append(explain(given, self.em_rounds).classifier(given) / scale)
            self.joined, self._judged = torch.cat(parts), weights.clone()
        return self.joined

    def _given_images(self) -> Iterator[Given]:
        """What runs are to explain by names, a few runs at a time; kept while a training lasts unless it is much."""
        given, names = GivenImages.of(self.data, self.rows), self.task.backbone.scale * self.texts
        at_once = max(1, AT_ONCE // (given.images.shape[1] * len(self.texts)))
        parts = (each.split(at_once) for each in (given.images, given.labels, given.valid))
        for images, labels, valid in zip(*parts, strict=True):
            found = Given.of(self.data.plain(images), labels, valid, names.expand(len(labels), -1, -1))
            if given.images.numel() * len(names) <= KEPT:
                self._kept.append(found)
            yield found
