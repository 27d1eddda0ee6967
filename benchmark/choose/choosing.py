"""A choice from beginning to end: the audit's estimate, trials, the rule, and the training on all labels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.audit.classifiers import audit
from benchmark.audit.doubtful import Doubtful
from benchmark.audit.doubtful_training import Setting, Start, Trained, train
from benchmark.audit.encode import NOTHING, Known, encode
from benchmark.audit.estimate import Estimate
from benchmark.audit.sample import Sample
from benchmark.choose.candidates import Plan
from benchmark.choose.regrets import Regret
from benchmark.choose.rule import Choice, Lead, accuracies, decide, leads_over
from benchmark.errors import BadInput
from datamodules.dataset import Split
from datamodules.features.bank import FeatureBank
from methods.clip.backbone import Backbone


@dataclass(frozen=True)
class Outcome:
    """A choice, what it rests on, and methods that were trained on all labels: the chosen one, or every one.

    `tried` are the trials, `estimated` the accuracies that are expected of them, percent, by method and seed.
    """

    choice: Choice
    estimate: Estimate
    tried: Trained
    estimated: dict[str, list[float]]
    leads: dict[str, Lead]
    final: Trained

    @property
    def held_out(self) -> int:
        """Images that each seed held out."""
        return max((int((own[0] >= 0).sum()) for own in self.tried.guesses.values()), default=0)


def prepare(
    data: Doubtful, backbone: Backbone, bank: FeatureBank, recipe: str, seed: int, start: Start, known: Known = NOTHING
) -> tuple[Setting, Sample]:
    """What trials and the estimate rest on: labelled images that can be read, and the sample that an audit takes.

    Raises BadInput: a class has fewer than two images.
    """
    data, sample = encode(data, backbone, bank, seed, start, known)
    data = data.labelled()
    counts = torch.bincount(torch.from_numpy(data.given), minlength=len(data.classes))
    if counts.min() < 2:
        few = data.values[int(counts.argmin())]
        raise BadInput(f"{data.name}: fewer than 2 images of class {few!r} can be read")
    return Setting(data, backbone, bank, recipe), sample


def choose(setting: Setting, sample: Sample, plan: Plan, start: Start, everything: bool = False) -> Outcome:
    """Chooses among the plan's methods and trains the chosen one on all labels, with the first seed.

    With `everything` all methods and the default are trained so, to see what the choice costs.
    """
    estimate = audit(sample)
    there, names = sample.labels >= 0, plan.names
    explanations = [true[there].double().numpy() for true in (estimate.true, *estimate.rivals)]
    tried = Trained({}, {})
    if len(names) > 1:
        seeds = f"{len(plan.seeds)} seed{'s' * (len(plan.seeds) > 1)}"
        step = start(f"{len(names)} methods, {seeds}", setting.epochs(names))
        tried = train(setting, names, plan.seeds, plan.hold_out, step)
    leads = leads_over(tried.guesses, plan.default, explanations)
    choice = decide(leads, plan.default)
    last = names if everything else [choice.method]
    final = train(setting, last, plan.seeds[:1], 0.0, start(f"{', '.join(last)} on all images", setting.epochs(last)))
    estimated = {name: accuracies(own, explanations[0]) for name, own in tried.guesses.items()}
    return Outcome(choice, estimate, tried, estimated, leads, final)


def regret(setting: Setting, outcome: Outcome, plan: Plan, test: Split, noise: str, rate: float) -> Regret:
    """What a choice cost, by the test accuracies of everything that was trained on all labels.

    `rate` is that of the noise, measured where it is 0.
    """
    scores = on_test(outcome.final, setting.bank, test)
    if not rate and setting.data.true is not None:
        rate = float((setting.data.given != setting.data.true).mean())
    best = max(scores, key=lambda name: (scores[name], name == outcome.choice.method))
    chosen = outcome.choice.method
    return Regret(
        setting.data.name, noise, rate, plan.seeds[0], 100 * outcome.estimate.fraction.estimate, outcome.choice.by,
        chosen, scores[chosen], best, scores[best], plan.default, scores[plan.default],
    )  # fmt: skip


def on_test(trained: Trained, bank: FeatureBank, test: Split) -> dict[str, float]:
    """Test accuracy, percent, of each method under the first seed, on the images that can be read."""
    features, labels = bank.plain(test.images), torch.from_numpy(test.labels)
    readable = features.any(1)
    return {
        name: _accuracy(weights[0].cpu(), features[readable], labels[readable])
        for name, weights in trained.weights.items()
    }


def _accuracy(weights: Tensor, features: Tensor, labels: Tensor) -> float:
    return 100 * float((features @ weights.T).argmax(1).eq(labels).float().mean())
