"""Says what of a method would have no effect: overrides that nothing uses, and parameters that nothing trains."""

from __future__ import annotations

import dis
import inspect
import logging
from collections.abc import Iterator
from functools import cached_property
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from methods.errors import MethodError

if TYPE_CHECKING:
    from methods.core.base import BaseMethod

logger = logging.getLogger(__name__)

#: Hooks that the training loop does not call itself, and those that call them.
CALLER = {
    "loss": "loss_per_image", "loss_per_image": "total_loss", "mean_per_run": "total_loss", "record_step": "total_loss",
    "select_train_classes": "total_loss",
    "renumbered": "total_loss", "train_classes": "select_train_classes", "image_features": "total_loss",
    "logits": "total_loss", "prompt": "class_weights", "weight_decay": "parameter_groups",
}  # fmt: skip
#: Hooks of Lightning, which a pack of runs does not call, and what to override in their place.
INSTEAD = {
    "training_step": "total_loss", "configure_optimizers": "parameter_groups", "setup": "build", "forward": "logits",
    "on_fit_start": "start_training", "on_train_epoch_start": "start_epoch", "on_train_epoch_end": "end_epoch",
}  # fmt: skip


def check_overrides(cls: type, hooks: type) -> None:
    """Goes through what the body of a method's class overrides; `hooks` is the class that has every hook.

    Raises MethodError: an override that nothing would use, with what goes around it.
    """
    for name, value in vars(cls).items():
        owners = [base for base in cls.__mro__[1:] if name in vars(base)]
        if owners and not name.startswith("_"):
            ours = any(owner is hooks or not issubclass(hooks, owner) for owner in owners)
            wrong = _around(cls, hooks, name, value) if ours else _foreign(name, value, owners[-1])
            if wrong:
                raise MethodError(f"{cls.__module__}.{cls.__qualname__} overrides {name}, {wrong}")


def _foreign(name: str, value: Any, owner: type) -> str:
    """Why a name of PyTorch's or Lightning's cannot be overridden; empty if it can."""
    if issubclass(nn.Module, owner) and name != "forward":
        return "" if callable(value) else "which torch.nn.Module has; take another name"
    other = f": override {INSTEAD[name]}" if name in INSTEAD else ""
    return f"which nothing calls where runs train side by side{other}"


def _around(cls: type, hooks: type, name: str, value: Any) -> str:
    """What goes around the override of a hook; empty if nothing does."""
    if isinstance(value, FunctionType) and isinstance(_owned(cls, name, 1), property | cached_property):
        return "which is a property: it needs @property"
    ways = [name]
    while ways[-1] in CALLER:
        ways.append(CALLER[ways[-1]])
    by = ""
    if len(ways) > 1 and name not in _reached(cls, ways[-1]):
        by = next((way for way in ways[1:] if _owner(cls, way) is not hooks), ways[-1])
    elif name in ("class_weights", "classifier") and "logits" not in vars(cls) and not _takes_weights(cls):
        by = "logits"
    elif name in ("logits", "image_features"):
        shortcuts = (way for way in ("ranking_weights", "is_linear") if way not in vars(cls))
        by = next((way for way in shortcuts if _owner(cls, way) is not hooks), "")
    return (
        ""
        if not by or by in vars(cls)
        else f"which {by} of {_owner(cls, by).__module__} goes around: override that, too"
    )


def _reached(cls: type, start: str) -> set[str]:
    """The names that a hook of a class uses, by way of other hooks of the class, too."""
    todo, seen = [(start, 0)], set()
    while todo:
        name, after = todo.pop()
        place = next((i for i, base in enumerate(cls.__mro__) if i >= after and name in vars(base)), None)
        if place is not None and (name, place) not in seen:
            seen.add((name, place))
            used = set(_names(_code(vars(cls.__mro__[place])[name])))
            todo += [(other, place + 1 if other == name else 0) for other in used]
    return {name for name, _ in seen}


def _takes_weights(cls: type) -> bool:
    code = _code(_owned(cls, "logits"))
    return code is None or any(
        "LOAD" in s.opname and "weights" in s.argrepr.split(", ") for s in dis.get_instructions(code)
    )


def _owner(cls: type, name: str) -> type:
    return next(base for base in cls.__mro__ if name in vars(base))


def _owned(cls: type, name: str, after: int = 0) -> Any:
    return next(vars(base)[name] for base in cls.__mro__[after:] if name in vars(base))


def _code(value: Any) -> CodeType | None:
    for inner in ("fget", "func", "__func__"):
        value = getattr(value, inner, value)
    return getattr(inspect.unwrap(value), "__code__", None) if callable(value) else None


def _names(code: CodeType | None) -> Iterator[str]:
    """The names that some code, and functions within it, look up."""
    if code is not None:
        yield from code.co_names
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                yield from _names(constant)


def check_built(method: BaseMethod) -> None:
    """Looks at what a method has built.

    Raises:
        MethodError: nothing to learn, a learned tensor that is no parameter or lacks the axis R, or a name of a hook's.
    """
    runs, own = len(method.task.seeds), type(method)
    for name, value in vars(method).items():
        if isinstance(value, Tensor) and value.requires_grad and value.is_leaf:
            raise MethodError(f"{method.name}: nothing trains the tensor {name}; make it a torch.nn.Parameter")
    for name, _ in method.named_children():
        if hasattr(own, name):
            raise MethodError(f"{method.name}: {name} is the name of a hook; call the module otherwise")
    for name, parameter in method.named_parameters():
        if not parameter.ndim or len(parameter) != runs:
            raise MethodError(
                f"{method.name}: {name} has the shape {[*parameter.shape]}; the first axis is R = {runs} runs"
            )
    brings = {"loss", "loss_per_image", "total_loss"} & vars(own).keys()
    if not method.trainable and (brings or (method.labels == "given" and not method.fits)):
        raise MethodError(f"{method.name} learns nothing: build makes no torch.nn.Parameter that a loss could train")


def check_reached(method: BaseMethod) -> None:
    """Looks at the gradients of the first step, and logs a warning that names what is not trained."""
    moved = {parameter for group in method.parameter_groups() for parameter in group["params"]}
    for name, parameter in method.named_parameters():
        if parameter.grad is None and name not in method.learned_later:
            logger.warning("%s: the loss of the first step does not depend on %s, not trained", method.name, name)
        elif parameter not in moved:
            logger.warning("%s: %s is in no group of parameter_groups, and is not trained", method.name, name)
