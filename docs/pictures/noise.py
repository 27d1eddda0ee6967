"""Draws the pictures of docs/noise.md; run `python docs/pictures/noise.py` in the project's folder."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from datamodules import catalog, noise  # noqa: E402
from datamodules.dataset import Dataset, Images, Labels  # noqa: E402
from datamodules.features.bank import FeatureBank  # noqa: E402
from datamodules.run_spec import RunSpec, labelled, noisy_labels  # noqa: E402
from methods.clip.backbone import zero_shot_weights  # noqa: E402
from methods.clip.loading import load_backbone  # noqa: E402

SEED, SHOTS, RATE, SHOWN = 1, 16, 0.5, 10
WRONG = "#D55E00"


def main() -> None:
    """Writes a PNG for each kind."""
    digits = catalog.open_dataset("digits", None)
    dataset = replace(digits, given={"stand_in": stand_in(digits)})
    clip = load_backbone("embedded")
    features = FeatureBank(clip).plain(dataset.train.images).numpy()
    weights = clip.scale * zero_shot_weights(clip, dataset.classes, dataset.template).numpy()
    for kind in noise.known():
        spec = f"matrix[file={HERE / 'noise-matrix.csv'}]" if kind == "matrix" else kind
        run = RunSpec(SEED, SHOTS, spec, None if noise.measured(kind) else RATE)
        drawn = noisy_labels(dataset, run, labelled(dataset, run), lambda: features, lambda: weights)
        save(picture(dataset, drawn.images, drawn.labels), HERE / f"noise-{kind}.png")


def stand_in(dataset: Dataset) -> Labels:
    """Labels [n] by somebody who sees badly: the class whose mean at 4 x 4 pixels is nearest, over the val images."""
    assert dataset.val is not None
    known, asked = coarse(dataset.val.images), coarse(dataset.train.images)
    means = np.stack([known[dataset.val.labels == c].mean(0) for c in range(len(dataset.classes))])
    return ((asked[:, None] - means) ** 2).sum(-1).argmin(1).astype(np.int64)


def coarse(images: Images) -> NDArray[np.float64]:
    """Images as [n, 16] grey values."""
    small = [np.asarray(images[i].convert("L").resize((4, 4), Image.Resampling.BOX)) for i in range(len(images))]
    return np.stack(small).reshape(len(small), -1).astype(np.float64)


def picture(dataset: Dataset, indices: Labels, given: Labels) -> Figure:
    """Ten images with their given labels, the true one below where that is wrong; beside it all labels, counted."""
    true, names = dataset.train.labels[indices], dataset.classes
    figure = plt.figure(figsize=(8.4, 2.9))
    images, counts = figure.add_gridspec(1, 2, width_ratios=(5, 2.6), wspace=0.12)
    grid = images.subgridspec(2, SHOWN // 2, hspace=0.55, wspace=0.05)
    for place, i in enumerate(np.random.default_rng(SEED).permutation(len(indices))[:SHOWN]):
        axes = figure.add_subplot(grid[place // (SHOWN // 2), place % (SHOWN // 2)])
        axes.imshow(dataset.train.images[indices[i]])
        axes.set(xticks=[], yticks=[])
        wrong = given[i] != true[i]
        axes.set_title(
            names[given[i]], fontsize=10, color=WRONG if wrong else "black", weight="bold" if wrong else "normal", pad=3
        )
        if wrong:
            axes.set_xlabel(f"true: {names[true[i]]}", fontsize=9, labelpad=3)
    table = np.zeros((len(names), len(names)), dtype=int)
    np.add.at(table, (true, given), 1)
    axes = figure.add_subplot(counts)
    right = np.eye(len(names), dtype=bool)
    axes.imshow(np.ma.masked_array(table, ~right), cmap="Blues", vmin=0, vmax=SHOTS)
    axes.imshow(np.ma.masked_array(table, right), cmap="Oranges", vmin=0, vmax=SHOTS)
    for row, column in np.argwhere(table):
        value = table[row, column]
        axes.text(column, row, value, ha="center", va="center", fontsize=7, color="white" if value > 8 else "black")
    axes.set(xticks=range(len(names)), yticks=range(len(names)), xlabel="given label", ylabel="true class")
    axes.tick_params(labelsize=7, length=0)
    axes.set_title(f"{(true != given).sum()} of {len(given)} labels are wrong", fontsize=10)
    return figure


def save(figure: Figure, path: Path) -> None:
    """A PNG of 160 colours."""
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=110, bbox_inches="tight", facecolor="white", pad_inches=0.06)
    plt.close(figure)
    Image.open(buffer).convert("RGB").quantize(160, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()
