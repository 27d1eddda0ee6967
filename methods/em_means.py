"""EM means: class names, a robust prompt, and a regression on images whose labels EM corrects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import torch
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

    Zero-shot CLIP and a prompt that is trained as `gce` is judge every training image, beside a ridge regression that
    has not seen it. EM finds posteriors over true labels, how labels go wrong, and the weights of the log-linear pool
    of the three, which is the classifier [R, C, E] (`methods.functional.label_em.explain`, docs/em_means.md).

    With `teacher=names` there is no prompt: nothing is trained, and features and texts are enough. Classes without a
    labelled image say nothing to the regression: not for `trzsl`.
    """

    paradigms: ClassVar[tuple[str, ...]] = ("fewshot", "ssl")
    remembered: ClassVar[tuple[str, ...]] = ("joined",)
    needs_with: ClassVar[dict[str, dict[str, str]]] = {"teacher": {"names": "texts"}}
    teacher: Literal["prompt", "names"] = "prompt"
    loss_ = "gce"

    texts: Tensor
    joined: Tensor
    _judged: Tensor
    _kept: list[Given]

    def build(self) -> None:
        """Draws the contexts, and makes room for what is computed after training."""
        self._keep(texts=self.zero_shot(), joined=torch.empty(0, device=self.task.backbone.device))
        if self.teacher == "prompt":
            super().build()
        self._judged, self._kept = self.joined, []

    def start_training(self) -> None:
        """Forgets the classifier of an earlier training."""
        self.joined, self._judged, self._kept = self.joined[:0], self.joined[:0], []

    def prompt(self) -> Prompt | None:
        """The contexts in their places, where prompts teach."""
        return super().prompt() if self.teacher == "prompt" else None

    @torch.no_grad()
    def classifier(self, weights: Tensor) -> Tensor:
        """The pool [R, C, E] of names, prompts [R, C, E] and the training images."""
        if not torch.equal(weights, self._judged):
            scale, own, parts = self.task.backbone.scale, iter(weights), []
            for given in self._kept or self._given_images():
                if self.teacher == "prompt":
                    given = given.beside(scale * torch.stack([next(own) for _ in given.labels]))
                parts.append(explain(given).classifier(given) / scale)
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
