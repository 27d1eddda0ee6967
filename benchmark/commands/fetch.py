"""`promptnoise fetch`: download weights and data sets before a run."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.errors import BadInput
from benchmark.plan import groups
from benchmark.plan.name_checks import check_backbone
from benchmark.plan.shared_options import Data
from benchmark.screen import Screen
from datamodules import catalog
from datamodules.names import split_list

GROUP = "set up"


@dataclass(frozen=True)
class Options(Data):
    """Download weights of backbones and data sets of the hub, if they are missing."""

    backbone: str = ""
    """CLIP models: NAME/tag or hf-hub:owner/name."""

    datasets: str = ""
    """Data sets: hf:name, or names that `promptnoise list` shows."""


def main(options: Options) -> int:
    """Names what is ready."""
    datasets, backbones = groups.datasets(split_list(options.datasets)), split_list(options.backbone)
    if not datasets and not backbones:
        raise BadInput("nothing to fetch; give --backbone=NAME/tag, --datasets=hf:owner/name, or both")
    for name in datasets:
        catalog.check(name)
    for name in backbones:
        check_backbone(name)
    console = Screen()
    for dataset in datasets:
        opened = catalog.open_dataset(dataset, options.data, download=True)
        console.say(f"{dataset}: {len(opened.train.labels)} training and {len(opened.test.labels)} test images")
    if backbones:
        from methods.clip.loading import load_backbone

        for name in backbones:
            console.say(f"{name}: ready, weights {load_backbone(name).identity[:12]}")
    return 0
