"""What a Lightning user trains a toy with: a Trainer and a data module of their own."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning

from datamodules import NoisyFewShot
from datamodules.epoch_plan import Sampling
from datamodules.run_spec import RunSpec
from tests.support import toy

EPOCHS = 4
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


def trainer(epochs: int = EPOCHS, folder: Path | None = None, **more: Any) -> lightning.Trainer:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    settings = {**quiet, "enable_checkpointing": False, "default_root_dir": folder, **more}
    return lightning.Trainer(max_epochs=epochs, accelerator="cpu", **settings)


def data_of(paradigm: str = "fewshot", seeds: tuple[int, ...] = (0, 1), **more: Any) -> NoisyFewShot:
    """A toy data set with a val split; the backbone is a loaded one, everything else comes from elsewhere."""
    dataset = replace(toy.toy_dataset(), val=toy.split(5, 3))
    runs = [RunSpec(seed, 2, "symmetric", 0.5, paradigm) for seed in seeds]
    settings = {"sampling": Sampling(batch_size=8), "backbone": toy.tiny_clip(), "test_curve": True, **more}
    return NoisyFewShot(dataset, runs, **settings)
