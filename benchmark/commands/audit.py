"""`promptnoise audit`: find labels that are probably wrong, suggest others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt
from rich.progress import Progress

from benchmark.commands._folders import check_writable
from benchmark.commands._progress import encoding, starting
from benchmark.errors import BadInput
from benchmark.outputs import Outputs
from benchmark.plan.feature_files import NEEDS
from benchmark.plan.name_checks import check_backbone
from benchmark.plan.shared_options import DoubtfulLabels
from benchmark.screen import Screen, bars
from datamodules import noise as noises
from datamodules.formats.labellings import AUDITED
from datamodules.names import number_of, split_list

GROUP = "labels"

if TYPE_CHECKING:
    from benchmark.audit.audit_result import AuditResult
    from benchmark.audit.doubtful import Doubtful
    from benchmark.audit.sample import Sample
    from datamodules.features.bank import FeatureBank

#: Steps of an audit after encoding, for the progress bar.
STEPS = 5
#: What is always written, and what options ask for.
FILES = (
    "labels.csv", "confusion.csv", "duplicates.csv", "misfits.csv", "questions.csv", "left_out.csv", "issues.csv",
    "pred_probs.npy", "summary.json",
)  # fmt: skip
CORRECTED, PAGE, UNLABELLED = f"{AUDITED}.csv", "audit.html", "unlabelled.csv"


@dataclass(frozen=True, kw_only=True)
class Options(DoubtfulLabels):
    """Find wrong labels and suggest others: labels.csv, a page with pictures, the share of wrong labels, and more."""

    out: Path = Path("audit")
    """Folder to write to."""

    detector: str = "joint"
    """What ranks the images, separated by commas: the first one does, the others are further scores in labels.csv."""

    pred_probs: Path | None = None
    """Your own classifier's out-of-fold probabilities, a .npy file of shape [images, classes], as one more opinion."""

    correct: Annotated[float, Ge(0), Le(1)] = 0.0
    """Also write audited.csv, where the labels of this fraction of the images, most suspicious first, are replaced."""

    expected: Annotated[float, Gt(0), Lt(1)] = 0.2
    """Fraction of wrong labels that you expect, 0 to 1; it matters where the backbone hardly tells classes apart."""

    prompt: Literal["auto", "yes", "no"] = "auto"
    """Whether a robust prompt is trained beside the other classifiers; auto: for up to 8 images a class."""

    duplicates: Annotated[float, Ge(0), Le(1)] = 0.95
    """Pictures whose features are at least this alike (cosine similarity) are compared as possible copies."""

    pictures: Annotated[int, Ge(0)] = 10_000
    """Pictures on the page, most suspicious first; 0: no page."""

    skip_bad_images: bool = True
    """Leave out pictures that cannot be read, and list them in left_out.csv; false: name them and stop."""

    seed: Annotated[int, Ge(0)] = 1
    """Seed of noise, draws and folds."""


def main(options: Options) -> int:
    """Writes the files and prints what was found."""
    _check(options)
    outputs = _outputs(options)
    console = Screen()
    with console.loading("torch"):
        from benchmark.audit import detectors
        from benchmark.audit.audit_files import files
        from benchmark.audit.copies import find_copies
        from benchmark.audit.corrupted import opened
        from benchmark.audit.gallery.gallery_page import gallery
        from benchmark.audit.picture_issues import picture_issues
        from benchmark.audit.result_lines import say_result

    chosen = split_list(options.detector)
    for name in chosen:
        detectors.check(name)
    data = opened(options.dataset, options.data, options.noise_type, options.noise, options.shots, options.seed)[1]
    if data.outputs is not None and data.outputs.texts is None and (lacking := detectors.without_texts(chosen)[1]):
        raise BadInput(f"{', '.join(lacking)} on {data.name}: {NEEDS['texts']}")
    missing = len(data.unlabelled_files())
    without = f", {missing} without a label, which get a suggestion" if missing else ""
    console.say(f"{data.name}: {number_of(len(data.given), 'image')}, {number_of(len(data.classes), 'class')}{without}")
    with bars(console) as progress:
        data, sample, bank = _encode(options, data, progress)
        result = _examine(options, chosen, sample, progress)
        data = replace(data, issues=picture_issues(data))
        whole, data = data, data.labelled()
        with_test = not (options.noise or options.shots)
        copies = find_copies(data, sample.labelled(), bank, options.duplicates, with_test)
        made = files(whole, result, copies, options.correct)
        if options.pictures:
            task = progress.add_task("thumbnails", total=min(options.pictures, len(data.given)))
            made[PAGE] = gallery(data, result, copies, options.pictures, options.out, partial(progress.advance, task))
    say_result(console, data, result, copies, options.expected)
    for path in outputs.write(made):
        console.say(path)
    if with_test:
        _say_next(console, options, bool(data.left_out))
    return 0


def _examine(options: Options, chosen: Sequence[str], sample: Sample, progress: Progress) -> AuditResult:
    from benchmark.audit.audit_result import examine

    task = progress.add_task("looking for wrong labels", total=STEPS + len([n for n in chosen if n != "joint"]))
    result = examine(sample, chosen, lambda name: progress.update(task, description=name, advance=1), options.expected)
    progress.update(task, description="looked for wrong labels", completed=progress.tasks[task].total)
    return result


def _say_next(console: Screen, options: Options, skip: bool) -> None:
    """The commands that use the corrected labels; with `skip` files are left out."""
    if options.correct:
        console.say(f"{CORRECTED} follows this audit, so another audit of it finds too few wrong labels", "yellow")
    from benchmark.audit.next_step import choose_step, next_step

    source = "the page exports" if options.pictures else "--correct=0.1 writes"
    table = (options.out / CORRECTED).absolute() if options.correct else f"the {CORRECTED} that {source}"
    spec, backbone = options.dataset, options.backbone
    bench = next_step(spec, options.data, backbone, table, skip)
    for line in filter(None, (bench, choose_step(spec, backbone, table))):
        console.say(line)


def _check(options: Options) -> None:
    if not split_list(options.detector):
        raise BadInput("no detector given; joint is the default")
    noises.parse(options.noise_type)
    check_backbone(options.backbone)
    check_writable("the folder of --out", options.out)


def _outputs(options: Options) -> Outputs:
    """Where the files go, after a look at what is there."""
    table = Path(options.dataset)
    outputs = Outputs(options.out, "audit", inputs=[table] if table.is_file() else [])
    outputs.check([*FILES, UNLABELLED, *[CORRECTED] * bool(options.correct), *[PAGE] * bool(options.pictures)])
    return outputs


def _encode(options: Options, data: Doubtful, progress: Progress) -> tuple[Doubtful, Sample, FeatureBank]:
    """The images that can be read, their sample, and the bank of their features."""
    from benchmark.audit.encode import Known, encode
    from benchmark.run.resources import open_bank

    with encoding(progress, "images", len(data.given)) as tell:
        cache, skip = options.cache, options.skip_bad_images
        backbone, bank = open_bank(options.backbone, options.devices, cache, tell, skip, data.outputs)
        known = Known(options.checked, options.pred_probs, options.prompt)
        return *encode(data, backbone, bank, options.seed, starting(progress), known), bank
