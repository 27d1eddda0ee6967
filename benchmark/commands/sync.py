"""`promptnoise sync`: log finished records to Weights & Biases."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmark.commands._folders import check_results
from benchmark.errors import BadInput
from benchmark.tracking import Target, choose_mode, sync


@dataclass(frozen=True)
class Options:
    """Log every finished record that is not logged yet; safe to repeat."""

    out: Path = Path("results")
    """The results folder."""

    wandb: str = ""
    """online or offline; the default is online where credentials are configured."""

    project: str = "promptnoise"
    """The W&B project."""

    campaign: str = ""
    """The group of the runs; the default is the results folder's name."""


def main(options: Options) -> int:
    """Says how many records were logged; 0 only if none is left."""
    mode, hint = choose_mode(options.wandb)
    if mode == "disabled":
        raise BadInput(hint or "W&B is disabled; --wandb=online or --wandb=offline turns it on")
    check_results(options.out)
    target = Target(options.out, mode, options.project, options.campaign or options.out.resolve().name)
    console = Console(markup=False, highlight=False, soft_wrap=True)
    with console.status("logging"):
        synced = sync(target)
    console.print(f"{synced.logged} runs logged, {synced.left} left{f': {synced.cause}' if synced.cause else ''}")
    return 0 if synced.left == 0 and not synced.cause else 1
