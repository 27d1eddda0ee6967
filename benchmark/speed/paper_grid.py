"""How long the grid of a paper takes on this GPU: parts of it are measured, the rest is extrapolated."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
import torch

from benchmark.plan.gpu_hours import SHARE
from benchmark.run import pack_memory
from benchmark.speed.cases import Row, Settings
from benchmark.speed.clock import race
from benchmark.speed.parts import BATCH, SHORT, PackStep
from datamodules.catalog import size
from datamodules.features.crops import Crop, draws
from datamodules.features.inputs import crops_of
from methods.clip.backbone import Backbone
from methods.clip.loading import load_backbone

#: The data sets of the papers, ImageNet left out.
PAPERS = (
    "caltech101", "oxford_pets", "stanford_cars", "oxford_flowers", "food101", "fgvc_aircraft", "sun397", "dtd",
    "eurosat", "ucf101",
)  # fmt: skip
RUNS, SEEDS, SHOTS, EPOCHS = 5 * 6 * 3, 3, 16, 50
VIEWS = 256
ALLOWED = 1800.0


def campaign(settings: Settings) -> Iterator[Row]:
    """900 runs: 5 methods, 6 noise rates and 3 seeds on 10 data sets, 16 shots, 50 epochs, ViT-B/16; on a GPU alone."""
    if settings.device != "cpu":
        yield predict(
            load_backbone("ViT-B-16/random", settings.device), {name: size(name) for name in PAPERS}, settings
        )


def predict(backbone: Backbone, sizes: Mapping[str, tuple[int, int]], settings: Settings) -> Row:
    """Seconds of the whole grid from those of a batch of views and of one step of a pack for each data set.

    Pictures are random and decoded already; every view is cut, encoded once per seed, and shared by 30 runs.
    """
    seconds = 0.0
    per_view = encoding(backbone, settings)
    for classes, test_images in sizes.values():
        images = classes * SHOTS * EPOCHS * SEEDS + test_images
        steps = max(1, classes * SHOTS // BATCH) * EPOCHS
        seconds += images * per_view + steps * RUNS * step(backbone, classes, settings)
    row = Row("campaign", SHORT.get(backbone.name, backbone.name), 0, RUNS * len(sizes), "seconds allowed", SHOTS)
    row.target, row.suite_s, row.device, row.threads = ALLOWED, seconds, settings.device, torch.get_num_threads()
    return row


def encoding(backbone: Backbone, settings: Settings) -> float:
    """Seconds to cut a view out of a decoded picture and to encode it."""
    generator = torch.Generator().manual_seed(0)
    pictures = [torch.randint(256, (3, 256, 256), dtype=torch.uint8, generator=generator) for _ in range(VIEWS // 4)]
    numbers = draws(np.arange(len(pictures)), 0, 4)

    def work() -> None:
        views = crops_of(pictures, numbers, Crop(), backbone.preprocess, backbone.device)
        backbone.encode_images(views.flatten(0, 1))

    return race({"views": work}, settings.rounds, settings.device).median("views") / VIEWS


def step(backbone: Backbone, classes: int, settings: Settings) -> float:
    """Seconds that one run's part of a training step takes in the largest pack that fits."""
    runs, free = RUNS, pack_memory.free_bytes(settings.device) or 0
    while runs > 1 and pack_memory.text_pass_bytes(PackStep.of(backbone, classes, runs).method) > SHARE * free:
        runs = math.ceil(runs / 2)
    pack = PackStep.of(backbone, classes, runs)
    return race({"step": pack.step}, settings.rounds, settings.device).median("step") / runs
