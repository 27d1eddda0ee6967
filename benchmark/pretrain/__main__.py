"""Remake the embedded CLIP and its ViT sibling from a seed, on one thread, and compare them with the shipped ones.

`python -m benchmark.pretrain --out FOLDER`; `FOLDER/embedded` and `FOLDER/embedded_vit` are then ordinary open_clip
model folders. `--model vit` remakes the sibling alone, from the convolutional model in FOLDER, or else the shipped one.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import open_clip
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from benchmark.pretrain.contrastive import train
from benchmark.pretrain.distill import DISTILLATION, distill
from benchmark.pretrain.embedded_accuracy import SHIPPED, SIBLING
from benchmark.pretrain.proof import Model, compare, repeatable
from benchmark.pretrain.recipe import Recipe
from benchmark.pretrain.vocabulary import WEIGHTS, Vocabulary, save, write
from benchmark.screen import Screen
from datamodules import reading

Report = Callable[[int, float], None]


def main() -> None:
    """Parse the command line, train on one thread, save, compare."""
    parser = argparse.ArgumentParser("python -m benchmark.pretrain", description="Remake the embedded CLIPs.")
    parser.add_argument(
        "--out", type=Path, default=SHIPPED.parent, help="parent folder to write (default: the shipped one)"
    )
    parser.add_argument("--model", choices=("both", "clip", "vit"), default="both", help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=Recipe.seed, help="of the weights and of the world")
    parser.add_argument("--steps", type=int, help="of each model; fewer make a quick trial")
    args = parser.parse_args()
    more = {"seed": args.seed} | ({"steps": args.steps} if args.steps else {})
    with repeatable():
        if args.model != "vit":
            remake(SHIPPED, args.out / SHIPPED.name, replace(Recipe(), **more), contrastive)
        if args.model != "clip":
            remake(SIBLING, args.out / SIBLING.name, replace(DISTILLATION, **more), distilled)


def remake(
    shipped: Path, out: Path, recipe: Recipe, make: Callable[[dict[str, Any], Recipe, Path, Report], None]
) -> None:
    """Make one model into `out` with a progress bar, and print how it compares with the shipped one."""
    console = Screen()
    config = json.loads(reading.read_text(shipped / "open_clip_config.json"))
    before = Model.of(shipped) if (shipped / WEIGHTS).exists() else None
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("steps, loss {task.fields[loss]:.2f},"))
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("training", total=recipe.steps, loss=float("nan"))
        make(config, recipe, out, lambda step, loss: progress.update(task, completed=step + 1, loss=loss))
    console.print(f"written to {out}", soft_wrap=True)
    for line in compare(before, Model.of(out)):
        console.print(line, highlight=False, soft_wrap=True)


def contrastive(config: dict[str, Any], recipe: Recipe, out: Path, report: Report) -> None:
    """Train the convolutional CLIP and write it."""
    vocabulary = Vocabulary(config["model_cfg"]["text_cfg"]["context_length"])
    save(train(config, recipe, vocabulary, report), config, vocabulary, out, recipe.seed)


def distilled(config: dict[str, Any], recipe: Recipe, out: Path, report: Report) -> None:
    """Train the ViT on the convolutional CLIP beside it, or else on the shipped one, and write it."""
    beside = out.with_name(SHIPPED.name)
    folder = beside if (beside / WEIGHTS).exists() else SHIPPED
    teacher, _ = open_clip.create_model_from_pretrained(f"local-dir:{folder}")
    write(distill(teacher, config, recipe, report).state_dict(), config, out)


if __name__ == "__main__":
    main()
