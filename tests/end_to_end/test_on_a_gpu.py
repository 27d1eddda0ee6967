"""Every method under every paradigm trains, tests and collects on a pretend GPU, with the CPU's results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.attention import SDPBackend, sdpa_kernel

from benchmark.plan.catalog import methods
from benchmark.plan.grid import Grid, Run
from benchmark.run.resources import Resources
from benchmark.run.training import Result, train
from tests.support.pretend_gpu import PretendGPU
from tests.support.pretend_training import Cost, trainer

CLASSES = ("red cat", "green dog", "blue bird", "ox", "grey mouse", "lion")
MODALITIES = ("fpl", "ifpl", "grip")


def cases() -> list[tuple[str, str]]:
    """(method, paradigm) of all there are, self-training in each modality and in few rounds."""
    found = []
    for name, info in methods().items():
        variants = [name]
        if name in MODALITIES:
            rounds = "" if name == "fpl" else ",rounds=2"
            variants = [f"{name}[modality={kind}{rounds}]" for kind in ("text", "visual", "multimodal")]
        found += [(variant, paradigm) for variant in variants for paradigm in info.paradigms]
    return found


@pytest.fixture(scope="module")
def resources(tmp_path_factory: pytest.TempPathFactory) -> Resources:
    """Opens the embedded backbones and folders."""
    return Resources()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A data set of six classes, each of one colour with noise: 28 training and 4 test pictures a class."""
    folder, noise = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for part, count in (("train", 28), ("test", 4)):
        for name in CLASSES:
            (folder / part / name).mkdir(parents=True)
            colour = np.random.default_rng(len(name)).integers(0, 255, 3)
            for number in range(count):
                pixels = np.clip(colour + noise.normal(0, 60, (32, 32, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / part / name / f"{number}.png")
    return f"folder:{folder}"


def runs_of(method: str, paradigm: str, dataset: str) -> list[Run]:
    grid = Grid([method], [dataset], [0.5], ["symmetric"], [1, 2], [22], ["embedded-vit"], [paradigm], epochs=2)
    return grid.runs()
