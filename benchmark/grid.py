"""What there is to do: a Run, the grid of all runs, and the packs that train together. Imports no torch."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from benchmark import PROTOCOL


@dataclass(frozen=True, order=True)
class Run:
    """One training run; every field is part of its identity, and the hash of all of them is its name.

    `method` carries its options in canonical order (`gce[q=0.5]`). `noise` is the kind of label noise, "none" where
    no label is wrong; `rate` is the share of wrong labels asked for, 0 to 1, and None where it is measured (`human`).
    `paradigm` is "fewshot" (given, possibly wrong labels), "ul", "ssl" or "trzsl".
    """

    backbone: str
    dataset: str
    method: str
    noise: str
    rate: float | None
    shots: int
    seed: int
    epochs: int
    paradigm: str = "fewshot"
    protocol: int = PROTOCOL

    @property
    def key(self) -> str:
        """The first 16 hex digits of the SHA-256 of the fields."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def __str__(self) -> str:
        noise = self.noise if self.rate is None else f"{self.noise} {self.rate:g}"
        return f"{self.dataset} {self.method} {noise} {self.paradigm} seed {self.seed} ({self.key})"
