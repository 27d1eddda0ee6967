"""Several methods' runs in one training loop, with one pass of the text tower for all of them."""

from __future__ import annotations

from collections.abc import Sequence

from methods.core.base import BaseMethod
from methods.core.module import RunsModule


class PackModule(RunsModule):
    """Trains the members' runs side by side; each member keeps its rows, its loss, its schedule and its hooks."""

    def __init__(self, members: Sequence[BaseMethod]) -> None:
        super().__init__()
        self.members = list(members)
        first = 0
        for number, member in enumerate(members):
            # As children, not in a ModuleList: Lightning hands its trainer to children only.
            self.add_module(f"{number}", member)
            member.rows = slice(first, first + len(member.task.seeds))
            first = member.rows.stop
