"""Zero-shot CLIP."""

from __future__ import annotations

from typing import ClassVar

from methods.core.base import BaseMethod

NAME = "zero-shot CLIP"
FAMILY = "zero-shot"
ALSO_CALLED = ("CLIP",)


class Method(BaseMethod):
    """Zero-shot CLIP: text features of the data set's template as class weights, without training (2103.00020)."""

    labels: ClassVar[str] = "none"
    paradigms: ClassVar[tuple[str, ...]] = ("ul", "ssl", "trzsl")
