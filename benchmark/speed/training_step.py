"""What a step of training costs per run: images and text, for towers of the papers' size."""

from __future__ import annotations

from collections.abc import Iterator

from benchmark.speed.cases import Row, Settings
from benchmark.speed.parts import SHORT, PackStep, pictures
from benchmark.speed.reference import ReferenceRun
from methods.clip.backbone import Backbone
from methods.clip.loading import load_backbone
from methods.recipes import recipe

TARGETS = {"ViT-B-32/random": 12.0, "ViT-B-16/random": 25.0}


def step(settings: Settings) -> Iterator[Row]:
    """A step of 32 images with 100 classes, for 20 runs that share their images.

    Every step of a training costs the same, so the ratio is that of whole trainings without their tests; a test set
    is encoded once by the suite and once per run by the reference.
    """
    for name, target in TARGETS.items():
        yield compare(load_backbone(name, settings.device), 10 if settings.quick else 100, settings, target)
        if settings.quick:
            return


def compare(backbone: Backbone, classes: int, settings: Settings, target: float, runs: int = 20) -> Row:
    """The row of one step, per run: the suite encodes a view of each image once for all runs."""
    pack, pixels = PackStep.of(backbone, classes, runs), pictures(backbone)
    alone = ReferenceRun(backbone, pack.classes, pack.method.ctx[0], recipe("coop").at())
    labels = pack.batch.labels[0]

    def baseline() -> None:
        alone.step(pixels, labels)

    def suite() -> None:
        pack.step(backbone.encode_images(pixels))

    row = Row("training step", SHORT[backbone.name], classes, runs, "reference loop", target=target)
    return row.counted(baseline, suite).timed(baseline, suite, settings)
