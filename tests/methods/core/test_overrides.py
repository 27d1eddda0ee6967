"""Whatever a method overrides is used, or refused in one line when its class is made; what nothing trains is named."""

from __future__ import annotations

import logging
from functools import cached_property
from importlib import import_module
from types import FunctionType
from typing import Any, Literal

import pytest
import torch
from torch import Tensor

from benchmark.plan import method_catalog
from datamodules.batches import Batch
from datamodules.run_spec import RunSpec
from methods import coop, cpl, joapr, knn, linear_probe, lp_plus_plus, nlprompt, prolip, zero_shot
from methods.coop import PromptMethod
from methods.core.base import BaseMethod
from methods.errors import MethodError
from methods.functional import losses
from tests.support import toy

SEEDS = (0, 1)
EPOCHS = 2
SHORT = {"rounds": 2, "warmup": 1, "window": 2}
#: Hooks that only some trainings need.
SOMETIMES = {
    "zero_shot", "note_broken", "load_state", "state", "select_train_classes", "train_classes", "recipe", "data",
    "name", "is_linear", "ranking_weights", "joined", "pool_features", "sees_images",
}  # fmt: skip
#: What nothing asks a method that learns nothing.
IN_TRAINING = {
    "start_epoch", "end_epoch", "total_loss", "loss", "loss_per_image", "mean_per_run", "record_step", "rates", "lr",
    "parameter_groups", "weight_decay", "is_linear", "ranking_weights", "renumbered", "stands_still",
}  # fmt: skip


def hooks_of(cls: type) -> dict[str, Any]:
    """The public functions and properties that the project's classes define, as the class has them."""
    names = {name for base in cls.__mro__ if issubclass(base, BaseMethod) for name in vars(base)}
    own = {name: next(vars(base)[name] for base in cls.__mro__ if name in vars(base)) for name in sorted(names)}
    shown = (FunctionType, property, cached_property)
    return {name: value for name, value in own.items() if isinstance(value, shown) and not name.startswith("_")}


def overriding(name: str, inherited: Any, called: set[str]) -> Any:
    """An override that notes that it was used and does what it overrides."""
    inner = getattr(inherited, "fget", None) or getattr(inherited, "func", None) or inherited

    def override(self: Any, *args: Any, **kwargs: Any) -> Any:
        called.add(name)
        return inner(self, *args, **kwargs)

    return override if isinstance(inherited, FunctionType) else property(override)


def accepted(cls: type, called: set[str]) -> tuple[dict[str, Any], set[str]]:
    """The overrides that a subclass may have, each tried alone, and the names of those that are refused."""
    body, refused = {}, set()
    for name, value in hooks_of(cls).items():
        try:
            type("Method", (cls,), {"__module__": "mine", name: overriding(name, value, called)})
        except MethodError as error:
            assert "\n" not in str(error) and name in str(error)
            refused.add(name)
        else:
            body[name] = overriding(name, value, called)
    return body, refused


def run_specs(name: str) -> list[RunSpec]:
    paradigms = method_catalog.method(name).paradigms
    paradigm = (
        "ssl"
        if paradigms[0] == "ul" and "ssl" in paradigms and name not in ("zero_shot", "fixed_prompt")
        else paradigms[0]
    )
    return [RunSpec(0, 4, "symmetric", 0.5, paradigm)]


@pytest.mark.parametrize("name", method_catalog.methods())
def test_every_public_hook_of_every_method_is_used_when_overridden_or_refused(name: str) -> None:
    plain, called = import_module(method_catalog.method(name).module).Method, set[str]()
    body, refused = accepted(plain, called)
    learns = plain(toy.task(SEEDS, EPOCHS)).trainable
    if not learns:  # where nothing is learned, a loss is refused when the method is built
        body = {name: value for name, value in body.items() if name not in IN_TRAINING}
    method = type("Method", (plain,), {"__module__": f"mine.{name}", **body})
    options = {key: value for key, value in SHORT.items() if key in method_catalog.method(name).options}
    member: BaseMethod = method(toy.task((0,), EPOCHS), **options)
    toy.fit([member], toy.data_for(run_specs(name), EPOCHS), member.total_epochs)
    assert member.state() is not None
    unused = body.keys() - called - SOMETIMES
    assert not unused
    assert not refused & {"build", "start_training", "start_epoch", "end_epoch", "total_loss"}


class Doubled(PromptMethod):
    """Prompts with a residual on their text features, starting at zero."""

    def build(self) -> None:
        super().build()
        self.residual = torch.nn.Parameter(torch.zeros_like(self.zero_shot()).repeat(len(self.task.seeds), 1, 1))

    def class_weights(self) -> Tensor:
        return torch.nn.functional.normalize(super().class_weights() + self.residual, dim=-1)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        return losses.cross_entropy(logits, labels)


def fitted(*members: BaseMethod) -> None:
    specs = [RunSpec(seed, 4, "symmetric", 0.5) for _ in members for seed in SEEDS]
    toy.fit(members, toy.data_for(specs, EPOCHS), EPOCHS)


def test_class_weights_that_prompts_override_are_trained_and_evaluated_in_a_pack() -> None:
    plain, mine = coop.Method(toy.task(SEEDS, EPOCHS)), Doubled(toy.task(SEEDS, EPOCHS))
    fitted(plain, mine)
    assert mine.residual.abs().sum() > 0 and not torch.equal(plain.ctx, mine.ctx)
    module = mine.trainer.lightning_module
    with torch.no_grad():
        torch.testing.assert_close(module.evaluated_weights[1], mine.class_weights(), atol=1e-5, rtol=1e-5)


def test_weights_of_zeros_that_get_a_gradient_are_not_named(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "methods"):
        fitted(Doubled(toy.task(SEEDS, EPOCHS)), linear_probe.Method(toy.task(SEEDS, EPOCHS)))
    assert not caplog.records


def test_a_parameter_without_a_gradient_in_the_first_step_is_named_once_with_its_method(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Method(Doubled):
        def class_weights(self) -> Tensor:
            return PromptMethod.class_weights(self)

    with caplog.at_level(logging.WARNING, "methods"):
        fitted(coop.Method(toy.task(SEEDS, EPOCHS)), Method(toy.task(SEEDS, EPOCHS)))
    assert [record.getMessage() for record in caplog.records] == [
        "test_overrides: the loss of the first step does not depend on residual, not trained"
    ]


def test_a_parameter_that_no_group_has_is_named(caplog: pytest.LogCaptureFixture) -> None:
    class Method(Doubled):
        def parameter_groups(self) -> Any:
            (group,) = super().parameter_groups()
            return [{**group, "params": [self.ctx]}]

    with caplog.at_level(logging.WARNING, "methods"):
        fitted(Method(toy.task(SEEDS, EPOCHS)))
    assert "residual is in no group of parameter_groups" in caplog.text


def test_a_loss_that_depends_on_nothing_learned_fails_in_one_line() -> None:
    class Method(Doubled):
        def class_weights(self) -> Tensor:
            return self.zero_shot().expand(len(self.task.seeds), -1, -1) + 0 * self.ctx.detach().sum()

    with pytest.raises(MethodError, match="test_overrides learns nothing: its loss depends on none of its"):
        fitted(Method(toy.task(SEEDS, EPOCHS)), linear_probe.Method(toy.task(SEEDS, EPOCHS)))
    with pytest.raises(MethodError, match="learns nothing: its loss depends on none"):
        fitted(Method(toy.task(SEEDS, EPOCHS)))


def own(what: str) -> type[BaseMethod]:
    """A method of a beginner."""

    class Method(BaseMethod):
        def build(self) -> None:
            weights = self.zero_shot().repeat(len(self.task.seeds), 1, 1)
            if what == "tensor":
                self.head: Any = weights.requires_grad_()
                self.other = torch.nn.Parameter(weights)
            elif what == "buffer":
                self.register_buffer("head", weights)
            elif what == "shape":
                self.head = torch.nn.Parameter(weights[0])
            else:
                self.head = torch.nn.Parameter(weights)
                self.loss = torch.nn.CrossEntropyLoss(reduction="none")  # type: ignore[assignment]

        def class_weights(self) -> Tensor:
            return self.head

    return Method


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("tensor", "nothing trains the tensor head; make it a torch.nn.Parameter"),
        ("buffer", "learns nothing: build makes no torch.nn.Parameter"),
        ("shape", r"head has the shape \[6, 24\]; the first axis is R = 2 runs"),
        ("loss", "loss is the name of a hook"),
    ],
)
def test_what_is_built_so_that_it_cannot_learn_is_refused(what: Literal["tensor"], line: str) -> None:
    with pytest.raises(MethodError, match=line):
        own(what)(toy.task(SEEDS, EPOCHS))


def nothing(self: Any, *args: Any) -> Any:
    """An override that calls nothing."""


@pytest.mark.parametrize(
    ("base", "name", "value", "line"),
    [
        (
            nlprompt.Method,
            "loss",
            nothing,
            "loss, which loss_per_image of methods.nlprompt goes around: override that, too",
        ),
        (cpl.Method, "loss", nothing, "loss, which loss_per_image of methods.cpl goes around"),
        (
            lp_plus_plus.Method,
            "image_features",
            nothing,
            "image_features, which total_loss of methods.lp_plus_plus goes around",
        ),
        (linear_probe.Method, "prompt", nothing, "prompt, which class_weights of methods.core.head goes around"),
        (knn.Method, "class_weights", nothing, "class_weights, which logits of methods.knn goes around"),
        (prolip.Method, "logits", nothing, "logits, which ranking_weights of methods.prolip goes around"),
        (coop.Method, "training_step", nothing, "training_step, which nothing calls .*: override total_loss"),
        (coop.Method, "diverged", nothing, "diverged, which nothing calls where runs train side by side"),
        (coop.Method, "half", 0.5, "half, which torch.nn.Module has; take another name"),
        (coop.Method, "sees_images", nothing, "sees_images, which is a property"),
    ],
)
def test_an_override_that_would_be_bypassed_is_refused_with_what_goes_around_it(
    base: type, name: str, value: Any, line: str
) -> None:
    with pytest.raises(MethodError, match=rf"^mine\.Method overrides {line}"):
        type("Method", (base,), {"__module__": "mine", name: value})


def test_what_goes_around_a_hook_may_be_overridden_with_it() -> None:
    class Method(nlprompt.Method):
        def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
            return losses.mean_absolute_error(logits, labels)

        def loss_per_image(self, logits: Tensor, batch: Batch) -> Tensor:
            return self.loss(logits, batch.labels)

    assert Method(toy.task(SEEDS, EPOCHS)).trainable


def test_methods_that_have_nothing_to_learn_by_design_are_left_in_peace() -> None:
    for method in (zero_shot.Method, knn.Method, joapr.Method):
        assert method(toy.task(SEEDS, EPOCHS)).built


def test_a_checkpoint_has_what_every_base_class_remembers() -> None:
    class Method(coop.Method):
        remembered = ("mine",)

    method = Method(toy.task(SEEDS, EPOCHS))
    method.mine, method.averages = 3, torch.ones(2)  # type: ignore[attr-defined]
    assert method.state().keys() == {"broken", "mine", "averages"}
