"""Small made-up files of features: what a frozen backbone might have made of a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

CLASSES, WIDTH = 3, 8


def arrays(
    shots: int = 6, seed: int = 0, classes: int = CLASSES, width: int = WIDTH, spread: float = 0.3
) -> dict[str, Any]:
    """Unit features of `shots` training and test images of each class, `spread` around its unit text feature."""
    draw = np.random.default_rng(seed)
    texts = draw.normal(size=(classes, width)).astype(np.float32)
    made: dict[str, Any] = {"class_names": np.array([f"class {c}" for c in range(classes)])}
    made["text_features_raw"] = 7 * _unit(texts)
    for part in ("train", "test"):
        labels = np.repeat(np.arange(classes), shots)
        made[f"{part}_labels"] = labels
        noise = draw.normal(size=(len(labels), width))
        made[f"{part}_features"] = _unit(_unit(texts)[labels] + spread * noise).astype(np.float32)
    return made


def numbers() -> dict[str, Any]:
    """Those of these arrays that hold numbers."""
    return {name: array for name, array in arrays().items() if array.dtype.kind != "U"}


def write(path: Path, **changes: Any) -> Path:
    """Saves such arrays with some changed, added, or with None left out."""
    made = arrays() | changes
    np.savez(path, **{name: array for name, array in made.items() if array is not None})
    return path


def _unit(rows: Any) -> Any:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
