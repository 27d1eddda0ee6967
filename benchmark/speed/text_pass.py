"""The text pass, forward and backward, against 77 tokens for every class; and how it grows."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from benchmark.run.pack_memory import text_pass_bytes
from benchmark.speed.cases import Row, Settings
from benchmark.speed.parts import SHORT, PackStep
from benchmark.speed.reference import ReferenceRun
from methods.clip.backbone import Backbone
from methods.clip.loading import load_backbone
from methods.recipes import recipe

TARGETS = {10: 8.0, 37: 11.0, 100: 13.0}
#: MiB that a pack of so many runs may take with 1,000 classes.
MIB = {1: 8 * 1024.0, 9: 40 * 1024.0}


def text(settings: Settings) -> Iterator[Row]:
    """One run's text pass for 10, 37 and 100 classes."""
    backbone = load_backbone("ViT-B-32/random", settings.device)
    for classes in (10, 37) if settings.quick else TARGETS:
        yield compare(backbone, classes, 1, settings, TARGETS[classes])


def peak(settings: Settings) -> Iterator[Row]:
    """ViT-B/16 with 100 classes and 9 runs: the fraction of a GPU's matmul peak; on a GPU alone."""
    if settings.device != "cpu":
        yield compare(load_backbone("ViT-B-16/random", settings.device), 100, 9, settings, None)


def growth(settings: Settings) -> Iterator[Row]:
    """How one run's share of the text pass changes with classes, and with 1, 9 and 60 runs in a pack."""
    backbone = load_backbone("ViT-B-32/random", settings.device)
    for classes, runs in ((10, 1), (10, 9)) if settings.quick else ((10, 1), (10, 9), (10, 60), (37, 9), (100, 9)):
        yield compare(backbone, classes, runs, settings, None)


def memory(settings: Settings) -> Iterator[Row]:
    """The peak of packs of 1 and 9 runs with 100 and 1,000 classes, counted; the target is what is allowed, in MiB."""
    name = "ViT-B-16/random"
    backbone = load_backbone(name, settings.device)
    for classes in (100,) if settings.quick else (100, 1000):
        for runs, target in MIB.items():
            pack = PackStep.of(backbone, classes, runs)
            row = Row("memory", SHORT[name], classes, runs, "MiB allowed", target=target if classes == 1000 else None)
            row.device, row.threads = settings.device, torch.get_num_threads()
            row.suite_mib = text_pass_bytes(pack.method) / 2**20
            yield row


def compare(backbone: Backbone, classes: int, runs: int, settings: Settings, target: float | None) -> Row:
    """The row of a pack's text pass, per run, against a reference run's."""
    pack = PackStep.of(backbone, classes, runs)
    alone = ReferenceRun(backbone, pack.classes, pack.method.ctx[0], recipe("coop").at())

    def baseline() -> None:
        alone.class_weights().sum().backward()

    case = "text pass" if target else "growth"
    row = Row(case, SHORT[backbone.name], classes, runs, "77 tokens", target=target)
    row = row.counted(baseline, pack.text_pass).weighed(baseline, pack.text_pass, settings)
    return row.timed(baseline, pack.text_pass, settings)
