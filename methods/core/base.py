"""The base of all methods: what is learned, and the loss.

Axes, here and everywhere: R runs that train together, B images of a batch, C classes, N context tokens,
L tokens, D token width, E embedding width, V views, P images of the training split.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import torch
from torch import Tensor

from datamodules.batches import Batch, Images
from datamodules.datamodule import NoisyFewShot
from methods.clip.backbone import zero_shot_weights
from methods.clip.prompt import Prompt
from methods.core.module import RunsModule
from methods.core.overrides import check_built, check_overrides
from methods.core.per_run import scaled_products
from methods.core.setup import data_of
from methods.core.task import Task
from methods.errors import MethodError
from methods.options.check import check_options

#: Learning rates [R], one for all runs, or None for the epoch's.
Rate = Tensor | float | None


class BaseMethod(RunsModule):
    """R runs of one method; subclasses define what is learned and the loss.

    Options are class attributes with a type; they become `name[option=value]` on the command line. A method trains
    alone under a `Trainer`, which builds it from the data module and a `recipe` such as "coop[lr=0.01]" (default: that
    of the backbone), or beside others in a `PackModule`, with a `task`.

    Raises MethodError: an unknown option, or a value that it does not take. Raises RecipeError: likewise of the recipe.
    """

    labels: ClassVar[str] = "given"
    """ "given": trains on the given, possibly wrong labels; "none": uses no labels, so noise does not concern it."""
    paradigms: ClassVar[tuple[str, ...]] = ("fewshot", "ssl", "trzsl")
    """The learning paradigms it can run under."""
    inputs: ClassVar[str] = "features"
    """ "features" of the frozen image tower, or "images" for methods that change that tower."""
    needs: ClassVar[str] = "texts"
    """What it needs of the backbone: "features" of images, the "texts" of class names, too, or the "text tower"."""
    needs_with: ClassVar[dict[str, dict[str, str]]] = {}
    """Values of options with which it needs something else: `{"init": {"random": "features"}}`."""
    files: ClassVar[tuple[str, ...]] = ()
    """Options that name a file, whose hash a record holds."""
    remembered: ClassVar[tuple[str, ...]] = ()
    """Names of attributes beyond parameters that a checkpoint must hold, since they live longer than an epoch."""
    learned_later: ClassVar[tuple[str, ...]] = ()
    """Parameters that a later phase of training learns, so that the first step has no gradient for them."""
    rounds = 1
    """How often training goes through all epochs of the task."""
    recipe = ""
    """The recipe to build a task with that a Trainer sets up; empty for that of the backbone or method."""
    texts: Tensor
    """The unit text features [C, E] of the class names in the template, where `build` keeps them."""

    #: The text features [R, C, E] of the prompts, while a pack that encoded them asks for class weights.
    _encoded: Tensor | None = None

    def __init_subclass__(cls, **settings: Any) -> None:
        """Refuses what a subclass overrides and nothing would use.

        Raises MethodError: a hook of Lightning, or one that the class inherits a way around.
        """
        super().__init_subclass__(**settings)
        check_overrides(cls, BaseMethod)

    def __init__(self, task: Task | None = None, /, *, recipe: str = "", **options: Any) -> None:
        super().__init__()
        self.members = [self]
        self.rows = slice(0, 0)
        self.recorded_step: tuple[Tensor | None, Tensor | None] = (None, None)
        #: Why a run's training means nothing any more, by its row.
        self.broken: dict[int, str] = {}
        self.derived = task is None
        self._task: Task | None = None
        self.recipe = recipe
        self.save_hyperparameters(options)
        for name, value in check_options(type(self), options).items():
            setattr(self, name, value)
        if task is not None:
            self.prepare(task)

    @property
    def data(self) -> NoisyFewShot:
        """The data module, while a Trainer runs."""
        return data_of(self.trainer)

    def prepare(self, task: Task, derived: bool = False) -> None:
        """Builds what is learned, once; a `derived` task may change its epochs for a second training.

        Raises MethodError: options that do not fit the task.
        """
        built, self._task, self.derived = self.built, task, derived
        if not built:
            self.rows = slice(0, len(task.seeds))
            self.build()
            check_built(self)

    @property
    def built(self) -> bool:
        """Whether there is a task, and what is learned exists."""
        return self._task is not None

    @property
    def task(self) -> Task:
        """Backbone, classes, seeds and schedule. Raises MethodError: the method is not built yet."""
        if self._task is None:
            raise MethodError(f"{self.name} is built when a Trainer sets it up, or by prepare(task)")
        return self._task

    @property
    def name(self) -> str:
        """The file's name, without options."""
        return type(self).__module__.rpartition(".")[2]

    def build(self) -> None:
        """Creates what is learned: parameters whose first axis is R. By itself, it encodes the class names: `texts`."""
        self._keep(texts=self.zero_shot())

    def _keep(self, **tensors: Tensor) -> None:
        """Keeps tensors that are not learned under these names; they move with the module."""
        for name, tensor in tensors.items():
            self.register_buffer(name, tensor, persistent=False)

    def start_training(self) -> None:
        """What a method does once before it trains, or instead of training, with its training images.

        `GivenImages.of(self.data, self.rows)` has them: images [R, N] and labels [R, N]. It may create parameters: the
        optimiser does not exist yet.
        """

    def start_epoch(self) -> None:
        """What a method does before each epoch, for example `self.data.assign(row, images [n], labels [n])`."""

    def end_epoch(self) -> None:
        """What a method does after each epoch, `current_epoch`, before anything is measured."""

    @property
    def trainable(self) -> bool:
        """Whether there is anything to learn."""
        return any(True for _ in self.parameters())

    @property
    def fits(self) -> bool:
        """Whether `Trainer.fit` has something to do: to learn, or to compute something from the training images."""
        return self.trainable or type(self).start_training is not BaseMethod.start_training

    @property
    def stands_still(self) -> bool:
        """Whether no epoch changes anything: nothing is learned, no tower sees images, no hook is of epochs."""
        own = type(self)
        hooks = own.start_epoch, own.end_epoch
        return hooks == (BaseMethod.start_epoch, BaseMethod.end_epoch) and not (self.trainable or self.sees_images)

    def prompt(self) -> Prompt | None:
        """The prompts to encode, context [R, N, D] or [R, C, N, D], where class weights come from the text tower."""
        return None

    def class_weights(self) -> Tensor:
        """The classifier [R, C, E], with which unit image features are compared: text features of prompts, or `texts`.

        Called once a step and once an evaluation. In a pack, `super().class_weights()` takes the text features from the
        pass of the text tower that all prompts share.
        """
        if self._encoded is not None:
            return self._encoded
        if (prompt := self.prompt()) is not None:
            return prompt.encode(prompt.ctx)
        if "texts" not in self._buffers:
            raise NotImplementedError(f"{self.name} has neither prompts nor class weights")
        return self.texts.expand(len(self.task.seeds), -1, -1)

    def classifier(self, weights: Tensor) -> Tensor:
        """The class weights [R, C, E] to evaluate, from those in training [R, C, E]: the same."""
        return weights

    @property
    def sees_images(self) -> bool:
        """Whether images go through a tower that training changes."""
        return self.inputs == "images"

    @property
    def is_linear(self) -> bool:
        """Whether class weights on the frozen tower's unit features say all, so that they can be used elsewhere."""
        own = type(self)
        plain = own.logits is BaseMethod.logits and own.image_features is BaseMethod.image_features
        return plain and not self.sees_images

    def ranking_weights(self, weights: Tensor) -> Tensor | None:
        """Class weights [R, C, E] that rank classes on the frozen features as the logits do; None if there are none."""
        return weights if self.is_linear else None

    def image_features(self, images: Images) -> Tensor:
        """Unit features [R or 1, B, E] of images: the frozen tower's."""
        return images.features

    def logits(self, features: Tensor, weights: Tensor) -> Tensor:
        """Unit features [R or 1, B, E] and class weights [R, C, E] to logits [R, B, C]."""
        return scaled_products(self.task.backbone.scale, features, weights)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Logits [R, B, C] and training labels [R, B] to one loss per image [R, B]."""
        raise NotImplementedError

    def loss_per_image(self, logits: Tensor, batch: Batch) -> Tensor:
        """One loss per image [R, B], for methods that use more of a batch than its labels."""
        return self.loss(logits, batch.labels)

    @cached_property
    def train_classes(self) -> Tensor | None:
        """The classes [R, S] of the softmax in training, those with labelled images; None for all.

        Under `trzsl` the others are only named, and the released code (2306.01669) leaves them out of the softmax of
        CoOp, VPT and UPT while they train; the test has all.
        """
        seen = [self.data.seen(row) for row in range(self.rows.start, self.rows.stop)]
        everything = all(len(own) == len(self.data.dataset.classes) for own in seen)
        return None if everything else torch.stack(seen).to(self.data.device)

    def select_train_classes(self, logits: Tensor) -> Tensor:
        """Of logits [R, B, C] those of the classes in training [R, B, S]."""
        return logits if self.train_classes is None else logits.take_along_dim(self.train_classes[:, None], dim=-1)

    def renumbered(self, batch: Batch) -> Batch:
        """The batch with labels that count the classes in training."""
        if (classes := self.train_classes) is None:
            return batch
        places = torch.arange(classes.shape[1], device=classes.device).expand_as(classes)
        numbers = classes.new_zeros(len(classes), len(self.task.classes)).scatter(1, classes, places)
        return batch.with_labels(numbers.gather(1, batch.labels))

    def total_loss(self, batch: Batch, weights: Tensor) -> Tensor:
        """Every run's loss [R] on its part of a batch, features [R, B, E] and labels [R, B], with weights [R, C, E].

        Nothing may cross R: each run's loss is its own, and their sum is what is differentiated.
        """
        logits = self.logits(self.image_features(batch), weights)
        each = self.loss_per_image(self.select_train_classes(logits), self.renumbered(batch))
        self.record_step(logits, each)
        return self.mean_per_run(each, batch)

    def record_step(self, logits: Tensor, each: Tensor) -> None:
        """Keeps a step's logits [R, B, C] and losses [R, B] for the diagnostics; an own `total_loss` should call it."""
        if logits.requires_grad:
            logits.retain_grad()
        self.recorded_step = logits, each.detach()

    def mean_per_run(self, each: Tensor, batch: Batch) -> Tensor:
        """Losses per image [R, B] to one per run [R]: the mean over its images."""
        return torch.where(batch.valid, each, 0).sum(1) / batch.valid.sum(1).clamp(min=1)

    def note_broken(self, which: Tensor, why: str) -> None:
        """Notes that runs, those True in `which` [R], have diverged; each keeps its first reason."""
        for run in which.cpu().nonzero().flatten().tolist():
            self.broken.setdefault(run, why)

    @property
    def total_epochs(self) -> int:
        """Epochs over all rounds."""
        return self.rounds * self.task.epochs

    def lr(self, epoch: int, step: int = 0, steps: int = 1) -> float:
        """The learning rate in `step` of an epoch's `steps`; the schedule starts over in each of the `rounds`."""
        return self.task.recipe.lr_at(epoch % self.task.epochs, self.task.epochs, step, steps)

    @property
    def weight_decay(self) -> float:
        """The recipe's; 0 in methods that bring a penalty of their own."""
        return self.task.recipe.weight_decay

    def rates(self, step: int) -> Rate | list[Rate]:
        """A step's learning rates [R], or one for all runs, or None for the epoch's; a list has one for each group."""
        rates: Tensor | float | None = None
        if self.task.recipe.per == "step":
            places = self.data.plan.progress(step)[self.rows]
            by_row = [self.lr(self.current_epoch, *place) for place in places]
            alike = min(by_row) == max(by_row)  # a number travels to a GPU without a wait
            rates = by_row[0] if alike else torch.tensor(by_row, device=self.task.backbone.device)
        return rates

    def parameter_groups(self) -> Sequence[Mapping[str, Any]]:
        """What the optimiser moves, with the recipe's settings; a method may give some parameters others."""
        settings = self.task.recipe.of_optimizer | {"weight_decay": self.weight_decay}
        return [{"params": [*self.parameters()], **settings}]

    def zero_shot(self, unit: bool = True, template: str = "") -> Tensor:
        """The class weights [C, E] of zero-shot CLIP; with `unit=False` as long as the text tower makes them.

        Without a `template` it is the data set's.
        """
        return zero_shot_weights(self.task.backbone, self.task.classes, template or self.task.template, unit)

    def state(self) -> dict[str, Any]:
        """What broke, and the attributes that exist of those that the class and its bases have `remembered`."""
        remembered = [name for base in type(self).__mro__ for name in vars(base).get("remembered", ())]
        return {name: getattr(self, name) for name in ("broken", *remembered) if hasattr(self, name)}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Restores what `state` kept."""
        device = self.task.backbone.device
        for name, value in state.items():
            setattr(self, name, value.to(device) if isinstance(value, Tensor) else value)
