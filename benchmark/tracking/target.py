"""Where runs are logged to, from options, W&B's own variables, and defaults."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.plan.shared_options import WandB
from benchmark.tracking.mode import Mode, choose_mode

PROJECT = "promptnoise"
#: What W&B does not take in a project's name, and how long names may be.
_FORBIDDEN = "/\\#?%:"
_LONGEST_NAME, LONGEST_TAG = 128, 64


@dataclass(frozen=True)
class Target:
    """W&B's project and its owner (empty: the account's own), the group that runs share, tags, the results folder."""

    out: Path
    mode: Mode
    project: str = PROJECT
    campaign: str = ""
    entity: str = ""
    tags: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """The campaign's name, by default that of the results folder."""
        return (self.campaign or self.out.resolve().name)[:_LONGEST_NAME]

    @property
    def place(self) -> str:
        """Owner and project, where they are not the usual ones; else empty. What is logged there is not logged here."""
        return "" if (self.entity, self.project) == ("", PROJECT) else f"{self.entity}/{self.project}"


def target_of(asked: WandB, out: Path) -> tuple[Target, str]:
    """Where these options log the results in `out` to; what is empty is left to W&B's own variables.

    Also a line that says how to turn logging on where nobody decided, else an empty one. Raises BadInput: a mode that
    there is not, or a name or tag that W&B does not take.
    """
    mode, hint = choose_mode(asked.wandb)
    project = asked.wandb_project or os.environ.get("WANDB_PROJECT", "") or PROJECT
    group = asked.wandb_group or os.environ.get("WANDB_RUN_GROUP", "")
    entity = asked.wandb_entity or os.environ.get("WANDB_ENTITY", "")
    tags = dict.fromkeys(map(str.strip, (asked.wandb_tags or os.environ.get("WANDB_TAGS", "")).split(",")))
    if wrong := [letter for letter in project if letter in _FORBIDDEN]:
        raise BadInput(f"W&B project {project!r} has {wrong[0]!r}; it should be a name without any of {_FORBIDDEN}")
    if "/" in entity:
        raise BadInput(f"W&B entity {entity!r} should be the name of a user or a team, without /")
    for what, text, longest in (
        ("project", project, _LONGEST_NAME),
        ("group", group, _LONGEST_NAME),
        *(("tag", tag, LONGEST_TAG) for tag in tags),
    ):
        if len(text) > longest:
            raise BadInput(f"W&B {what} {text!r} has {len(text)} characters; W&B takes {longest}")
    return Target(out, mode, project, group, entity, tuple(filter(None, tags))), hint
