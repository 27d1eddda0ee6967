"""The options of `promptnoise bench`; each is a variable of `make bench` too. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from benchmark.errors import BadInput
from benchmark.plan import groups
from benchmark.plan.axes import out_of_range
from benchmark.plan.grid import Grid
from benchmark.plan.shared_options import Training
from datamodules.fewshot import ALL
from datamodules.names import split_list

T = TypeVar("T", int, float)


@dataclass(frozen=True, kw_only=True)
class Options(Training):
    """Train a grid of methods x data sets x label noise x seeds; finished runs are not repeated."""

    suite: str = ""
    """A named set of options from `promptnoise list`, or a TOML file; the command line takes precedence."""

    again: str = ""
    """A results folder whose last options are used; the command line takes precedence."""

    methods: str = "zero_shot,linear_probe,clip_adapter[loss=gce],coop,gce,mae,dspt,upl,em_means"
    """Methods, options in brackets: coop,gce[q=0.5]. `all` and `robust` stand for several: all,gce[q=0.5]."""

    datasets: str = "flipped,tilted,combos,digits"
    """Data sets: names that `promptnoise list` shows, folder:/path, hf:name; `coop11` stands for CoOp's eleven,
    features:FILE for features of any model, and `features` for all such files in --data."""

    noise: str = "0,0.25,0.5,0.75"
    """Fractions of wrong labels, 0 to 1."""

    noise_type: str = "symmetric"
    """Kinds of label noise."""

    paradigm: str = "fewshot"
    """Learning paradigms: fewshot, fewshot[imbalance=0.1] (long-tailed shots), ul (no labels), ssl (few labels, the
    rest unlabelled), trzsl (some classes)."""

    seeds: str = "1,2,3"
    """Seeds, 1-5 for a range; all methods see the same images, wrong labels and batches under a seed."""

    shots: str = "16"
    """Labelled images per class, or all."""

    recipe: str = "auto"
    """Training recipes, options in brackets: coop,coop[lr=0.01,epochs=50]; auto is each method's own
    on real backbones."""

    epochs: int = 0
    """Epochs; 0 takes the recipe's number: 10 for the embedded CLIP, by shots and data set for CoOp's."""

    backbone: str = "embedded"
    """CLIP models: embedded, embedded-vit, NAME/tag, NAME:/file, hf-hub:owner/name, local-dir:/path."""

    detach: bool = False
    """Submit to Slurm and exit; the same command later shows progress."""

    def grid(self) -> Grid:
        """The grid that these options describe.

        Raises BadInput: a value that is not a number where one is due.
        """
        shots = [str(ALL) if part.casefold() == "all" else part for part in split_list(self.shots)]
        return Grid(
            methods=groups.methods(split_list(self.methods)), datasets=groups.datasets(split_list(self.datasets),
            self.data), rates=numbers("noise", self.noise, float), kinds=split_list(self.noise_type),
            seeds=numbers("seeds", self.seeds, int), shots=numbers("shots", ",".join(shots), int),
            backbones=split_list(self.backbone), paradigms=split_list(self.paradigm), recipes=split_list(self.recipe),
            epochs=self.epochs or None,
        )  # fmt: skip


def seeds_of(text: str) -> list[int]:
    """The seeds of an option, separated by commas, also as ranges.

    Raises BadInput: one is no whole number from 0 to 2^63 - 1, or there is none.
    """
    found = numbers("seeds", text, int)
    if not found:
        raise BadInput("no seeds given; name at least one")
    for seed in found:
        if limits := out_of_range("seed", seed):
            raise BadInput(f"seed is {seed}, should be {limits}")
    return found


def numbers(option: str, text: str, kind: type[T]) -> list[T]:
    """The numbers of an option, separated by commas; whole ones also as ranges.

    Raises BadInput: one of them is none.
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
