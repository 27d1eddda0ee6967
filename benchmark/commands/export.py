"""`promptnoise export`: a learned prompt, for plain open_clip code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmark import export
from benchmark.records.store import Store


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
    store = Store(options.out)
    record = store.find(options.run)
    nearest = None
    if options.words:
        from methods.clip.backbone import nearest_words
        from methods.clip.loading import load_backbone

        backbone = load_backbone(record.run.backbone)
        nearest = lambda ctx: nearest_words(backbone, ctx)  # noqa: E731
    for path in export.export(store, record, options.to, nearest):
        Console().print(path, highlight=False, soft_wrap=True)
    return 0
