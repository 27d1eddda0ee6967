"""Training crops against torchvision, box by box and pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torchvision.transforms import InterpolationMode, RandomResizedCrop
from torchvision.transforms.functional import hflip, resized_crop

from datamodules.features import crops
from datamodules.features.crops import DRAWS, Crop, boxes, draws, normalise, resample


def noise_image(height: int, width: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(0, 256, (3, height, width), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
@pytest.mark.parametrize("box", [(0, 0, 40, 60), (3, 5, 30, 50), (39, 59, 1, 1), (10, 0, 5, 60), (0, 7, 40, 3)])
@pytest.mark.parametrize("size", [8, 32, 96])
def test_resampling_equals_torchvisions_antialiased_resized_crop(
    size: int, box: tuple[int, int, int, int], interpolation: str
) -> None:
    image = noise_image(40, 60)
    ours = resample(image[None], torch.tensor([[[*box, 0]]]), size, interpolation)[0, 0]
    theirs = resized_crop(image.float(), *box, [size, size], InterpolationMode(interpolation), antialias=True)
    assert (ours - theirs.clamp(0, 255)).abs().max() < 1e-2


def test_a_batch_is_cropped_picture_by_picture() -> None:
    images = torch.stack([noise_image(20, 30, seed) for seed in range(4)])
    where = torch.tensor([[0, 0, 20, 30, 0], [1, 2, 10, 11, 1], [5, 5, 5, 5, 0], [0, 3, 20, 7, 1]])
    together = resample(images, torch.stack([where, where.flip(0)]), 16)
    assert together.shape == (2, 4, 3, 16, 16)
    for row in range(4):
        alone = [resample(images[row : row + 1], box[None, None], 16)[0, 0] for box in [where[row], where[3 - row]]]
        assert torch.allclose(together[:, row], torch.stack(alone), atol=1e-3)


def test_large_pictures_on_the_cpu_take_another_path_to_the_same_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    images = torch.stack([noise_image(150, 120, seed) for seed in range(2)])
    where = torch.tensor([[[3, 4, 100, 90, 0], [0, 0, 150, 120, 1]], [[9, 8, 17, 60, 1], [140, 0, 10, 9, 0]]])
    large = resample(images, where, 24)
    monkeypatch.setattr(crops, "LARGE", 10**9)
    assert torch.allclose(resample(images, where, 24), large, atol=1e-2)


def test_mirroring_is_a_horizontal_flip_of_the_crop() -> None:
    image = noise_image(20, 30)[None]
    plain, mirrored = (resample(image, torch.tensor([[[2, 3, 11, 17, flip]]]), 16)[0] for flip in [0, 1])
    assert torch.allclose(mirrored, hflip(plain), atol=1e-3)


def test_values_stay_in_the_range_of_pixels() -> None:
    image = (noise_image(30, 30) > 127).to(torch.uint8)[None] * 255
    out = resample(image, torch.tensor([[[0, 0, 30, 30, 0]]]), 64)
    assert out.min() == 0
    assert out.max() == 255


def slow_box(height: int, width: int, numbers: NDArray[np.float64], crop: Crop) -> list[int]:
    """torchvision's rule, one image at a time."""
    for t in range(10):
        area = height * width * (crop.scale[0] + (crop.scale[1] - crop.scale[0]) * numbers[t])
        low, high = np.log(crop.ratio[0]), np.log(crop.ratio[1])
        aspect = np.exp(low + (high - low) * numbers[10 + t])
        w, h = round(float(np.sqrt(area * aspect))), round(float(np.sqrt(area / aspect)))
        if 0 < w <= width and 0 < h <= height:
            return [int(numbers[20] * (height - h + 1)), int(numbers[21] * (width - w + 1)), h, w]
    if width / height < crop.ratio[0]:
        w, h = width, round(width / crop.ratio[0])
    elif width / height > crop.ratio[1]:
        h, w = height, round(height * crop.ratio[1])
    else:
        w, h = width, height
    return [(height - h) // 2, (width - w) // 2, h, w]


def test_boxes_follow_torchvisions_rule_image_by_image() -> None:
    source = np.random.default_rng(0)
    sizes = source.integers(1, 400, (500, 2))
    numbers = source.random((500, DRAWS))
    for crop in [Crop(), Crop(scale=(0.5, 1.0)), Crop(scale=(0.9, 1.0), flip=False)]:
        ours = boxes(sizes, numbers, crop)
        slow = [slow_box(int(h), int(w), u, crop) for (h, w), u in zip(sizes, numbers, strict=True)]
        assert ours[:, :4].tolist() == slow
        assert (ours[:, 4] == ((numbers[:, 22] < 0.5) & crop.flip)).all()


def test_boxes_are_distributed_as_torchvisions() -> None:
    torch.manual_seed(0)
    crop, n = Crop(), 4000
    theirs = np.array([RandomResizedCrop.get_params(torch.empty(3, 60, 80), crop.scale, crop.ratio) for _ in range(n)])
    ours = boxes(np.tile([60, 80], (n, 1)), draws(np.arange(n), 1, 1)[0], crop)[:, :4]
    assert np.abs(ours.mean(0) - theirs.mean(0)).max() < 1
    assert np.abs(ours.std(0) - theirs.std(0)).max() < 1


def test_a_view_of_an_image_does_not_depend_on_what_else_is_asked_for() -> None:
    together = draws(np.array([3, 0, 7]), seed=1, views=4)
    assert together.shape == (4, 3, DRAWS)
    assert (draws(np.array([7]), 1, 4) == together[:, 2:]).all()
    assert (draws(np.array([0, 3]), 1, 4) == together[:, [1, 0]]).all()
    assert (draws(np.array([3, 0, 7]), 1, 2) == together[:2]).all()
    assert len(np.unique(np.concatenate([together, draws(np.array([3, 0, 7]), 2, 4)]))) == 2 * together.size


def test_normalising_is_that_of_torchvision() -> None:
    pixels = torch.rand(2, 3, 4, 4) * 255
    ours = normalise(pixels, (0.5, 0.4, 0.3), (0.2, 0.3, 0.4))
    slow = torch.stack(
        [(pixels[:, c] / 255 - m) / s for c, (m, s) in enumerate([(0.5, 0.2), (0.4, 0.3), (0.3, 0.4)])], 1
    )
    assert torch.allclose(ours, slow, atol=1e-5)
