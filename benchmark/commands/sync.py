"""`promptnoise sync`: log finished records to Weights & Biases."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmark.commands._folders import check_results
from benchmark.errors import BadInput
from benchmark.plan.shared_options import WandB
from benchmark.screen import Screen
from benchmark.tracking import sync, target_of
from datamodules.names import number_of

GROUP = "read"


@dataclass(frozen=True, kw_only=True)
class Options(WandB):
    """Log all finished records that are not logged yet."""

    out: Path = Path("results")
    """The results folder."""


def main(options: Options) -> int:
    """Says how many records were logged; 0 only if none is left."""
    target, hint = target_of(options, options.out)
    if target.mode == "disabled":
        raise BadInput(hint or "W&B is disabled; --wandb=online or --wandb=offline turns it on")
    check_results(options.out)
    console = Screen()
    with console.status("logging"):
        synced = sync(target)
    console.say(
        f"{number_of(synced.logged, 'run')} logged, {synced.left} left{f': {synced.cause}' if synced.cause else ''}"
    )
    return 0 if synced.left == 0 and not synced.cause else 1
