"""A robust prompt beside the other classifiers of an audit, where a class has few images."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from benchmark.audit.doubtful_training import Setting, Start, train
from benchmark.audit.sample import Sample
from benchmark.errors import BadInput
from methods.recipes import is_embedded

METHOD = "gce"
#: Images a class, in the mean, up to which a prompt helps; with 16 it changes hardly anything.
FEW = 8.0

When = Literal["auto", "yes", "no"]


def worth_it(images: int, classes: int, backbone: str, device: str) -> bool:
    """Whether a prompt helps so few images and takes seconds: a real text tower on a CPU would take an hour."""
    return images <= FEW * classes and (is_embedded(backbone) or device != "cpu")


def with_prompt(sample: Sample, setting: Setting, when: When, start: Start) -> Sample:
    """The sample with a prompt trained on its given labels with GCE (1805.07836), with `auto` where it is `worth_it`.

    Raises BadInput: a prompt is asked for, and there are features only.
    """
    data, name = setting.data, setting.backbone.name
    if data.outputs is not None:
        if when == "yes":
            raise BadInput(f"{data.name} has features only, and a prompt needs a text tower; leave out --prompt=yes")
        return sample
    pays = when == "yes" or worth_it(len(data.given), len(data.classes), name, str(setting.bank.device))
    if when == "no" or not pays:
        return sample
    step = start("training a robust prompt", setting.epochs([METHOD]))
    trained = train(setting, [METHOD], [sample.seed], 0.0, step)
    return replace(sample, prompt=trained.weights[METHOD][0].cpu())
