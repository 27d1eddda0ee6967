"""Zero-shot accuracy of an open_clip folder on the embedded data sets, by open_clip alone."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import open_clip
import torch

from datamodules.dataset import Dataset

SHIPPED = Path(__file__).parents[2] / "methods" / "clip" / "embedded"
SIBLING = SHIPPED.with_name("embedded_vit")
DATASETS = ("flipped", "tilted", "combos", "digits")


def embedded_datasets() -> dict[str, Dataset]:
    """Renders the embedded data sets, by name."""
    return {name: import_module(f"datamodules.datasets.{name}").load() for name in DATASETS}


def accuracies(folder: Path, datasets: Mapping[str, Dataset]) -> dict[str, float]:
    """Accuracy in % of an open_clip folder on the test split of every data set, each with its own template."""
    model, preprocess = open_clip.create_model_from_pretrained(f"local-dir:{folder}")
    model.eval()
    tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
    result = {}
    for name, dataset in datasets.items():
        images, labels = dataset.test.images, torch.from_numpy(dataset.test.labels)
        with torch.inference_mode():
            texts = model.encode_text(tokenizer([dataset.template.format(c) for c in dataset.classes]), normalize=True)
            pixels = torch.stack([preprocess(images[index]) for index in range(len(images))])
            guesses = torch.cat([model.encode_image(part) @ texts.T for part in torch.split(pixels, 256)]).argmax(-1)
        result[name] = 100 * (guesses == labels).double().mean().item()
    return result
