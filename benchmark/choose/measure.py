"""What `choose` costs where the truth is known: `python -m benchmark.choose.measure DATASETS NOISE SEEDS OUT`.

NOISE are kinds with rates, `symmetric:0.25,asymmetric:0.4,human[labels=NAME]`. Every cell is chosen as `choose` does
with 16 images a class, three seeds and the embedded CLIP, or the backbone of a file of features. OUT/trials.csv has
what each method did, by which any rule can be judged; OUT/regret.csv has what our rule cost; rows of other cells are
kept.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, product
from operator import attrgetter
from pathlib import Path
from statistics import mean

import numpy as np

from benchmark.analysis.selection import DEFAULT
from benchmark.audit.corrupted import corrupt_dataset
from benchmark.choose.candidates import Plan, checked, suitable
from benchmark.choose.choosing import choose, on_test, prepare
from benchmark.choose.regrets import Place, Regret, by_setting, write_table
from benchmark.choose.rule import ERRORS, Lead, accuracies, decide
from benchmark.choose.typed_table import read_rows, write_rows
from benchmark.plan.options import numbers
from benchmark.report.markdown import table
from benchmark.run.resources import open_bank
from datamodules.catalog import open_dataset
from datamodules.dataset import Dataset
from datamodules.names import split_list

METHODS = ("zero_shot", "linear_probe", "linear_probe[loss=gce]", "class_means", "coop", "gce", DEFAULT)
SHOTS, HOLD_OUT, TRIALS, BETWEEN = 16, 0.25, 3, 100


@dataclass(frozen=True)
class Trial(Place):
    """What one method did on one data set with wrong labels, in percent and points.

    Mean agreement with held-out given labels, mean accuracy that was `estimated` on these images, its lead over the
    default and the error of that, and its test accuracy with all labels. `said` is the fraction of labels that was
    estimated to be wrong, `default` the method that is taken without a clear lead.
    """

    said: float
    default: str
    method: str
    agreement: float
    estimated: float
    lead: float
    error: float
    accuracy: float


def tried(name: str, dataset: Dataset, noise: str, rate: float | None, seed: int) -> Iterator[Trial]:
    """Trains every method on part and on all of the labels; seeds of trials are BETWEEN apart."""
    doubtful = corrupt_dataset(name, dataset, noise, rate, SHOTS, seed)
    backbone, bank = open_bank("embedded", "cpu", Path(), lambda *_: None, outputs=dataset.outputs)
    setting, sample = prepare(doubtful, backbone, bank, "auto", seed, lambda *_: lambda: None)
    seeds = [seed + BETWEEN * number for number in range(TRIALS)]
    plan = suitable(name, checked(Plan(METHODS, DEFAULT, seeds, HOLD_OUT)), lambda _: None)
    outcome = choose(setting, sample, plan, lambda *_: lambda: None, everything=True)
    scores, given = on_test(outcome.final, bank, dataset.test), setting.data.given
    true = setting.data.true
    assert true is not None
    rate, hot = float((given != true).mean()) if rate is None else rate, np.eye(int(given.max()) + 1)[given]
    short = Path(name.partition(":")[2]).stem if ":" in name else name
    for method in plan.names:
        own, said = outcome.leads.get(method, Lead(0.0, 0.0)), 100 * outcome.estimate.fraction.estimate
        yield Trial(
            short, noise, rate, seed, said, plan.default, method, mean(accuracies(outcome.tried.guesses[method], hot)),
            mean(outcome.estimated[method]), own.points, own.error, scores[method],
        )  # fmt: skip


def regrets(trials: Sequence[Trial], errors: float = ERRORS, noisy: bool = False) -> list[Regret]:
    """What the rule's choices cost, place by place, with other `errors` than its own.

    With `noisy` what agrees most with the given labels is taken.
    """
    found, place = [], attrgetter("place")
    for _, group in groupby(sorted(trials, key=place), key=place):
        own = {trial.method: trial for trial in group}
        usual = own[next(iter(own.values())).default]
        leads = {name: Lead(one.lead, one.error) for name, one in own.items() if one is not usual}
        choice = decide(leads, usual.method, errors)
        taken = max(own.values(), key=lambda one: one.agreement) if noisy else own[choice.method]
        best = max(own.values(), key=lambda one: (one.accuracy, one.method))
        found.append(Regret(
            *taken.place, taken.said, choice.by, taken.method, taken.accuracy, best.method, best.accuracy,
            usual.method, usual.accuracy,
        ))  # fmt: skip
    return found


def comparison(trials: Sequence[Trial]) -> str:
    """Regrets, mean and at worst, as a Markdown table: by agreement, by estimated accuracy, our rule, the default."""
    rules = [regrets(trials, noisy=True), regrets(trials, errors=0.0), regrets(trials)]
    ours, lines = rules[-1], []
    for setting, rows in [*by_setting(ours).items(), (("mean", "", 0.0), ours)]:
        places = {row.place for row in rows}
        costs = [[row.regret for row in rule if row.place in places] for rule in rules]
        costs.append([row.best_accuracy - row.default_accuracy for row in rows])
        name = f"{setting[0]}, {setting[1]} {100 * setting[2]:g} %" if setting[1] else setting[0]
        lines.append([name, *(f"{mean(own):.2f} / {max(own):.1f}" for own in costs)])
    return table(["data set, noise", "highest agreement", "highest estimate", "our rule", "default"], lines)


def main(words: Sequence[str]) -> int:
    """Measures, writes the tables and prints the comparison; 2 unless there are four words."""
    if len(words) != 4:
        sys.stderr.write("usage: python -m benchmark.choose.measure DATASETS NOISE SEEDS OUT\n")
        return 2
    out, seeds = Path(words[3]), numbers("seeds", words[2], int)
    kinds = [
        (kind, float(rate) if rate else None) for kind, _, rate in (n.partition(":") for n in split_list(words[1]))
    ]
    for name in split_list(words[0]):
        dataset = open_dataset(name)
        for (noise, rate), seed in product(kinds, seeds):
            new = list(tried(name, dataset, noise, rate, seed))
            old = [one for one in read_rows(out / "trials.csv", Trial) if one.place != new[0].place]
            write_rows(out / "trials.csv", Trial, sorted([*old, *new], key=lambda one: (*one.place, one.method)))
    trials = read_rows(out / "trials.csv", Trial)
    write_table(out / "regret.csv", regrets(trials))
    sys.stdout.write(comparison(trials))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
