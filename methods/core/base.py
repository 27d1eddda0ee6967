"""What a method is: a LightningModule for R runs at once.

Axes, here and everywhere: R replicas (runs that train together), B images of a batch, C classes, N context tokens,
L tokens, D token width, E embedding width, V views, P images of a pool.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

import torch
from annotated_types import Ge
from torch import Tensor

from methods.clip.backbone import zero_shot_weights
from methods.core.data import Batch, Images, TrainingData
from methods.core.task import Prompt, Task
from methods.core.training import ReplicaModule


class BaseMethod(ReplicaModule):
    """R runs of one method; subclasses say what is learned and what the loss is.

    Options are class attributes with a type; they become `name[option=value]` on the command line. A method trains
    alone under a bare `Trainer`, or beside others in a `PackModule`.
    """

    #: "given": trains on the given, possibly wrong labels; "none": never sees one, so noise does not concern it.
    labels: ClassVar[str] = "given"
    #: The learning paradigms it can run under.
    paradigms: ClassVar[tuple[str, ...]] = ("fewshot", "ssl", "trzsl")
    #: "features" of the frozen image tower, or "images" for methods that change that tower.
    inputs: ClassVar[str] = "features"

    def __init__(self, task: Task, **options: Any) -> None:
        super().__init__()
        self.task = task
        self.members = [self]
        self.recorded_step: tuple[Tensor, Tensor] | None = None
        self.rows = slice(0, len(task.seeds))
        for name, value in options.items():
            setattr(self, name, value)
        self.build()

    def build(self) -> None:
        """Creates what is learned: parameters whose first axis is R."""

    @property
    def trainable(self) -> bool:
        """Whether there is anything to learn."""
        return any(True for _ in self.parameters())

    @property
    def data(self) -> TrainingData:
        """The data module, while a Trainer runs."""
        data: TrainingData = self.trainer.datamodule  # type: ignore[attr-defined]
        return data

    def prompt(self) -> Prompt | None:
        """The prompts to encode, for methods whose class weights come from the text tower."""
        return None

    def class_weights(self) -> Tensor:
        """The classifier [R, C, E], with which unit image features are compared."""
        prompt = self.prompt()
        if prompt is None:
            raise NotImplementedError(f"{type(self).__module__} has neither prompts nor class weights")
        return prompt.encode(prompt.ctx)

    @property
    def sees_images(self) -> bool:
        """Whether images go through a tower that training changes."""
        return self.inputs == "images"

    def image_features(self, images: Images) -> Tensor:
        """Unit features [R or 1, B, E] of images: the frozen tower's."""
        return images.features

    def logits(self, features: Tensor, weights: Tensor) -> Tensor:
        """Unit features [R, B, E] and class weights [R, C, E] to logits [R, B, C]."""
        return self.task.backbone.scale * features @ weights.transpose(-1, -2)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Logits [R, B, C] and given labels [R, B] to one loss per image [R, B]."""
        raise NotImplementedError

    def loss_per_image(self, logits: Tensor, batch: Batch) -> Tensor:
        """One loss per image [R, B], for methods that look at more of a batch than its labels."""
        return self.loss(logits, batch.labels)

    @cached_property
    def train_classes(self) -> Tensor | None:
        """The classes [R, S] that training tells apart, None for all: those with labelled images.

        Under `trzsl` the others are only named, and the released code (2306.01669) leaves them out of the softmax of
        CoOp, VPT and UPT while they train; all are told apart in the test.
        """
        seen = [self.data.seen(row) for row in range(self.rows.start, self.rows.stop)]
        return None if all(len(own) == len(self.task.classes) for own in seen) else torch.stack(seen)

    def select_train_classes(self, logits: Tensor) -> Tensor:
        """Of logits [R, B, C] those of the classes that training tells apart [R, B, S]."""
        if self.train_classes is None:
            return logits
        return logits.take_along_dim(self.train_classes[:, None], dim=-1)

    def total_loss(self, batch: Batch, weights: Tensor) -> Tensor:
        """Every replica's loss [R] on its part of a batch."""
        logits = self.logits(self.image_features(batch), weights)
        each = self.loss_per_image(self.select_train_classes(logits), self._renumbered(batch))
        self.record_step(logits, each)
        return self.mean_per_run(each, batch)

    def _renumbered(self, batch: Batch) -> Batch:
        """The batch with labels that count the classes which training tells apart."""
        if self.train_classes is None:
            return batch
        numbers = self.train_classes.new_zeros(len(self.train_classes), len(self.task.classes))
        count = torch.arange(self.train_classes.shape[1], device=numbers.device).expand_as(self.train_classes)
        return batch.with_labels(numbers.scatter(1, self.train_classes, count).gather(1, batch.labels))

    def record_step(self, logits: Tensor, each: Tensor) -> None:
        """Lets the diagnostics see a step's logits [R, B, C] and losses [R, B]; an own `total_loss` should call it."""
        logits.retain_grad()
        self.recorded_step = logits, each.detach()

    def mean_per_run(self, each: Tensor, batch: Batch) -> Tensor:
        """Losses per image [R, B] to one per replica [R]: the mean over its images."""
        return torch.where(batch.valid, each, 0).sum(1) / batch.valid.sum(1).clamp(min=1)

    @property
    def total_epochs(self) -> int:
        """How long training takes; the task's epochs, but for methods that go through them several times."""
        return self.task.epochs

    def lr(self, epoch: int) -> float:
        """The learning rate of an epoch."""
        return self.task.recipe.lr_at(epoch, self.task.epochs, self.task.recipe.lr)

    def zero_shot(self) -> Tensor:
        """The class weights [C, E] of zero-shot CLIP."""
        return zero_shot_weights(self.task.backbone, self.task.classes, self.task.template)


class PromptMethod(BaseMethod):
    """CoOp's prompt "ctx NAME." with a learned context [R, N, D] (2109.01134); subclasses bring the loss.

    `n_ctx` counts the context tokens (0: the recipe's number), `position` puts them at the "end" (name last),
    "middle" or "front" as CoOp calls it, `csc` gives each class its own, `init` starts from words. Where we differ from
    the released code: it takes as many tokens of `init` as that has words, we take all; and it forgets `csc` where
    there is an `init`, while we give each class its own copy.
    """

    n_ctx: Annotated[int, Ge(0)] = 0
    position: Literal["end", "middle", "front"] = "end"
    csc: bool = False
    init: str = ""

    def build(self) -> None:
        """Draws the contexts from a normal of std 0.02, or copies the embeddings of the words of `init`."""
        task = self.task
        words = task.backbone.words(self.init) if self.init else None
        n_ctx = self.n_ctx or (task.recipe.n_ctx if words is None else len(words))
        shape = (len(task.classes), n_ctx, task.backbone.width) if self.csc else (n_ctx, task.backbone.width)
        contexts = [0.02 * torch.randn(shape, generator=task.generator(r, "init")) for r in range(len(task.seeds))]
        ctx = torch.stack(contexts).to(task.backbone.device)
        if words is not None:
            ctx[..., : len(words), :] = words[:n_ctx]
        self.ctx = torch.nn.Parameter(ctx)
        self.layout = task.backbone.layout(task.classes, n_ctx, self.position)

    def prompt(self) -> Prompt | None:
        """The contexts in their places."""
        kind = (*self.ctx.shape[1:], self.position)
        return Prompt(self.task.backbone, self.layout, self.ctx, kind)
