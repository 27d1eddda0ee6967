"""`promptnoise choose`: choose and train a method for doubtful labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from annotated_types import Gt, Lt

from benchmark.choose import card
from benchmark.choose.candidates import Plan, checked, suitable
from benchmark.choose.regrets import Regret, add_to_table, expectation, read_table
from benchmark.choose.typed_table import place_of
from benchmark.commands._folders import check_writable
from benchmark.commands._progress import encoding, starting
from benchmark.errors import BadInput
from benchmark.outputs import Outputs
from benchmark.plan.name_checks import check_backbone
from benchmark.plan.options import seeds_of
from benchmark.plan.shared_options import DoubtfulLabels
from benchmark.records import exported
from benchmark.report.next_command import to_predict
from benchmark.screen import Screen, bars, table
from datamodules import noise as noises
from datamodules.names import number_of, split_list
from methods.recipes import recipe_for

GROUP = "use"

if TYPE_CHECKING:
    from benchmark.choose.choosing import Outcome


@dataclass(frozen=True, kw_only=True)
class Options(DoubtfulLabels):
    """Train methods on images with doubtful labels, choose one without clean labels, and export its classifier."""

    out: Path = Path("choice")
    """Folder for the classifier and card.md."""

    methods: str = "zero_shot,linear_probe,coop,gce,em_means"
    """Methods to choose from, beside the default."""

    default: str = "em_means"
    """Method that is kept unless another one is clearly better on the true classes that the audit estimates."""

    seeds: str = "1,2,3"
    """Seeds of the trials: each holds out other images. The classifier is trained with the first one."""

    hold_out: Annotated[float, Gt(0), Lt(1)] = 0.25
    """Fraction of each class that is kept out of training to compare methods, above 0 and below 1."""

    recipe: str = "auto"
    """Training recipe, options in brackets; auto is each method's own."""


def main(options: Options) -> int:
    """Writes the classifier and the card, and prints the choice."""
    _check_out(options)
    plan = _check(options)
    console = Screen()
    with console.loading("torch"):
        from benchmark.audit.corrupted import opened
        from benchmark.audit.encode import Known
        from benchmark.choose.choice_files import write
        from benchmark.choose.choosing import choose, prepare, regret
        from benchmark.run.resources import open_bank

    plan = suitable(options.dataset, plan, console.say)
    kind, rate, seed = options.noise_type, options.noise, plan.seeds[0]
    dataset, data = opened(options.dataset, options.data, kind, rate, options.shots, seed)
    console.say(
        f"{data.name}: {number_of(len(data.labelled().given), 'image')}, {number_of(len(data.classes), 'class')}"
    )
    with bars(console) as progress:
        start, cache, skip = starting(progress), options.cache, options.skip_bad_images
        with encoding(progress, "images", len(data.given)) as tell:
            backbone, bank = open_bank(options.backbone, options.devices, cache, tell, skip, data.outputs)
            setting, sample = prepare(data, backbone, bank, options.recipe, seed, start, Known(options.checked))
        outcome = choose(setting, sample, plan, start, everything=dataset is not None)
    expected = expectation(read_table(), outcome.choice.by, plan.default)
    _show(console, outcome, outcome.estimate.lines(data.values), expected)
    if (options.out / card.FILE).is_file():
        console.say(f"the classifier in {options.out} is replaced; --out=FOLDER would have kept it", "yellow")
    for path in write(_outputs(options), options.backbone, setting, outcome, expected):
        console.say(path)
    if dataset is not None:
        own = regret(setting, outcome, plan, dataset.test, kind, rate)
        add_to_table(options.out / "regret.csv", own)
        best = f"the best, {own.best}, {own.best_accuracy:.1f} %: regret {own.regret:.1f} points"
        console.say(f"known truth, test accuracy: {own.chosen} {own.accuracy:.1f} %, {best}")
        console.say(options.out / "regret.csv")
    console.say(to_predict(options.out))
    return 0


def _check_out(options: Options) -> None:
    check_writable("the folder of --out", options.out)
    _outputs(options).check([*exported.FILES, card.FILE])
    if options.noise or noises.measured(options.noise_type):
        place_of(options.out / "regret.csv", Regret).check()


def _outputs(options: Options) -> Outputs:
    table = Path(options.dataset)
    return Outputs(options.out, "choose", inputs=[table] if table.is_file() else [])


def _check(options: Options) -> Plan:
    names, seeds = split_list(options.methods), seeds_of(options.seeds)
    if not names:
        raise BadInput("give at least one method")
    plan = checked(Plan(names, options.default, seeds, options.hold_out))
    noises.parse(options.noise_type)
    check_backbone(options.backbone)
    recipe_for(options.backbone, options.recipe)
    return plan


def _show(console: Screen, outcome: Outcome, lines: list[str], expected: str) -> None:
    for line in lines:
        console.say(line)
    if outcome.estimated:
        rows = [(name, card.mean_and_std(values)) for name, values in card.ordered(outcome.estimated)]
        console.print(table(["method", "estimate"], rows, card.ESTIMATED.format(outcome.held_out)))
    console.say(card.choice_line(outcome.choice))
    if expected:
        console.say(f"expected regret: {expected}")
