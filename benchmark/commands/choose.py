"""`promptnoise choose`: choose and train a method for doubtful labels."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmark.choose.expected import add_to_table, check_table, expectation, read_table
from benchmark.commands._folders import check_writable
from benchmark.commands._progress import counted, encoding
from benchmark.errors import BadInput
from benchmark.outputs import Outputs
from benchmark.plan.feature_files import instead, lacks, left_out, outputs_of
from benchmark.plan.method_spec import parse_method
from benchmark.plan.name_checks import check_backbone
from benchmark.plan.options import seeds_of
from benchmark.plan.shared_options import DATA, Encoding
from benchmark.records import exported
from benchmark.report.short_names import short_name
from benchmark.screen import Screen, table
from datamodules import noise as noises
from datamodules.names import split_list
from methods.recipes import recipe_for

GROUP = "use"

if TYPE_CHECKING:
    from benchmark.audit.doubtful import Doubtful
    from benchmark.choose.choosing import Outcome, Plan
    from benchmark.choose.trials import Setting
    from datamodules.dataset import Dataset

CARD = "card.md"


@dataclass(frozen=True, kw_only=True)
class Options(Encoding):
    """Train methods on images with doubtful labels, choose one without clean labels, and export its classifier."""

    dataset: str
    """A folder of class folders (train/ in it, where there is one), a CSV table of file and label, or a data set."""

    out: Path = Path("choice")
    """Folder for the classifier and card.md."""

    methods: str = "zero_shot,linear_probe,coop,gce,em_means"
    """Methods to choose from, beside the default."""

    default: str = "em_means"
    """What is taken unless agreement with held-out given labels is to be trusted and clearly favours another method."""

    seeds: str = "1,2,3"
    """Seeds of the trials: each holds out other images. The classifier is trained with the first one."""

    hold_out: float = 0.25
    """Share of each class that is kept out of training for noisy validation, above 0 and below 1."""

    shots: int = 0
    """Images per class to use, 0: all."""

    recipe: str = "auto"
    """Training recipe, options in brackets; auto is that of the backbone."""

    noise: float = 0.0
    """For a test: share of labels to make wrong first, 0 to 1. The data set's own labels are then the true ones."""

    noise_type: str = "symmetric"
    """Kind of that noise; human[labels=NAME] takes a labelling of the data set."""

    data: Path = DATA
    """Folder of real data sets."""

    skip_bad_images: bool = False
    """Leave out images that cannot be read; else the first one ends the command."""


def main(options: Options) -> int:
    """Writes the classifier and the card, and prints the choice."""
    _check_out(options)
    plan = _check(options)
    console = Screen()
    with console.status("loading torch"):
        from benchmark.choose.choosing import choose, prepare, regret
        from benchmark.run.resources import open_bank

    say = console.say
    plan = _able(options, plan, say)
    dataset, data = _open(options, plan.seeds[0])
    say(f"{data.name}: {len(data.given)} images, {len(data.classes)} classes")
    with counted(console) as progress, encoding(progress, data.name, len(data.given)) as tell:

        def start(what: str, epochs: int) -> Callable[[], None]:
            task = progress.add_task(what, total=epochs)
            return lambda: progress.update(task, advance=1)

        cache, skip, outputs = options.cache, options.skip_bad_images, data.outputs
        backbone, bank = open_bank(options.backbone, options.devices, cache, tell, skip, outputs)
        setting = prepare(data, backbone, bank, recipe_for(backbone.name, options.recipe), str(bank.device))
        outcome = choose(setting, plan, start, everything=dataset is not None)
    expected = expectation(read_table(), outcome.choice.by, plan.default)
    _show(console, outcome, expected)
    for path in _write(options, setting, outcome, expected):
        say(path)
    if dataset is not None:
        rate = float((data.given != data.true).mean())
        own = regret(setting, outcome, plan, dataset.test, options.noise_type, options.noise or rate)
        add_to_table(options.out / "regret.csv", own)
        best = f"the best, {own.best}, {own.best_accuracy:.1f} %: regret {own.regret:.1f} points"
        say(f"known truth, test accuracy: {own.chosen} {own.accuracy:.1f} %, {best}")
        say(options.out / "regret.csv")
    return 0


def _check_out(options: Options) -> None:
    check_writable("the folder of --out", options.out)
    _outputs(options).check([*exported.FILES, CARD])
    if options.noise or noises.measured(options.noise_type):
        check_table(options.out / "regret.csv")


def _outputs(options: Options) -> Outputs:
    table = Path(options.dataset)
    return Outputs(options.out, "choose", inputs=[table] if table.is_file() else [])


def _check(options: Options) -> Plan:
    from benchmark.choose.choosing import Plan

    names, seeds = list(dict.fromkeys(split_list(options.methods))), seeds_of(options.seeds)
    if not names:
        raise BadInput("give at least one method")
    if not 0 < options.hold_out < 1:
        raise BadInput(f"hold_out is {options.hold_out:g}, should lie between 0 and 1")
    if not 0 <= options.noise <= 1:
        raise BadInput(f"noise is {options.noise:g}, should lie in 0 ... 1")
    if options.shots < 0:
        raise BadInput(f"shots is {options.shots}, should be at least 0")
    for name in dict.fromkeys([*names, options.default]):
        info, _ = parse_method(name)
        if info.inputs != "features":
            raise BadInput(f"{name} changes the image tower, which class weights cannot hold; leave it out")
        if "fewshot" not in info.paradigms and info.name != "zero_shot":
            raise BadInput(f"{name} does not train on given labels alone ({', '.join(info.paradigms)}); leave it out")
    noises.parse(options.noise_type)
    if noises.measured(options.noise_type) and options.noise:
        raise BadInput(f"{options.noise_type} has its own share of wrong labels, which is measured; leave out --noise")
    check_backbone(options.backbone)
    recipe_for(options.backbone, options.recipe)
    methods = [parse_method(name).name for name in names]
    return Plan(methods, parse_method(options.default).name, seeds, options.hold_out)


def _able(options: Options, plan: Plan, say: Callable[[str], None]) -> Plan:
    """The plan without methods that a data set of features does not suit, and with a default that it suits."""
    outputs = outputs_of(options.dataset)
    if outputs is None:
        return plan
    for line in left_out([options.dataset], [parse_method(name) for name in (*plan.methods, plan.default)]):
        say(f"left out: {line}")
    methods = [name for name in plan.methods if not lacks(options.dataset, parse_method(name))]
    default = plan.default
    if lacks(options.dataset, parse_method(default)):
        otherwise = "class_means" if outputs.texts is None else "task_res"
        default = instead(options.dataset, parse_method(default)) or otherwise
        say(f"the default is {default} instead of {plan.default}")
    return replace(plan, methods=methods or [default], default=default)


def _open(options: Options, seed: int) -> tuple[Dataset | None, Doubtful]:
    """The images with given labels, and the data set behind them where its own labels are the true ones."""
    from benchmark.audit.corrupted import corrupt_dataset
    from benchmark.audit.doubtful import open_doubtful
    from datamodules.catalog import open_dataset
    from datamodules.fewshot import few_shot

    measured = noises.measured(options.noise_type)
    if options.noise or measured:
        spec = f"folder:{options.dataset}" if Path(options.dataset).is_dir() else options.dataset
        dataset = open_dataset(spec, options.data)
        if not dataset.trusted and "given" not in noises.needs(options.noise_type):
            raise BadInput(
                f"{options.dataset}: nobody knows its true labels, so noise cannot be added; leave out --noise"
            )
        rate = None if measured else options.noise
        return dataset, corrupt_dataset(options.dataset, dataset, options.noise_type, rate, options.shots, seed)
    data = open_doubtful(options.dataset, options.data).labelled()
    return None, data.pick(few_shot(data.given, options.shots, seed)) if options.shots else data


def _show(console: Screen, outcome: Outcome, expected: str) -> None:
    from benchmark.choose.card import choice_line, confusion_line, ordered, spread

    console.say(confusion_line(outcome.dominant))
    if outcome.agreements:
        title = f"agreement with about {outcome.held_out} held-out given labels, % (not an accuracy: they may be wrong)"
        rows = [(name, spread(values)) for name, values in ordered(outcome.agreements)]
        console.print(table(["method", "agreement"], rows, title))
    console.say(choice_line(outcome.choice))
    if expected:
        console.say(f"expected regret: {expected}")


def _write(options: Options, setting: Setting, outcome: Outcome, expected: str) -> list[Path]:
    from benchmark.choose.card import Card
    from benchmark.run.environment import versions
    from methods.clip.weights import open_clip_arguments

    data, backbone, choice = setting.data, setting.backbone, outcome.choice
    weights = outcome.final.weights[choice.method][0]
    name = short_name(options.backbone) if data.outputs is None else backbone.name
    learned = {"class_weights": weights.cpu().numpy(), "logit_scale": np.array(backbone.scale, np.float32)}
    about = {
        "classes": list(data.values), "class_names": list(data.classes), "backbone": name,
        "dataset": short_name(data.name if ":" in data.name else f"folder:{data.name}"), "images": len(data.given),
        "method": choice.method, "recipe": str(setting.recipe), "chosen_by": choice.by,
        "hashes": {"weights": backbone.identity}, "frozen_image_tower": True,
        **({"open_clip": open_clip_arguments(options.backbone)} if data.outputs is None else {}),
    }  # fmt: skip
    paths = exported.write(options.out, learned, about)
    command = shlex.join(["promptnoise", "choose", *sys.argv[2:]])
    card = Card(
        data.name, len(data.given), data.values, name, str(setting.recipe), outcome.dominant,
        outcome.agreements, outcome.held_out, choice, expected, command, versions(), [path.name for path in paths],
    )  # fmt: skip
    return [*paths, *_outputs(options).write({CARD: card.text()})]
