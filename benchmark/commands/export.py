"""`promptnoise export`: write what a run learned, for open_clip and `predict`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from benchmark.commands._folders import check_results, check_writable
from benchmark.outputs import Outputs
from benchmark.plan.method_spec import parse_method
from benchmark.plan.short_names import short_name
from benchmark.records import exported
from benchmark.records.record import BadRecord, Record
from benchmark.records.store import Store
from benchmark.report.next_command import to_predict
from benchmark.screen import Screen
from datamodules.errors import UserError

GROUP = "use"

#: Context vectors [N, D] to each one's nearest words with their distances, nearest first.
NearestWords = Callable[[NDArray[Any]], Sequence[Sequence[tuple[str, float]]]]


@dataclass(frozen=True)
class Options:
    """Export what a run learned: class weights for open_clip, a script that uses them, the context, nearest words."""

    run: str
    """The run's key, or its first digits."""

    to: Path = Path("prompt")
    """Folder to write to."""

    out: Path = Path("results")
    """The results folder."""

    words: bool = True
    """Look up the nearest words, for which the backbone is loaded."""


def main(options: Options) -> int:
    """Writes prompt.safetensors, prompt.json, classify.py and text_features.safetensors."""
    check_writable("--to", options.to)
    check_results(options.out)
    Outputs(options.to, "classifier").check(exported.FILES)
    store = Store(options.out)
    record = store.find(options.run)
    from methods.clip.backbone import nearest_words
    from methods.clip.loading import load_backbone
    from methods.clip.weights import open_clip_arguments

    nearest = None
    if options.words:
        backbone = load_backbone(record.run.backbone)
        nearest = lambda ctx: nearest_words(backbone, ctx)  # noqa: E731
    try:
        arguments = open_clip_arguments(record.run.backbone)
    except UserError:  # a folder of weights that is not here any more
        arguments = {}
    for path in export(store, record, options.to, nearest, arguments):
        Screen().say(path)
    Screen().say(to_predict(options.to))
    return 0


def export(
    store: Store,
    record: Record,
    folder: Path,
    nearest: NearestWords | None = None,
    open_clip: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Write what a run learned to `folder` as `benchmark.records.exported` lays it out, and return the files.

    The tensors are `class_weights` [C, E] and `logit_scale` [], which classify an image by
    `logit_scale * unit_image_features @ class_weights.T`, and for prompts `ctx`, the context [N, D] (class-specific
    [C, N, D]). The JSON names the classes, the backbone, what the prompt was trained on and reached, and with
    `nearest` the vocabulary's words that lie nearest to each context vector. With `open_clip`, the arguments that load
    the backbone, a script that classifies pictures stands beside them.
    Raises BadRecord: The run kept nothing, or not what its record says.
    """
    learned = store.learned(record)
    if missing := [name for name in ("class_weights", "logit_scale") if name not in learned]:
        raise BadRecord(f"{record.run} kept no {missing[0]}, so there is nothing to classify with")
    run = record.run
    about = {
        "classes": list(record.classes), "backbone": short_name(run.backbone), "run": run.key,
        "dataset": short_name(run.dataset), "method": run.method, "noise": run.noise, "rate": run.rate,
        "accuracy": record.accuracy, "hashes": dict(record.hashes), "frozen_image_tower": _frozen(run.method),
        "open_clip": dict(open_clip or {}),
    }  # fmt: skip
    if nearest is not None and "ctx" in learned:
        about["nearest_words"] = _words(learned["ctx"], record.classes, nearest)
    return exported.write(folder, learned, about)


def _frozen(method: str) -> bool:
    """Whether a method leaves the image tower as it is; one that is not installed here counts as if it did."""
    try:
        return parse_method(method).info.inputs == "features"
    except UserError:
        return True


def _words(ctx: NDArray[Any], classes: Sequence[str], nearest: NearestWords) -> Any:
    """Words for each vector of a context, or by class where each class has its own."""
    if ctx.ndim == 3:
        return {name: _words(own, (), nearest) for name, own in zip(classes, ctx, strict=True)}
    return [[[word, round(float(distance), 4)] for word, distance in words] for words in nearest(ctx)]
