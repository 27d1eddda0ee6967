"""Remake the embedded CLIP from a seed, and show how it compares with the one that is shipped.

`python -m benchmark.pretrain --out FOLDER`; the folder is then an ordinary open_clip model folder.
"""

from __future__ import annotations

import argparse
import json
from importlib import import_module
from pathlib import Path

import open_clip
import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmark.contrastive import Recipe, train
from benchmark.vocabulary import Vocabulary, save
from datamodules.dataset import Dataset

SHIPPED = Path(__file__).parents[1] / "methods" / "embedded"
DATASETS = ("flipped", "tilted", "combos", "digits")


def main() -> None:
    """Parse the command line, train, save, compare."""
    parser = argparse.ArgumentParser("python -m benchmark.pretrain", description=__doc__)
    parser.add_argument("--out", type=Path, default=SHIPPED, help="folder to write (default: the shipped one)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=Recipe.steps)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    console = Console()
    config = json.loads((SHIPPED / "open_clip_config.json").read_text())
    shipped = accuracies(SHIPPED)
    vocabulary = Vocabulary(config["model_cfg"]["text_cfg"]["context_length"])
    columns = (TextColumn("training"), BarColumn(), MofNCompleteColumn(), TextColumn("loss {task.fields[loss]:.2f}"))
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("training", total=args.steps, loss=float("nan"))
        model = train(
            config,
            Recipe(seed=args.seed, steps=args.steps),
            vocabulary,
            lambda step, loss: progress.update(task, completed=step + 1, loss=loss),
        )
    save(model, config, vocabulary, args.out, args.seed)
    console.print(f"zero-shot accuracy on the test split, in %, written to {args.out}")
    console.print(f"{'':10}{'shipped':>9}{'retrained':>11}")
    for name, accuracy in accuracies(args.out).items():
        console.print(f"{name:10}{shipped[name]:9.1f}{accuracy:11.1f}")


def accuracies(folder: Path) -> dict[str, float]:
    """Zero-shot accuracy in % of an open_clip folder on the test split of every embedded data set."""
    model, preprocess = open_clip.create_model_from_pretrained(f"local-dir:{folder}")
    model.eval()
    tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
    result = {}
    for name in DATASETS:
        dataset: Dataset = import_module(f"datamodules.datasets.{name}").load()
        images, labels = dataset.test.images, torch.from_numpy(dataset.test.labels)
        with torch.inference_mode():
            texts = model.encode_text(tokenizer([dataset.template.format(c) for c in dataset.classes]), normalize=True)
            pixels = torch.stack([preprocess(images[index]) for index in range(len(images))])
            guesses = torch.cat([model.encode_image(part) @ texts.T for part in torch.split(pixels, 256)]).argmax(-1)
        result[name] = 100 * (guesses == labels).double().mean().item()
    return result


if __name__ == "__main__":
    main()
