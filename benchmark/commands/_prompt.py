"""A robust prompt beside the other classifiers of an audit, where a class has few images."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rich.progress import Progress

from methods.recipes import is_embedded, recipe_for

if TYPE_CHECKING:
    from benchmark.audit.doubtful import Doubtful
    from benchmark.audit.sample import Sample
    from datamodules.features.bank import FeatureBank
    from methods.clip.backbone import Backbone

METHOD = "gce"
#: Images a class, in the mean, up to which a prompt helps; with 16 it changes hardly anything (docs/audit.md).
FEW = 8.0


def worth_it(images: int, classes: int, backbone: str, device: str) -> bool:
    """Whether a prompt helps so few images and takes seconds: a real text tower on a CPU would take an hour."""
    return images <= FEW * classes and (is_embedded(backbone) or device != "cpu")


def with_prompt(
    sample: Sample, data: Doubtful, name: str, backbone: Backbone, bank: FeatureBank, device: str, progress: Progress
) -> Sample:
    """The sample with a prompt that was trained on its given labels with GCE (1805.07836), by the backbone's recipe."""
    from benchmark.choose.trials import Setting, train

    setting = Setting(data, backbone, bank, recipe_for(name), device)
    task = progress.add_task("training a robust prompt", total=setting.epochs())
    trained = train(setting, [METHOD], [sample.seed], 0.0, lambda: progress.advance(task))
    return replace(sample, prompt=trained.weights[METHOD][0].cpu())
