"""Options that several commands have, each declared once; `--help` shows a class as a group. Imports no torch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Le

DATA = Path(os.environ.get("PROMPTNOISE_DATA", "~/data")).expanduser()
CACHE = Path(os.environ.get("PROMPTNOISE_CACHE", "~/.cache/promptnoise")).expanduser()


@dataclass(frozen=True, kw_only=True)
class WandB:
    """Weights & Biases."""

    wandb: str = ""
    """online, offline or disabled; the default is online where credentials are configured."""

    wandb_project: str = ""
    """The W&B project; the default is WANDB_PROJECT, else promptnoise."""

    wandb_entity: str = ""
    """The W&B user or team that owns the project; the default is the account's own."""

    wandb_group: str = ""
    """The group of the runs in W&B; the default is the results folder's name."""

    wandb_tags: str = ""
    """Further tags of the runs in W&B, separated by commas."""


@dataclass(frozen=True, kw_only=True)
class Data:
    """Where data sets are."""

    data: Path = DATA
    """Folder of real data sets, laid out as for CoOp."""


@dataclass(frozen=True, kw_only=True)
class Training(Data, WandB):
    """How and where runs are trained."""

    devices: str = "auto"
    """auto (every GPU, else the CPU), cpu, cpu:2 (two workers), or GPU numbers: 0,1,2,3 (0,0: two workers on one)."""

    engine: str = "local"
    """What trains: local (this machine), ray[address=auto,gpus=1,...], slurm[partition=gpu,time=4h,parallel=32,...]."""

    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Precision of the frozen towers: fp32, bf16, or auto (bf16 on a GPU, fp32 on the CPU)."""

    out: Path = Path("results")
    """Folder for records, leaderboard, plots and report."""

    cache: Path = CACHE
    """Folder for the image features of real backbones, which are encoded once."""

    skip_bad_images: bool = False
    """Skip images that cannot be read; the records say how many."""

    fewer_shots: bool = False
    """Use all images of a class that has fewer than shots, as in CoOp's code."""

    save_predictions: bool = False
    """Write the predictions of each run to a Parquet file beside its record."""

    pack: Annotated[int, Ge(1)] = 96
    """Largest number of runs that train together."""

    timeout: Annotated[int, Ge(0)] = 0
    """Seconds without progress after which a pack is stopped and tried again in parts; 0: never."""

    track: str = ""
    """Also write curves and numbers of finished runs to OUT/track: csv, tensorboard, or both, separated by commas."""

    dry_run: bool = False
    """Print the plan and stop."""


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How and where images are encoded."""

    backbone: str = "embedded"
    """CLIP model: embedded, embedded-vit, NAME/tag, NAME:/file, hf-hub:owner/name, local-dir:/path."""

    devices: str = "auto"
    """auto (the first GPU, else the CPU), cpu, or a GPU's number."""

    cache: Path = CACHE
    """Folder for the image features of real backbones, which are encoded once."""


@dataclass(frozen=True, kw_only=True)
class PictureEncoding(Encoding):
    """Images that cannot be read."""

    skip_bad_images: bool = False
    """Skip images that cannot be read; otherwise they are counted and named, and nothing is done."""


@dataclass(frozen=True, kw_only=True)
class DoubtfulLabels(PictureEncoding, Data):
    """Images whose labels are in doubt."""

    dataset: str
    """A folder of class folders (train/ in it, where there is one), a CSV table of file and label, or a data set."""

    checked: Path | None = None
    """Table of file and true label of images that you have checked, as exported by the audit's page."""

    shots: Annotated[int, Ge(0)] = 0
    """Images per class to use, 0: all."""

    noise: Annotated[float, Ge(0), Le(1)] = 0.0
    """For a test: fraction of labels to make wrong first, 0 to 1. The data set's own labels are then the true ones."""

    noise_type: str = "symmetric"
    """Kind of that noise; human[labels=NAME] takes a labelling of the data set."""
