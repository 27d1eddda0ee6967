"""ProGrad: steps that do not go against zero-shot CLIP."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import torch
from annotated_types import Ge, Gt
from torch import Tensor

from datamodules.batches import Batch
from methods.clip.prompt import Prompt
from methods.coop import PromptMethod
from methods.core.any_loss import AnyLoss
from methods.core.base import BaseMethod

NAME = "ProGrad"
FAMILY = "prompt"

#: The length of the teacher's gradient, as a fraction of the loss's, below which it is rounding error.
LEAST = 1e-3


class Method(AnyLoss, PromptMethod):
    """Cross-entropy without the part of its gradient that leads away from zero-shot CLIP; ProGrad (2205.14865).

    With g the gradient of cross-entropy at the context and h that of KL(zero-shot || prompt) at the temperature T, both
    means over the batch, a step follows g where <g, h> >= 0 and g - `weight` <g, h> h / |h|^2 elsewhere, with
    the momentum and weight decay of the recipe. Each run has its own inner product, over all its context tokens.

    Published: `weight` 1 (lambda), T = 1, CoOp's optimiser, and a context of 16 tokens of which the last ones start at
    the data set's template and the others at zero. Here the context starts at "a photo of a" (`init`; empty: random),
    so that it has 4 tokens. In the recipe `prograd` zero-shot CLIP is told "a type of pet, a photo of a {}." and the
    like, as in the released code; under any other the data set's template, CoOp's. Where the prompt is still that of
    zero-shot CLIP, h is rounding error, and the released code takes out whatever direction that has; here only an h
    longer than `LEAST` |g| counts.

    `loss` replaces cross-entropy; `forget` leaves images out of g, not of h.
    """

    weight: Annotated[float, Ge(0)] = 1.0
    temperature: Annotated[float, Gt(0)] = 1.0
    init: str = "a photo of a"

    teacher: Tensor

    def build(self) -> None:
        """Keeps the text features of zero-shot CLIP, by the recipe's template if it has one."""
        super().build()
        self._keep(teacher=self.zero_shot(template=self.task.recipe.template))

    def prompt(self) -> Prompt | None:
        """The contexts, encoded apart from other methods', since their text pass is differentiated twice."""
        plain = super().prompt()
        assert plain is not None
        return replace(plain, kind=(*plain.kind, self.name))

    def total_loss(self, batch: Batch, weights: Tensor) -> Tensor:
        """The mean loss [R]; on the way back its gradient at the contexts is projected."""
        features = self.image_features(batch)
        logits = self.logits(features, weights)
        student, teacher = (
            self.select_train_classes(each).float() / self.temperature
            for each in (logits, self.logits(features, self.teacher.expand_as(weights)))
        )
        each = -(teacher.softmax(-1) * student.log_softmax(-1)).sum(-1)
        (away,) = torch.autograd.grad(BaseMethod.mean_per_run(self, each, batch).sum(), self.ctx, retain_graph=True)
        self._project_once(away)
        each = self.loss_per_image(self.select_train_classes(logits), self.renumbered(batch))
        self.record_step(logits, each)
        return self.mean_per_run(each, batch)

    def _project_once(self, away: Tensor) -> None:
        """Projects the next gradient at the contexts [R, N, D] against `away`; the contexts keep no hook beyond it."""

        def hook(gradient: Tensor) -> Tensor:
            handle.remove()
            return project(gradient, away, self.weight)

        handle = self.ctx.register_hook(hook)


def project(gradient: Tensor, direction: Tensor, weight: float) -> Tensor:
    """Rows of `gradient` [R, ...] without `weight` times their part against those of `direction`, where there is one.

    >>> project(torch.tensor([[1.0, -1.0], [1.0, 1.0]]), torch.tensor([[0.0, 2.0], [0.0, 2.0]]), 1.0)
    tensor([[1., 0.],
            [1., 1.]])
    """
    g, h = gradient.flatten(1), direction.flatten(1)
    lengths = h.norm(dim=1, keepdim=True)
    h = h / lengths.clamp(min=1e-30)
    against = (g * h).sum(1, keepdim=True).clamp(max=0)
    against = torch.where(lengths > LEAST * g.norm(dim=1, keepdim=True), against, 0)
    projected: Tensor = g - weight * against * h
    return projected.view_as(gradient)
