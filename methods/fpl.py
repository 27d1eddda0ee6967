"""FPL: one round of pseudo-labels; and what rounds of them share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

import torch
from annotated_types import Ge
from torch import Tensor

from datamodules.batches import Batch, Images
from methods.clip.prompt import Prompt
from methods.coop import PromptMethod
from methods.core.image_prompt import ImagePrompt
from methods.errors import MethodError
from methods.functional import pseudo_labels

NAME = "FPL"
FAMILY = "self-training"

#: The share of pseudo-labels that is left out, and the K from which on.
LEFT_OUT, LEAST = 0.2, 10


class SelfTraining(PromptMethod):
    """Cross-entropy on labelled images, if there are any, and on the K pseudo-labelled ones of each class.

    The first round's pseudo-labels are zero-shot CLIP's, later ones those of the prompts just trained, which then
    start afresh from the same draw and go through the whole schedule again. Only classes without labelled images
    (`trzsl`), else all (`ul`, `ssl`), get pseudo-labels; the softmax has all classes always. The loss is the sum of
    the mean losses of a batch's n_s labelled and n_u pseudo-labelled images, weighted as `pseudo_labels.balance` says,
    by the counts of a round, as the released code does. The recipe `embedded` divides both weights by their sum
    (`unit_weights`), since those of FPL sum to several times 1: on digits, 2 shots under `ssl`, it has 56.2 % with that
    and 48.2 without.

    The released code does three things that the paper does not say, and so do we where the recipe has
    `self_training="released"`: it goes on from the trained prompts in each round, unless they are visual, since it
    wraps the same tensors again; it leaves out a fifth of a round's pseudo-labels, from K = 10 on, for a validation by
    which it chooses nothing; and it appends the classes to "a photo of a {}", so that the first pseudo-labels are those
    of "a photo of a {}forest". None of these effects was measured on a real CLIP.
    """

    paradigms: ClassVar[tuple[str, ...]] = ("ul", "ssl", "trzsl")
    modality: Literal["text", "visual", "multimodal"] = "text"
    k = 0
    remembered: ClassVar[tuple[str, ...]] = ("pseudo", "weights")

    @property
    def sees_images(self) -> bool:
        """Unless the prompt is in words alone."""
        return self.modality != "text"

    def prompt(self) -> Prompt | None:
        """The words' part of the prompts; without one, the template's text features are the classifier."""
        if self.modality == "visual":
            return None
        plain = super().prompt()
        return plain if self.modality == "text" else plain and replace(plain, ctx=self.visual.joined(self.ctx)[0])

    def image_features(self, images: Images) -> Tensor:
        """Unit features [R, B, E], through the tuned image tower where the modality has one."""
        return super().image_features(images) if self.modality == "text" else self.visual.features(images, self.joined)

    def pool_features(self, row: int, images: Tensor) -> Tensor:
        """Unit features [n, E] of images [n] of the pool, as the run in `row` sees them."""
        if self.modality == "text":
            return self.data.pool()[images.to(self.data.device)]
        return self.visual.pool_features(self.data, row, images, self.joined)

    @property
    def joined(self) -> Tensor | None:
        """The contexts [R, N, D] that the image tower's tokens are joined with."""
        return self.ctx if self.modality == "multimodal" else None

    def lr(self, epoch: int, step: int = 0, steps: int = 1) -> float:
        """Multimodal prompts learn at a tenth of the rate."""
        return super().lr(epoch, step, steps) / (10 if self.modality == "multimodal" else 1)

    def shots(self, unlabelled: int, classes: int, number: int) -> int:
        """K, the pseudo-labelled images of each of the `classes` in round `number`, counted from 1.

        `k` in every round where there is one, else proportional to `number`.
        """
        return self.k or max(1, min(number * (unlabelled // self.rounds) // classes, unlabelled // classes))

    @property
    def released(self) -> bool:
        """Whether rounds go as in GRIP's released code."""
        return self.task.recipe.self_training == "released"

    @property
    def train_classes(self) -> None:
        """Training tells all classes apart, those with pseudo-labels only, too."""

    def build(self) -> None:
        """Draws what the modality learns, and keeps the draw from which every round starts.

        Raises MethodError: options about words for visual prompts.
        """
        visual = self.modality == "visual"
        if visual and (self.csc or self.init or self.position != "end"):
            raise MethodError("csc, init and position are about words; visual prompts have none")
        if visual:
            self._keep(texts=self.zero_shot())
        else:
            self.n_ctx = self.n_ctx or (4 if self.modality == "multimodal" else 0)
            super().build()
        if self.modality != "text":
            self.visual = ImagePrompt(self.task, self.n_ctx or 16, joined=not visual)
        self.start = {name: parameter.detach().clone() for name, parameter in self.named_parameters()}

    def start_epoch(self) -> None:
        """At the start of a round, labels the unlabelled images and starts the prompts afresh."""
        number, epoch = divmod(self.current_epoch, self.task.epochs)
        if epoch:
            return
        with torch.no_grad():
            weights = self.class_weights() if number else self.first_weights().expand(len(self.task.seeds), -1, -1)
        self._label(weights, number + 1)
        afresh = not self.released or self.modality == "visual"
        for name, parameter in self.named_parameters():
            if afresh:
                parameter.data.copy_(self.start[name])
            self.trainer.optimizers[0].state.pop(parameter, None)

    def first_weights(self) -> Tensor:
        """The class weights [C, E] that give the first pseudo-labels."""
        if not self.released:
            return self.zero_shot()
        return self.zero_shot(template=self.task.template.replace("{}", "{{}}{}"))

    def _label(self, weights: Tensor, number: int) -> None:
        """Gives every run its training set for a round, from the class weights [R, C, E] that label it."""
        data, pool = self.data, self.data.pool()
        self.pseudo = torch.zeros(len(weights), len(pool), dtype=torch.bool)
        alike = defaultdict(list)
        for row in range(len(weights)):
            images, classes = data.unlabelled(self.rows.start + row), data.unseen(self.rows.start + row)
            alike[len(images), len(classes)].append((row, images, classes))
        for (images_each, classes_each), group in alike.items():
            logits = torch.stack(
                [
                    self.logits(
                        pool[images.to(pool.device)] if number == 1 else self.pool_features(row, images),
                        weights[row, classes.to(weights.device)],
                    )
                    for row, images, classes in group
                ]
            )
            k = self.shots(images_each, classes_each, number)
            found = self.choose(logits, k, group).cpu()
            for (row, images, classes), labels in zip(group, found, strict=True):
                places = self._trained_on(torch.nonzero(labels >= 0)[:, 0], row, k)
                self._assign(row, images[places], classes[labels[places]])
        self.weights = torch.stack([self._balance(row) for row in range(len(weights))]).to(pool.device)
        self.pseudo = self.pseudo.to(pool.device)

    def _trained_on(self, places: Tensor, row: int, k: int) -> Tensor:
        """Those of the pseudo-labelled places [n] of a run that are not left out."""
        if not self.released or k < LEAST:
            return places
        order = torch.randperm(len(places), generator=self.task.generator(row, "left out"))
        return places[order[: int((1 - LEFT_OUT) * len(places))].sort().values]

    def _balance(self, row: int) -> Tensor:
        """The weights [2] of a run's labelled and of its pseudo-labelled images in this round."""
        place = self.rows.start + row
        given = torch.tensor(float(len(self.data.training_set(place)[0])))
        numbers = self.pseudo[row].sum().float()
        weights = self.balance(given, numbers, transductive=len(self.data.unseen(place)) < len(self.task.classes))
        return weights / weights.sum().clamp(min=1e-12) if self.task.recipe.unit_weights else weights

    def balance(self, labelled: Tensor, pseudo: Tensor, transductive: bool) -> Tensor:
        """The weights [2] of the mean losses of so many labelled and pseudo-labelled images."""
        return pseudo_labels.balance(labelled, pseudo, transductive, first=False)

    def choose(self, logits: Tensor, k: int, group: Sequence[tuple[int, Tensor, Tensor]]) -> Tensor:
        """Places among the classes [G, n], -1 for none, of unlabelled images with logits [G, n, c], at most k a class.

        `group` has every run's row, images [n] and classes [c].
        """
        return pseudo_labels.assign_with_capacity(logits, k)

    def _assign(self, row: int, images: Tensor, labels: Tensor) -> None:
        place = self.rows.start + row
        given, given_labels = self.data.training_set(place)
        self.pseudo[row, images] = True
        self.data.assign(place, torch.cat([given, images]), torch.cat([given_labels, labels]))

    def mean_per_run(self, each: Tensor, batch: Batch) -> Tensor:
        """The weighted sum [R] of the mean losses of labelled and of pseudo-labelled images."""
        pseudo = self.pseudo.gather(1, batch.images)
        means = [
            torch.where(part, each, 0).sum(1) / part.sum(1).clamp(min=1)
            for part in (batch.valid & ~pseudo, batch.valid & pseudo)
        ]
        return (self.weights * torch.stack(means, -1)).sum(-1)


class Method(SelfTraining):
    """Few pseudo-labels: one round on zero-shot CLIP's K most confident pseudo-labels per class; FPL (2306.01669).

    Published: K = 16, 150 epochs, SGD lr 0.1 (multimodal 0.01), weight decay 0.1, batch 16, five epochs of warm-up, and
    int(0.8 n) of the n labels, one draw for all runs, all in the recipe `grip`; with another recipe all methods train
    alike. Under `ssl` the loss is n_u / n_s L_s + L_u, the root of that ratio for multimodal prompts. Differences from
    the released code, beside those of `SelfTraining`: it has no full stop after the class name (`full_stop=False`). Its
    assignment goes through the images in file order, may give one image several classes and loses images that are
    displaced; ours does not depend on the order (`pseudo_labels.assign_with_capacity`).
    """

    k: Annotated[int, Ge(1)] = 16

    def balance(self, labelled: Tensor, pseudo: Tensor, transductive: bool) -> Tensor:
        """Those of the first training."""
        power = 0.5 if self.modality == "multimodal" else 1.0
        return pseudo_labels.balance(labelled, pseudo, transductive, first=True, power=power)
