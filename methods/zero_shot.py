"""CLIP without any training."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from methods.core.base import BaseMethod


class Method(BaseMethod):
    """Zero-shot CLIP: class weights from the data set's template, nothing learned (2103.00020)."""

    labels: ClassVar[str] = "none"
    paradigms: ClassVar[tuple[str, ...]] = ("ul", "ssl", "trzsl")

    def class_weights(self) -> Tensor:
        """The same text features for every replica [R, C, E]."""
        return self.zero_shot().expand(len(self.task.seeds), -1, -1)
