"""What every data set is to the rest of the suite: images, true labels, class names, a template."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from datamodules.encoded import Outputs

Labels = NDArray[np.int64]

DECODING = 3
"""Version of the rule by which files become pictures; raised with it, so that their features are computed again."""


class Images(Protocol):
    """A sequence of RGB pictures that are decoded when asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Image: ...

    @property
    def fingerprint(self) -> str:
        """Hex digest that changes when any image, or their order, changes."""

    def describe(self, index: int) -> str:
        """Where image `index` comes from (its path, say), for messages."""


@dataclass(frozen=True)
class Split:
    """Images with their true labels [n], class numbers from 0 to C - 1."""

    images: Images
    labels: Labels


@dataclass(frozen=True)
class Dataset:
    """A classification data set whose `train`, `val` and `test` splits share no image.

    `train` keeps its source's order, since few-shot draws depend on it. `given` holds further labellings [n] of
    the training images (human annotators, web tags), by name. Where `has_clean_labels` is False, the training labels
    themselves are what the web gave: then no noise rate can be measured. `outputs` are those of the backbone where the
    images come as features; None where there are pictures.
    """

    name: str
    classes: tuple[str, ...]
    template: str
    train: Split
    test: Split
    val: Split | None = None
    given: Mapping[str, Labels] = field(default_factory=dict)
    has_clean_labels: bool = True
    outputs: Outputs | None = None


@dataclass(frozen=True)
class Preprocess:
    """The evaluation transform of weights, and the numbers behind it, all of which `config` has.

    Pixels have `size` rows and columns. From those of 0 to 1 `mean` is taken off each channel, which is divided by
    `std` then; `interpolation` is `bicubic` or `bilinear`.
    """

    transform: Callable[[Image], Any]
    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: str
    config: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, image: Image) -> Tensor:
        """A picture of any size to pixels [3, size, size], normalised."""
        pixels: Tensor = self.transform(image)
        return pixels


class ImageEncoder(Protocol):
    """What the data module needs of a backbone; `methods.clip.backbone.Backbone` is one."""

    @property
    def preprocess(self) -> Preprocess:
        """The evaluation transform of the weights."""

    @property
    def identity(self) -> str:
        """What stands for all that features depend on (weights, settings, precision): the key of the feature bank."""

    def encode_images(self, pixels: Tensor) -> Tensor:
        """Pixels [B, 3, H, W], normalised, to unit features [B, E] in float32."""
