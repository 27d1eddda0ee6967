"""What replicas were given, side by side and padded."""

from __future__ import annotations

import torch

from datamodules.run_spec import RunSpec
from methods.core.given import GivenImages
from tests.support import toy


def test_rows_are_the_training_sets_of_the_replicas_and_padding_is_marked() -> None:
    data = toy.data_for([RunSpec(0, 1), RunSpec(1, 3, "symmetric", 0.5), RunSpec(2, 2)], 1)
    data.connect(toy.tiny_clip(), torch.device("cpu"), data.sampling)
    given = GivenImages.of(data, slice(1, 3))
    assert given.counts == [18, 12] and given.valid.sum(1).tolist() == [18, 12]
    for row in (0, 1):
        images, labels = data.training_set(row + 1)
        count = given.counts[row]
        assert given.images[row, :count].tolist() == images.tolist()
        assert given.labels[row, :count].tolist() == labels.tolist()
        assert not given.valid[row, count:].any()


def test_values_go_to_their_images_and_others_get_0() -> None:
    images, valid = torch.tensor([[4, 1], [2, 0]]), torch.tensor([[True, True], [True, False]])
    given = GivenImages(images, images, valid, [2, 1])
    found = given.on_pool(torch.tensor([[5.0, 6.0], [7.0, 8.0]]), 5)
    assert found.tolist() == [[0, 6, 0, 0, 5], [0, 0, 7, 0, 0]], "padding, which says image 0, counts for none"
