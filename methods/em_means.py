"""EM means: class names, a robust prompt, and a regression on images whose labels EM corrects."""

from __future__ import annotations

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

#: Images times classes that one pass of EM holds at most, times some dozen float32.
LIMIT = 2**25


class Method(AnyLoss, PromptMethod):
    """EM for the true labels of the training images, between class names, a prompt, a regression and the given labels.

    A prompt can hardly memorise labels one by one, and zero-shot CLIP has seen none. Trained as `gce` is, the prompt
    and zero-shot CLIP judge every training image; beside them stands a ridge regression on the features, which has not
    seen the image that it judges. EM finds a posterior over the true label of each image, how labels go wrong, and how
    much each of the three counts (`methods.functional.label_em.explain`). Their log-linear pool is linear in the
    features, and is the classifier:

        w_k = sum_j a_j t_jk + b r_k + c_k m

    with t_j the text features times the logit scale, r_k the regression's weights, c_k a bias, and m the mean feature
    over its squared length. The regression becomes class means as its ridge grows.

    With `teacher=names` there is no prompt: nothing is trained, and features and texts are enough.

    Nothing was tuned by data set, noise, rate or shots; docs/em_means.md has the derivation, what each part adds, and
    where it ends. Classes without a labelled image say nothing to the regression, so it does not run under `trzsl`.
    """

    paradigms: ClassVar[tuple[str, ...]] = ("fewshot", "ssl")
    remembered: ClassVar[tuple[str, ...]] = ("joined",)
    needs_with: ClassVar[dict[str, dict[str, str]]] = {"teacher": {"names": "texts"}}
    teacher: Literal["prompt", "names"] = "prompt"
    loss_ = "gce"
    em_rounds: Annotated[int, Ge(0)] = 8

    texts: Tensor
    joined: Tensor

    def build(self) -> None:
        """Draws the contexts, and makes room for what is computed after training."""
        self.register_buffer("texts", self.zero_shot(), persistent=False)
        if self.teacher == "prompt":
            super().build()
        self.register_buffer("joined", torch.empty(0, device=self.task.backbone.device), persistent=False)

    def start_training(self) -> None:
        """Forgets the classifier of an earlier training."""
        self.joined = self.joined[:0]

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
        given = GivenImages.of(self.data, self.rows)
        rows = max(1, LIMIT // (given.images.shape[1] * weights.shape[1]))
        parts = [
            self._joined(self.data.plain(images), labels, valid, own)
            for images, labels, valid, own in zip(
                *(tensor.split(rows) for tensor in (given.images, given.labels, given.valid, weights)), strict=True
            )
        ]
        self.joined = torch.cat(parts)
        return self.joined

    def _joined(self, features: Tensor, labels: Tensor, valid: Tensor, weights: Tensor) -> Tensor:
        """Classifiers [R, C, E] of some replicas, from unit features [R, N, E] and labels [R, N]."""
        scale, names = self.task.backbone.scale, self.texts.expand_as(weights)
        by_names = torch.stack([names] if self.teacher == "names" else [names, weights])
        given = Given.of(features, labels, valid, scale * by_names)
        return explain(given, self.em_rounds).classifier(given) / scale
