"""`promptnoise export`: a learned prompt, for plain open_clip code."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from rich.console import Console

from benchmark.commands._folders import check_results, check_writable
from benchmark.errors import BadInput
from benchmark.records.record import BadRecord, Record
from benchmark.records.store import Store
from datamodules import atomic

#: Context vectors [N, D] to each one's nearest words with their distances, nearest first.
NearestWords = Callable[[NDArray[Any]], Sequence[Sequence[tuple[str, float]]]]

USAGE = "logits = logit_scale * unit_image_features @ class_weights.T; their columns are `classes` in this order"


@dataclass(frozen=True)
class Options:
    """Write what a run learned: class weights for open_clip, the context, and its nearest vocabulary words."""

    run: str
    """The run's key, or its first digits."""

    to: Path = Path("prompt")
    """Folder to write to."""

    out: Path = Path("results")
    """The results folder."""

    words: bool = True
    """Look up the nearest words, for which the backbone is loaded."""


def main(options: Options) -> int:
    """Writes prompt.safetensors and prompt.json."""
    if options.to.exists() and not options.to.is_dir():
        raise BadInput(f"--to={options.to} is a file; give a folder")
    check_results(options.out)
    check_writable("--to", options.to)
    store = Store(options.out)
    record = store.find(options.run)
    nearest = None
    if options.words:
        from methods.clip.backbone import nearest_words
        from methods.clip.loading import load_backbone

        backbone = load_backbone(record.run.backbone)
        nearest = lambda ctx: nearest_words(backbone, ctx)  # noqa: E731
    for path in export(store, record, options.to, nearest):
        Console().print(path, highlight=False, markup=False, soft_wrap=True)
    return 0


def export(store: Store, record: Record, folder: Path, nearest: NearestWords | None = None) -> tuple[Path, Path]:
    """Write `prompt.safetensors` and `prompt.json` of a run to `folder`, and return both.

    The tensors are `class_weights` [C, E] and `logit_scale` [], which classify an image by
    `logit_scale * unit_image_features @ class_weights.T`, and for prompts `ctx`, the context [N, D] (class-specific
    [C, N, D]). The JSON names the classes, the backbone, what the prompt was trained on and reached, and with
    `nearest` the vocabulary's words that lie nearest to each context vector.

    Raises:
        BadRecord: The run kept nothing, or not what its record says.
    """
    from safetensors.numpy import save

    learned = store.learned(record)
    if missing := [name for name in ("class_weights", "logit_scale") if name not in learned]:
        raise BadRecord(f"{record.run} kept no {missing[0]}, so there is nothing to classify with")
    run = record.run
    about = {
        "classes": list(record.classes), "backbone": run.backbone, "usage": USAGE, "run": run.key,
        "dataset": run.dataset, "method": run.method, "noise": run.noise, "rate": run.rate,
        "accuracy": record.accuracy, "hashes": dict(record.hashes),
        "tensors": {name: list(values.shape) for name, values in learned.items()},
    }  # fmt: skip
    if nearest is not None and "ctx" in learned:
        about["nearest_words"] = _words(learned["ctx"], record.classes, nearest)
    tensors, text = folder / "prompt.safetensors", folder / "prompt.json"
    atomic.write(tensors, save(learned, metadata={"run": run.key, "usage": USAGE}))
    atomic.write(text, json.dumps(about, indent=1, ensure_ascii=False) + "\n")
    return tensors, text


def _words(ctx: NDArray[Any], classes: Sequence[str], nearest: NearestWords) -> Any:
    """Words for each vector of a context, or by class where each class has its own."""
    if ctx.ndim == 3:
        return {name: _words(own, (), nearest) for name, own in zip(classes, ctx, strict=True)}
    return [[[word, round(float(distance), 4)] for word, distance in words] for words in nearest(ctx)]
