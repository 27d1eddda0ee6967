"""The base of all methods: a LightningModule for R runs at once."""

from __future__ import annotations

from typing import Any

from methods.core.learner import Learner
from methods.core.module import ReplicaModule
from methods.core.overrides import check_overrides
from methods.core.task import Task
from methods.options.check import check_options


class BaseMethod(ReplicaModule, Learner):
    """R runs of one method; subclasses define what is learned and the loss.

    Options are class attributes with a type; they become `name[option=value]` on the command line. A method trains
    alone under a `Trainer`, which builds it from the data module and a `recipe` such as "coop[lr=0.01]" (default: that
    of the backbone), or beside others in a `PackModule`, with a `task`.

    Raises:
        MethodError: an unknown option, or a value that it does not take.
        RecipeError: likewise of the recipe.
    """

    def __init_subclass__(cls, **settings: Any) -> None:
        """Refuses what a subclass overrides and nothing would use.

        Raises:
            MethodError: a hook of Lightning, or one that the class inherits a way around.
        """
        super().__init_subclass__(**settings)
        check_overrides(cls, Learner)

    def __init__(self, task: Task | None = None, /, *, recipe: str = "", **options: Any) -> None:
        super().__init__()
        self.members = [self]
        self.rows = slice(0, 0)
        self.recorded_step = (None, None)
        self.broken = {}
        self.derived = task is None
        self._task = None
        self.recipe = recipe
        self.save_hyperparameters(options)
        for name, value in check_options(type(self), options).items():
            setattr(self, name, value)
        if task is not None:
            self.prepare(task)
