"""Small models for tests of how the embedded CLIPs are made, and what any such training must do."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from benchmark.pretrain.embedded_accuracy import embedded_datasets

#: The embedded data sets, rendered once.
rendered = cache(embedded_datasets)

CONFIG = {
    "model_cfg": {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 32, "layers": [1, 1, 1, 1], "width": 4, "head_width": 32},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
    },
    "preprocess_cfg": {"size": 32, "mean": [0.5] * 3, "std": [0.25] * 3},
}

VISION = {"image_size": 32, "patch_size": 8, "layers": 2, "width": 16, "head_width": 8}
VIT_CONFIG = CONFIG | {"model_cfg": CONFIG["model_cfg"] | {"vision_cfg": VISION}}  # type: ignore[operator]


def falls_and_repeats(losses: Callable[[int, int], list[float]], steps: int, window: int) -> None:
    """Asserts that `losses(seed, steps)` fall from the first `window` steps to the last, and hang on the seed alone."""
    long = losses(0, steps)
    assert np.mean(long[-window:]) < np.mean(long[:window]) - 0.1
    short = losses(0, 3)
    assert short[0] == long[0] != losses(1, 3)[0]
    assert short == losses(0, 3)
