"""What `choose` costs where the truth is known: `python -m benchmark.choose.measure DATASETS RATES SEEDS OUT`.

Every cell is chosen as `choose` does with 16 images a class, three seeds and the embedded CLIP. OUT/trials.csv has what
each method did, by which any rule can be judged; OUT/regret.csv has what our rule cost; rows of other cells are kept.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, product
from pathlib import Path
from statistics import mean

from benchmark.analysis.selection import DEFAULT
from benchmark.audit.corrupted import corrupt_dataset
from benchmark.choose.choosing import accuracies, dominant_classes, prepare
from benchmark.choose.expected import Regret, by_setting, place, write_table
from benchmark.choose.rule import Choice, Lead, decide, leads_over
from benchmark.choose.trial_table import Trial, read_trials, write_trials
from benchmark.choose.trials import Setting, train
from benchmark.plan.options import numbers
from benchmark.report.markdown import table
from datamodules.catalog import open_dataset
from datamodules.dataset import Split
from datamodules.features.bank import FeatureBank
from datamodules.names import split_list
from methods.clip.loading import load_backbone
from methods.recipes import recipe_for

METHODS = ("zero_shot", "linear_probe", "coop", "gce", DEFAULT)
NOISE = ("asymmetric", "symmetric")
SHOTS, HOLD_OUT, TRIALS, BETWEEN = 16, 0.25, 3, 100


def tried(setting: Setting, test: Split, noise: str, rate: float, seed: int) -> Iterator[Trial]:
    """Trains every method on part and on all of the labels; seeds of trials are BETWEEN apart."""
    data, seeds = setting.data, [seed + BETWEEN * number for number in range(TRIALS)]
    dominant = dominant_classes(setting)
    hits = train(setting, METHODS, seeds, HOLD_OUT, lambda: None).hits()
    leads = leads_over(hits, DEFAULT) | {DEFAULT: Lead(0.0, 0.0)}
    scores = accuracies(train(setting, METHODS, seeds[:1], 0.0, lambda: None), setting.bank, test)
    for name in METHODS:
        agreement = 100 * float(hits[name][hits[name] >= 0].mean())
        own = leads[name]
        yield Trial(data.name, noise, rate, seed, dominant, name, agreement, own.points, own.error, scores[name])


def choice_of(trials: Iterable[Trial], errors: float | None = None, guard: bool = True) -> Choice:
    """What the rule takes by the trials of one place, with other `errors` than its own or without the `guard`."""
    own = list(trials)
    leads = {trial.method: Lead(trial.lead, trial.error) for trial in own if trial.method != DEFAULT}
    return decide(leads, own[0].dominant if guard else 1.0, DEFAULT, errors)


def regrets(trials: Iterable[Trial], errors: float | None = None, guard: bool = True) -> list[Regret]:
    """What the choices of `choice_of` cost, place by place."""
    found = []
    for _, group in groupby(sorted(trials, key=lambda trial: trial.place), key=lambda trial: trial.place):
        own = {trial.method: trial for trial in group}
        choice = choice_of(own.values(), errors, guard)
        best = max(own.values(), key=lambda trial: (trial.accuracy, trial.method))
        taken, usual = own[choice.method], own[DEFAULT]
        found.append(Regret(
            taken.dataset, taken.noise, taken.rate, taken.seed, taken.dominant, choice.by, taken.method, taken.accuracy,
            best.method, best.accuracy, DEFAULT, usual.accuracy,
        ))  # fmt: skip
    return found


def comparison(trials: Sequence[Trial]) -> str:
    """Regrets as a Markdown table: by the highest agreement (no error asked for), by our rule, of the default."""
    rules: Mapping[str, list[Regret]] = {"highest": regrets(trials, errors=0.0), "ours": regrets(trials)}
    head, lines = ("data set, noise", "highest agreement", "at worst", "our rule", "at worst", "default"), []
    whole = {("mean", "", float("nan")): rules["ours"]}
    for setting, rows in [*by_setting(rules["ours"]).items(), *whole.items()]:
        places = set(map(place, rows))
        first = [row for row in rules["highest"] if place(row) in places]
        cells = [f(row.regret for row in own) for own in (first, rows) for f in (mean, max)]
        cells.append(mean(row.best_accuracy - row.default_accuracy for row in rows))
        name = f"{setting[0]}, {setting[1]} {100 * setting[2]:g} %" if setting[1] else setting[0]
        lines.append([name, *(f"{value:.2f}" for value in cells)])
    return table(head, lines)


def main(words: Sequence[str]) -> int:
    """Measures, writes the tables and prints the comparison; 2 unless there are four words."""
    if len(words) != 4:
        sys.stderr.write("usage: python -m benchmark.choose.measure DATASETS RATES SEEDS OUT\n")
        return 2
    out, backbone, recipe = Path(words[3]), load_backbone("embedded"), recipe_for("embedded", "auto")
    rates, seeds = numbers("rates", words[1], float), numbers("seeds", words[2], int)
    for name in split_list(words[0]):
        dataset, bank = open_dataset(name), FeatureBank(backbone)
        for noise, rate, seed in product(NOISE, rates, seeds):
            data = corrupt_dataset(name, dataset, noise, rate, SHOTS, seed)
            setting = prepare(data, backbone, bank, recipe, "cpu")
            new = list(tried(setting, dataset.test, noise, rate, seed))
            old = [trial for trial in read_trials(out / "trials.csv") if trial.place != new[0].place]
            write_trials(out / "trials.csv", sorted([*old, *new], key=lambda trial: (trial.place, trial.method)))
    trials = read_trials(out / "trials.csv")
    write_table(out / "regret.csv", regrets(trials))
    sys.stdout.write(comparison(trials))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
