"""The options of `promptnoise bench`; each is a variable of `make bench` too. Imports no torch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from benchmark.errors import BadInput
from benchmark.plan import groups
from benchmark.plan.grid import Grid, split_list

T = TypeVar("T", int, float)

DATA = Path(os.environ.get("PROMPTNOISE_DATA", "~/data")).expanduser()
CACHE = Path(os.environ.get("PROMPTNOISE_CACHE", "~/.cache/promptnoise")).expanduser()


@dataclass(frozen=True)
class Options:
    """Train a grid of methods x data sets x label noise x seeds; what is finished already is not done again."""

    suite: str = ""
    """A suite: options by a name that `promptnoise list` shows, or a TOML file of them; the command line wins."""

    again: str = ""
    """A results folder: the options of its last campaign; the command line wins."""

    methods: str = "zero_shot,ce,coop,gce,mae,dspt,upl,em_means"
    """Methods, options in brackets: coop,gce[q=0.5]. `all` and `robust` stand for several: all,gce[q=0.5]."""

    datasets: str = "flipped,tilted,combos,digits"
    """Data sets: names that `promptnoise list` shows, folder:/path, hf:name; `coop11` stands for CoOp's eleven."""

    noise: str = "0,0.25,0.5,0.75"
    """Shares of wrong labels, 0 to 1."""

    noise_type: str = "symmetric"
    """Kinds of label noise."""

    paradigm: str = "fewshot"
    """Learning paradigms: fewshot, fewshot[imbalance=0.1] (long-tailed shots), ul (no labels), ssl (few labels, the
    rest unlabelled), trzsl (some classes)."""

    seeds: str = "1,2,3"
    """Seeds, 1-5 for a range; all methods see the same images, wrong labels and batches under a seed."""

    shots: str = "16"
    """Labelled images per class."""

    recipe: str = "auto"
    """Training recipes, options in brackets: coop,coop[lr=0.01,epochs=50]; auto is that of the backbone."""

    epochs: int = 0
    """Epochs; 0 takes the recipe's number: 10 for the embedded CLIP, by shots and data set for CoOp's."""

    backbone: str = "embedded"
    """CLIP models: embedded, embedded-vit, NAME/tag, NAME:/file, hf-hub:owner/name, local-dir:/path."""

    devices: str = "auto"
    """auto (every GPU, else the CPU), cpu, cpu:2 (two workers), or GPU numbers: 0,1,2,3 (0,0: two workers on one)."""

    engine: str = "local"
    """What trains: local (this machine), ray[address=auto,gpus=1,...], slurm[partition=gpu,time=4h,parallel=32,...]."""

    detach: bool = False
    """Submit to Slurm and leave; the same command later shows how far it is."""

    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Precision of the frozen towers: fp32, bf16, or auto (bf16 on a GPU, fp32 on the CPU)."""

    data: Path = DATA
    """Folder of real data sets, laid out as for CoOp."""

    out: Path = Path("results")
    """Folder for records, leaderboard, plots and report."""

    cache: Path = CACHE
    """Folder for the image features of real backbones, which are encoded once."""

    skip_bad_images: bool = False
    """Go on without images that cannot be read; the records say how many."""

    save_predictions: bool = False
    """Write what each run predicts of every image to a Parquet file beside its record."""

    wandb: str = ""
    """Weights & Biases: online, offline or disabled; the default is online where credentials are configured."""

    wandb_project: str = ""
    """The W&B project; the default is WANDB_PROJECT, else promptnoise."""

    wandb_entity: str = ""
    """The W&B user or team that owns the project; the default is the account's own."""

    wandb_group: str = ""
    """The group of the runs in W&B; the default is the results folder's name."""

    wandb_tags: str = ""
    """Further tags of the runs in W&B, separated by commas."""

    pack: int = 96
    """Runs that train side by side at most."""

    timeout: int = 0
    """Seconds without progress after which a pack's worker is stopped and the pack goes again in parts; 0: never."""

    dry_run: bool = False
    """Print the plan and stop."""

    def grid(self) -> Grid:
        """The grid that these options describe.

        Raises:
            BadInput: a value that is not a number where one is due.
        """
        return Grid(
            methods=groups.methods(split_list(self.methods)),
            datasets=groups.datasets(split_list(self.datasets)),
            rates=numbers("noise", self.noise, float),
            kinds=split_list(self.noise_type),
            seeds=numbers("seeds", self.seeds, int),
            shots=numbers("shots", self.shots, int),
            backbones=split_list(self.backbone),
            paradigms=split_list(self.paradigm),
            recipes=split_list(self.recipe),
            epochs=self.epochs or None,
        )


def numbers(option: str, text: str, kind: type[T]) -> list[T]:
    """The numbers of an option, separated by commas; whole ones also as ranges.

    Raises:
        BadInput: one of them is none.
    """
    parts = split_list(text)
    if kind is int:
        return [kind(number) for number in groups.whole_numbers(option, parts)]
    found = []
    for part in parts:
        try:
            found.append(kind(part))
        except ValueError:
            raise BadInput(f"{option}: {part!r} should be a number") from None
    return found
