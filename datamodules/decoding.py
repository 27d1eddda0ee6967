"""The one rule by which a file becomes an RGB picture; `DECODING` in `datamodules/dataset.py` is its version.

Ordinary 8-bit pictures come out as `Image.convert("RGB")` gives them, which is what CoOp's code does. Beyond it: the
orientation in EXIF is applied, what is transparent shows white, and more than 8 bits are scaled, not clipped.
"""

from __future__ import annotations

import logging
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin

from datamodules.notices import tell_once

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Pixels of a picture that is read whole; a larger one is halved until it has at most so many.
MOST_PIXELS = 2**25
#: A picture longer than this many times its short side keeps its middle: a tower sees no more of it than a square.
LONGEST = 32

_DEEP = ("I", "F")
PngImagePlugin.MAX_TEXT_CHUNK = 2**26  # programs write the recipe of a picture into it, of more than Pillow's 1 MiB
logger = logging.getLogger(__name__)
warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # we read such pictures smaller, and say so
logging.getLogger("PIL").setLevel(logging.CRITICAL)  # what it logs of a damaged picture, the error says, too


def to_rgb(image: Image.Image) -> Image.Image:
    """An opened picture in RGB, 8 bits a channel, upright, at most `MOST_PIXELS` large and `LONGEST` times as long.

    A grey picture of 16 bits is scaled by 255 / 65,535, one of 32 bits or floats by the range that `grey8` finds. What
    is transparent shows white. Raises OSError, SyntaxError, ValueError: a damaged picture, or colours that Pillow
    cannot convert.
    """
    factor = _halvings(image.size)
    if factor > 1:
        tell_once(logger, f"pictures of over {MOST_PIXELS / 1e6:.0f} megapixels are read at half their size, or less")
        image.draft(None, (image.width // factor, image.height // factor))  # of files, JPEG alone has smaller versions
    with suppress(Exception):  # what cannot be looked for is an error of `load`
        if image.format not in ("MPO", "PSD") and getattr(image, "is_animated", False):
            tell_once(logger, "pictures of several frames or pages: the first of each is read")
    image.load()
    with suppress(Exception):  # EXIF may hold anything; a picture whose orientation cannot be read stays as it lies
        ImageOps.exif_transpose(image, in_place=True)
    image = _middle(image)
    if image.mode.startswith(_DEEP):
        if image.mode.startswith("I;16") and 1 < image.getextrema()[1] < 4096:  # type: ignore[operator]
            tell_once(logger, "grey pictures with 12 of 16 bits in use come out nearly black: multiply them by 16")
        image = Image.fromarray(grey8(np.asarray(image), image.mode))
    elif image.has_transparency_data:
        image = _over_white(image.convert("RGBA"))
    left, mode = _halvings(image.size), "RGB" if image.mode in "1P" else image.mode  # these two cannot be reduced
    return (image if left == 1 else image.convert(mode).reduce(left)).convert("RGB")


def grey8(values: NDArray[np.generic], mode: str) -> NDArray[np.uint8]:
    """Grey values [H, W] of one of Pillow's modes I;16, I or F as 0 to 255.

    I;16 has a range of its own, 0 to 65,535. Integers of 32 bits, which programs store those of 8 and of 16 bits as,
    are of 0 to 255, or of 0 to 65,535; floats of 0 to 1, or of 0 to 255: the smallest that all fit in. What fits in
    none is stretched from its least to its greatest value; what is no number is 0.

    >>> grey8(np.array([[0, 32896, 65535]], np.uint16), "I;16").tolist()
    [[0, 128, 255]]
    >>> grey8(np.array([[-1.0, 0.0, 3.0]]), "F").tolist()
    [[0, 64, 255]]
    """
    numbers = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = (float(numbers.min()), float(numbers.max())) if numbers.size else (0.0, 1.0)
    ranges = {"F": (1.0, 255.0), "I": (255.0, 65535.0)}.get(mode, (65535.0,))
    top = next((top for top in ranges if low >= 0 and high <= top), None)
    bottom, span = (0.0, top) if top else (low, (high - low) or 1.0)
    return np.rint((numbers - bottom) * (255 / span)).astype(np.uint8)


def is_constant(image: Image.Image) -> bool:
    """Whether all pixels of an RGB picture are the same, so that nothing is to be seen on it."""
    return all(low == high for low, high in image.getextrema())  # type: ignore[misc]


def _over_white(image: Image.Image) -> Image.Image:
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image)
    return white.convert("RGB")


def _middle(image: Image.Image) -> Image.Image:
    width, height = image.size
    most = LONGEST * min(width, height)
    if max(width, height) <= most:
        return image
    left, top = max(0, (width - most) // 2), max(0, (height - most) // 2)
    return image.crop((left, top, left + min(width, most), top + min(height, most)))


def _halvings(size: tuple[int, int]) -> int:
    """The least power of two by which both sides are to be divided for at most `MOST_PIXELS`; the short side stays."""
    factor, (short, long) = 1, sorted(size)
    while (long // factor) * (short // factor) > MOST_PIXELS and short // factor > 1:
        factor *= 2
    return factor
