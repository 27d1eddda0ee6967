"""Memory of a text pass, forward and backward, up to ImageNet's size; counted without computing it."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from benchmark.run.pack_memory import text_pass_bytes
from benchmark.speed.cases import Row, Settings
from benchmark.speed.parts import SHORT, PackStep
from methods.clip.loading import load_backbone

#: MiB that a pack of so many runs may take with 1,000 classes.
TARGETS = {1: 8 * 1024.0, 9: 40 * 1024.0}


def memory(settings: Settings) -> Iterator[Row]:
    """The peak of packs of 1 and 9 runs with 100 and 1,000 classes; the target is the memory allowed, in MiB."""
    name = "ViT-B-16/random"
    backbone = load_backbone(name, settings.device)
    for classes in (100,) if settings.quick else (100, 1000):
        for runs, target in TARGETS.items():
            pack = PackStep.of(backbone, classes, runs)
            row = Row("memory", SHORT[name], classes, runs, "MiB allowed", target=target if classes == 1000 else None)
            row.device, row.threads = settings.device, torch.get_num_threads()
            row.suite_mib = text_pass_bytes(pack.method) / 2**20
            yield row
