import numpy as np
import pytest
import torch
from PIL import Image

from datamodules.augment import Crop
from datamodules.features import FeatureBank


class Pictures:
    def __init__(self, n, size=(12, 16), vary=False):
        source = np.random.default_rng(0)
        self.arrays = [
            source.integers(0, 256, (size[0] + vary * (i % 3), size[1], 3), dtype=np.uint8) for i in range(n)
        ]
        self.fingerprint = f"pictures-{n}-{size}-{vary}"

    def __len__(self):
        return len(self.arrays)

    def __getitem__(self, index):
        return Image.fromarray(self.arrays[index])

    def describe(self, index):
        return f"picture {index}"


class Prep:
    size, mean, std, interpolation = 8, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), "bicubic"

    def __call__(self, image):
        pixels = torch.from_numpy(np.array(image.resize((8, 8), Image.Resampling.BICUBIC))).permute(2, 0, 1)
        return (pixels / 255 - 0.5) / 0.25


class Encoder:
    """A linear tower that counts the pictures it has seen."""

    preprocess = Prep()
    identity = "linear"

    def __init__(self):
        self.seen = 0
        self.weight = torch.randn(192, 6, generator=torch.Generator().manual_seed(0))

    def encode_images(self, pixels):
        self.seen += len(pixels)
        return torch.nn.functional.normalize(pixels.flatten(1) @ self.weight, dim=-1)


def test_plain_features_are_the_towers_features_of_the_test_transform():
    images, encoder = Pictures(10), Encoder()
    features = FeatureBank(encoder, batch_size=3).plain(images)
    slow = torch.cat([encoder.encode_images(encoder.preprocess(images[i])[None]) for i in range(10)])
    assert features.shape == (10, 6)
    assert torch.allclose(features, slow, atol=1e-5)


@pytest.mark.parametrize("vary", [False, True])
def test_views_do_not_depend_on_batches_or_on_the_other_images_asked_for(vary):
    images = Pictures(10, vary=vary)
    everything = FeatureBank(Encoder()).views(images, np.arange(10), seed=1, views=3, crop=Crop())
    some = np.array([7, 2, 4])
    few = FeatureBank(Encoder(), batch_size=4).views(images, some, seed=1, views=3, crop=Crop())
    assert few.shape == (3, 3, 6)
    assert torch.allclose(few, everything[:, some], atol=1e-4)


def test_each_view_image_and_seed_gives_another_crop():
    images = Pictures(4)
    first = FeatureBank(Encoder()).views(images, np.arange(4), seed=1, views=3, crop=Crop())
    other = FeatureBank(Encoder()).views(images, np.arange(4), seed=2, views=3, crop=Crop())
    assert len({tuple(row) for row in torch.cat([first, other]).flatten(0, 1).round(decimals=4).tolist()}) == 24


def test_a_crop_of_everything_without_flip_is_the_plain_view_of_a_square_picture():
    images = Pictures(4, size=(12, 12))
    bank = FeatureBank(Encoder())
    whole = bank.views(images, np.arange(4), seed=1, views=1, crop=Crop((1.0, 1.0), (1.0, 1.0), flip=False))[0]
    assert torch.allclose(whole, bank.plain(images), atol=2e-2)


def test_progress_counts_pictures_and_tells_their_rate():
    calls = []
    bank = FeatureBank(Encoder(), batch_size=4, progress=lambda *call: calls.append(call))
    bank.plain(Pictures(10))
    bank.views(Pictures(10), np.arange(5), seed=1, views=2, crop=Crop())
    assert [call[:3] for call in calls] == [
        ("images", 4, 10),
        ("images", 8, 10),
        ("images", 10, 10),
        ("views", 4, 10),
        ("views", 8, 10),
        ("views", 10, 10),
    ]
    assert all(call[3] > 0 for call in calls)
