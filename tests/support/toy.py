"""A tiny CLIP, a toy data set of coloured pictures, and a bare training loop for both."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache
from typing import TypeVar

import lightning
import numpy as np
import open_clip
import torch
from open_clip.model import CLIP
from PIL import Image

from datamodules.datamodule import NoisyFewShot
from datamodules.dataset import Dataset, Split
from datamodules.epoch_plan import Sampling
from datamodules.features.bank import FeatureBank
from datamodules.features.crops import Crop
from datamodules.run_spec import RunSpec
from methods.clip.backbone import Backbone, preprocess_of
from methods.core.base import BaseMethod
from methods.core.module import RunsModule
from methods.core.pack_module import PackModule
from methods.core.task import Task
from methods.recipes import Recipe

Module = TypeVar("Module", bound=RunsModule)

CLASSES = ("red cat", "green dog", "blue bird", "ox", "grey mouse", "lion")
RECIPE = Recipe(epochs=3, n_ctx=2, lr=0.01, crop=(0.6, 1.0), flip=False, batch=8)


@cache
def tiny_clip() -> Backbone:
    """A CLIP of width 32 with two random layers a tower; its image projection is fitted to the toy classes."""
    vision = {"image_size": 32, "patch_size": 8, "width": 32, "layers": 2, "head_width": 16}
    text = {"context_length": 32, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = CLIP(24, open_clip.CLIPVisionCfg(**vision), open_clip.CLIPTextCfg(**text))
        torch.nn.init.constant_(model.logit_scale, np.log(30.0))
        for parameter in (model.positional_embedding, model.token_embedding.weight):
            torch.nn.init.normal_(parameter, std=0.05)
    mean = (0.5, 0.5, 0.5)
    config = {"size": 32, "mean": mean, "std": mean, "interpolation": "bicubic", "resize_mode": "shortest"}
    model.visual.preprocess_cfg = config
    backbone = Backbone("tiny", model, preprocess_of(model), open_clip.SimpleTokenizer(context_length=32))
    _align(backbone)
    return Backbone("tiny", model, backbone.preprocess, backbone.tokenizer)


@torch.no_grad()
def _align(backbone: Backbone) -> None:
    """Fits the image projection by least squares to the text features of the classes."""
    part, visual = split(20, seed=3), backbone.model.visual
    pixels = torch.stack([backbone.preprocess(part.images[i]) for i in range(len(part.labels))])
    texts = backbone.encode_text([f"a photo of a {name}." for name in CLASSES])
    visual.proj, projection = None, visual.proj
    targets = torch.nn.functional.normalize(texts - texts.mean(0), dim=-1)[torch.from_numpy(part.labels)]
    projection.copy_(torch.linalg.lstsq(visual(pixels), targets).solution)
    visual.proj = projection


class Pictures:
    """Pictures of one colour per class, with noise."""

    def __init__(self, labels: np.ndarray, seed: int) -> None:
        noise = np.random.default_rng(seed)
        colours = np.random.default_rng(7).integers(40, 215, (len(CLASSES), 4, 4, 3))
        plain = colours[labels].repeat(8, 1).repeat(8, 2)
        self.pixels = np.clip(plain + noise.normal(0, 40, plain.shape), 0, 255).astype(np.uint8)
        self.fingerprint = f"pictures {seed}"

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> Image.Image:
        return Image.fromarray(self.pixels[index])

    def describe(self, index: int) -> str:
        return f"picture {index}"


def split(per_class: int, seed: int) -> Split:
    labels = np.random.default_rng(seed).permutation(np.arange(per_class * len(CLASSES)) % len(CLASSES))
    return Split(Pictures(labels, seed), labels)


@cache
def toy_dataset() -> Dataset:
    """Six classes, 12 training and 10 test pictures each."""
    return Dataset("toy", CLASSES, "a photo of a {}.", split(12, 1), split(10, 2))


def task(seeds: Sequence[int], epochs: int = 3) -> Task:
    return Task(tiny_clip(), CLASSES, toy_dataset().template, seeds, epochs, RECIPE)


def data_for(runs: Sequence[RunSpec], epochs: int = 3, dataset: Dataset | None = None) -> NoisyFewShot:
    backbone, dataset = tiny_clip(), dataset or toy_dataset()
    from methods.clip.backbone import zero_shot_weights

    crop, bank = Crop(RECIPE.crop, flip=RECIPE.flip), FeatureBank(backbone)
    data = NoisyFewShot(dataset, runs, backbone=bank, sampling=Sampling(epochs, crop, RECIPE.batch), test_curve=True)
    weights = backbone.scale * zero_shot_weights(backbone, dataset.classes, dataset.template)
    data.zero_shot = weights.numpy
    return data


def fit(
    members: Sequence[BaseMethod], data: NoisyFewShot, epochs: int = 3, callbacks: Sequence[lightning.Callback] = ()
) -> PackModule:
    """Trains the members side by side, tests them, and returns what was trained."""
    return _fit(PackModule(members), data, epochs, callbacks)


def fit_alone(method: BaseMethod, data: NoisyFewShot, epochs: int = 3) -> BaseMethod:
    """Trains one method by itself, tests it, and returns it."""
    return _fit(method, data, epochs, ())


def _fit(module: Module, data: NoisyFewShot, epochs: int, callbacks: Sequence[lightning.Callback]) -> Module:
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    trainer = lightning.Trainer(
        max_epochs=epochs, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, limit_val_batches=0, callbacks=list(callbacks),
    )  # fmt: skip
    if any(member.fits for member in module.members):
        trainer.fit(module, data)
    trainer.test(module, data, verbose=False)
    return module
