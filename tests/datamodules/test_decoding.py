"""Pictures of all kinds: what a person sees in them is what a tower gets."""

from __future__ import annotations

import io
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from datamodules import notices
from datamodules.decoding import MOST_PIXELS, grey8, is_constant, to_rgb

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (40, 60, 3), dtype=np.uint8)


def stored(image: Image.Image, format: str, **more: Any) -> Image.Image:
    file = io.BytesIO()
    image.save(file, format, **more)
    return Image.open(io.BytesIO(file.getvalue()))


@pytest.mark.parametrize("format", ["PNG", "JPEG", "BMP", "WEBP", "TIFF", "GIF", "PPM"])
def test_ordinary_pictures_are_what_pillow_says(format: str) -> None:
    plain = np.asarray(stored(Image.fromarray(PIXELS), format).convert("RGB"))
    assert (np.asarray(to_rgb(stored(Image.fromarray(PIXELS), format))) == plain).all()


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "LA", "RGBA"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    assert to_rgb(Image.fromarray(PIXELS).convert(mode)).mode == "RGB"


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_16_bits_are_scaled_and_not_clipped(format: str) -> None:
    deep = RNG.integers(0, 65536, (8, 9)).astype(np.uint16)
    seen = np.asarray(to_rgb(stored(Image.fromarray(deep), format)))
    assert (seen[..., 0] == np.rint(deep / 257.0)).all() and (seen[..., 0] == seen[..., 2]).all()


def test_a_dark_picture_of_16_bits_stays_dark() -> None:
    assert grey8(np.array([[0, 2570]], np.uint16), "I;16").tolist() == [[0, 10]]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0.0, 0.5, 1.0], [0, 128, 255]), ([0.0, 100.0, 200.0], [0, 100, 200]), ([-5.0, 0.0, 995.0], [0, 1, 255]),
     ([0.0, float("nan"), 1.0], [0, 0, 255]), ([3000.0, 3000.0, 3000.0], [0, 0, 0])],
)  # fmt: skip
def test_floats_are_read_by_their_range(values: list[float], expected: list[int]) -> None:
    picture = stored(Image.fromarray(np.array([values], np.float32)), "TIFF")
    assert np.asarray(to_rgb(picture))[0, :, 0].tolist() == expected


def test_integers_of_32_bits_have_the_range_of_8_or_of_16_where_they_fit() -> None:
    narrow = Image.fromarray(PIXELS[..., 0].astype(np.int32))
    assert (np.asarray(to_rgb(stored(narrow, "TIFF")))[..., 0] == PIXELS[..., 0]).all(), "and is not nearly black"
    assert grey8(np.array([[0, 25700]], np.int32), "I").tolist() == [[0, 100]]
    assert grey8(np.array([[0, 65535]], np.int32), "I").tolist() == [[0, 255]]
    assert grey8(np.array([[0, 2**20]], np.int32), "I").tolist() == [[0, 255]]


def test_a_drawing_in_the_alpha_channel_alone_is_seen_on_white() -> None:
    drawn = np.zeros((20, 20, 4), np.uint8)
    drawn[5:9, 5:15, 3] = 255
    seen = np.asarray(to_rgb(stored(Image.fromarray(drawn), "PNG")))
    assert (seen[6, 6] == 0).all() and (seen[0, 0] == 255).all()


def test_transparency_of_a_palette_brings_no_warning() -> None:
    picture = stored(Image.fromarray(PIXELS).quantize(8), "PNG", transparency=bytes([0, 128, *[255] * 6]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert to_rgb(picture).mode == "RGB"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_their_camera_says(orientation: int) -> None:
    about = Image.Exif()
    about[0x0112] = orientation
    picture = stored(Image.fromarray(PIXELS), "PNG", exif=about)
    upright = np.asarray(to_rgb(picture))
    turned = {1: PIXELS, 2: PIXELS[:, ::-1], 3: PIXELS[::-1, ::-1], 4: PIXELS[::-1], 5: PIXELS.swapaxes(0, 1),
              6: np.rot90(PIXELS, -1), 7: np.rot90(PIXELS, 2).swapaxes(0, 1), 8: np.rot90(PIXELS, 1)}  # fmt: skip
    assert (upright == turned[orientation]).all()


def test_exif_that_cannot_be_read_hides_no_picture() -> None:
    assert to_rgb(stored(Image.fromarray(PIXELS), "JPEG", exif=b"Exif\0\0no such thing")).size == (60, 40)


@pytest.mark.parametrize("size", [(12000, 2), (2, 12000)])
def test_a_picture_that_is_a_line_keeps_its_middle(size: tuple[int, int]) -> None:
    picture = Image.new("RGB", size)
    picture.putpixel((size[0] // 2, size[1] // 2), (255, 0, 0))
    seen = to_rgb(picture)
    assert max(seen.size) == 64 and (np.asarray(seen)[..., 0] == 255).sum() == 1


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_a_huge_picture_is_read_smaller(format: str) -> None:
    seen = to_rgb(stored(Image.new("RGB", (7000, 5000), (10, 200, 30)), format))
    assert seen.width * seen.height <= MOST_PIXELS and seen.size == (3500, 2500)
    assert np.abs(np.asarray(seen).mean((0, 1)) - (10, 200, 30)).max() < 3


def test_a_constant_picture_is_known() -> None:
    assert is_constant(Image.new("RGB", (4, 4), "red")) and not is_constant(Image.fromarray(PIXELS))


def test_a_huge_picture_is_one_line_of_ours_and_none_of_pillows(tmp_path: Path) -> None:
    Image.new("1", (10_000, 9_500)).save(tmp_path / "a.png")
    code = "import sys; from PIL import Image; from datamodules.decoding import to_rgb; to_rgb(Image.open(sys.argv[1]))"
    said = subprocess.run([sys.executable, "-c", code, tmp_path / "a.png"], capture_output=True, text=True, check=True)
    assert said.stderr.splitlines() == ["pictures of over 34 megapixels are read at half their size, or less"]


def test_pictures_of_12_bits_in_16_are_told(caplog: pytest.LogCaptureFixture) -> None:
    notices._said.cache_clear()
    to_rgb(stored(Image.fromarray(np.array([[0, 4095]], np.uint16)), "PNG"))
    assert "grey pictures with 12 of 16 bits in use come out nearly black: multiply them by 16" in caplog.text


@pytest.mark.parametrize("format", ["GIF", "TIFF", "WEBP"])
def test_of_several_frames_the_first_is_read_which_is_told(format: str, caplog: pytest.LogCaptureFixture) -> None:
    notices._said.cache_clear()
    first, second = (Image.new("RGB", (8, 8), colour) for colour in ("red", "blue"))
    several = stored(first, format, save_all=True, append_images=[second])
    assert np.array_equal(np.asarray(to_rgb(several)), np.asarray(to_rgb(stored(first, format))))
    assert "pictures of several frames or pages: the first of each is read" in caplog.text


def test_a_picture_with_a_long_text_in_it_is_read() -> None:
    text = PngInfo()
    text.add_text("recipe", "a" * 2**21, zip=True)
    assert to_rgb(stored(Image.new("RGB", (4, 4)), "PNG", pnginfo=text)).size == (4, 4)
