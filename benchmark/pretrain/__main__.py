"""Remake the embedded CLIP from a seed, and show how it compares with the one that is shipped.

`python -m benchmark.pretrain --out FOLDER`; the folder is then an ordinary open_clip model folder.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from benchmark.pretrain.contrastive import Recipe, train
from benchmark.pretrain.vocabulary import Vocabulary, save
from benchmark.pretrain.zero_shot import DATASETS, SHIPPED, accuracies


def main() -> None:
    """Parse the command line, train, save, compare."""
    parser = argparse.ArgumentParser(
        "python -m benchmark.pretrain", description="Remake the embedded CLIP from a seed."
    )
    parser.add_argument("--out", type=Path, default=SHIPPED, help="folder to write (default: the shipped one)")
    parser.add_argument("--seed", type=int, default=Recipe.seed, help="of the weights and of the world")
    parser.add_argument(
        "--steps", type=int, default=Recipe.steps, help="fewer make a quick trial (default: %(default)s)"
    )
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="default: %(default)s")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    console = Console()
    config = json.loads((SHIPPED / "open_clip_config.json").read_text())
    shipped = accuracies(SHIPPED) if (SHIPPED / "open_clip_model.safetensors").exists() else {}
    vocabulary = Vocabulary(config["model_cfg"]["text_cfg"]["context_length"])
    recipe = Recipe(seed=args.seed, steps=args.steps)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("steps, loss {task.fields[loss]:.2f},"))
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("training", total=recipe.steps, loss=float("nan"))
        model = train(
            config, recipe, vocabulary, lambda step, loss: progress.update(task, completed=step + 1, loss=loss)
        )
    save(model, config, vocabulary, args.out, recipe.seed)
    retrained = accuracies(args.out)
    console.print(f"written to {args.out}\nzero-shot accuracy on the test split, %:  shipped  retrained")
    for name in DATASETS:
        console.print(f"{name:>40} {shipped.get(name, float('nan')):8.1f} {retrained[name]:10.1f}")


if __name__ == "__main__":
    main()
