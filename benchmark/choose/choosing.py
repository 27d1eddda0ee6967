"""A choice from beginning to end: is agreement to be trusted, trials, the rule, and the training on all labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmark.audit.doubtful import Doubtful
from benchmark.choose.confusion import ENOUGH, estimated_confusion
from benchmark.choose.expected import Regret
from benchmark.choose.rule import Choice, Lead, decide, leads_over
from benchmark.choose.trials import Setting, Step, Trained, train
from benchmark.errors import BadInput
from datamodules.dataset import Split
from datamodules.features.bank import FeatureBank
from methods.clip.backbone import Backbone, zero_shot_weights
from methods.functional.noise_matrix import dominant_fraction
from methods.recipes import NamedRecipe

#: Told what is trained next and for how many epochs; returns what to call after each.
Start = Callable[[str, int], Step]


@dataclass(frozen=True)
class Plan:
    """Which methods are tried beside the default, with which seeds and what share held out."""

    methods: Sequence[str]
    default: str
    seeds: Sequence[int]
    hold_out: float


@dataclass(frozen=True)
class Outcome:
    """A choice, what it rests on, and methods that were trained on all labels: the chosen one, or every one."""

    choice: Choice
    dominant: float
    agreements: dict[str, list[float]]
    held_out: int
    final: Trained


def prepare(data: Doubtful, backbone: Backbone, bank: FeatureBank, recipe: NamedRecipe, device: str) -> Setting:
    """The setting of trials on the images that can be read.

    Raises:
        BadInput: a class has fewer than two of them.
    """
    readable = bank.plain(data.images).any(1).numpy()
    data = data if readable.all() else data.pick(readable.nonzero()[0])
    counts = torch.bincount(torch.from_numpy(data.given), minlength=len(data.classes))
    if counts.min() < 2:
        few = data.values[int(counts.argmin())]
        raise BadInput(f"{data.name}: fewer than 2 images of class {few!r} can be read")
    return Setting(data, backbone, bank, recipe, device)


def dominant_classes(setting: Setting) -> float:
    """Share of the classes, 0 to 1, whose own label is likelier than any other one, by the estimated confusion."""
    data = setting.data
    features = setting.bank.plain(data.images)
    text = zero_shot_weights(setting.backbone, data.classes, data.template).cpu()
    return dominant_fraction(estimated_confusion(features, torch.from_numpy(data.given), text))


def choose(setting: Setting, plan: Plan, start: Start, everything: bool = False) -> Outcome:
    """Chooses among the plan's methods and trains the chosen one on all labels, with the first seed.

    With `everything` all methods and the default are trained so, to see what the choice costs.
    """
    dominant = dominant_classes(setting)
    agreements: dict[str, list[float]] = {}
    leads: dict[str, Lead] = {}
    held_out, names = 0, list(dict.fromkeys([*plan.methods, plan.default]))
    if dominant >= ENOUGH and len(names) > 1:
        step = start(f"{len(names)} methods, {len(plan.seeds)} seeds", setting.epochs())
        trials = train(setting, names, plan.seeds, plan.hold_out, step)
        hits = trials.hits()
        agreements = {name: (100 * np.nanmean(own, 1)).tolist() for name, own in hits.items()}
        leads = leads_over(hits, plan.default)
        held_out = len(trials.data.held_out[0].labels)
    choice = decide(leads, dominant, plan.default)
    last = names if everything else [choice.method]
    step = start(f"{', '.join(last)} on all images", setting.epochs())
    return Outcome(choice, dominant, agreements, held_out, train(setting, last, plan.seeds[:1], 0.0, step))


def regret(setting: Setting, outcome: Outcome, plan: Plan, test: Split, noise: str, rate: float) -> Regret:
    """What a choice cost, by the test accuracies of everything that was trained on all labels."""
    scores = accuracies(outcome.final, setting.bank, test)
    best = max(scores, key=lambda name: (scores[name], name == outcome.choice.method))
    chosen = outcome.choice.method
    return Regret(
        setting.data.name, noise, rate, plan.seeds[0], outcome.dominant, outcome.choice.by, chosen, scores[chosen],
        best, scores[best], plan.default, scores[plan.default],
    )  # fmt: skip


def accuracies(trained: Trained, bank: FeatureBank, test: Split) -> dict[str, float]:
    """Test accuracy, percent, of each method under the first seed, on the images that can be read."""
    features, labels = bank.plain(test.images), torch.from_numpy(test.labels)
    readable = features.any(1)
    return {
        name: _accuracy(weights[0].cpu(), features[readable], labels[readable])
        for name, weights in trained.weights.items()
    }


def _accuracy(weights: Tensor, features: Tensor, labels: Tensor) -> float:
    return 100 * float((features @ weights.T).argmax(1).eq(labels).float().mean())
