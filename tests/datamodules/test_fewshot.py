"""Few-shot draws equal CoOp's published ones."""

from __future__ import annotations

import json

import numpy as np
import pytest

from datamodules.errors import DataError
from datamodules.fewshot import ALL, few_shot, lacking_shots
from tests.support.shared import SHARED, needs_shared

SPLITS = {"dtd": "DescribableTextures", "eurosat": "EuroSAT", "oxford_pets": "OxfordPets"}


@needs_shared
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("shots", [1, 4, 16])
@pytest.mark.parametrize("name", SPLITS)
def test_every_published_draw_is_reproduced_in_order(name: str, shots: int, seed: int) -> None:
    folder = SHARED / "data/coop_splits"
    train = json.loads((folder / f"splits/split_zhou_{SPLITS[name]}.json").read_text())["train"]
    published = json.loads((folder / f"indices/{name}/shot_{shots}-seed_{seed}.json").read_text())["train"]["data"]
    drawn = few_shot(np.array([label for _, label, _ in train]), shots, seed)
    assert len(published) == len(drawn)
    for item, index in zip(published, drawn, strict=True):
        assert item["impath"].endswith("/" + train[index][0])
        assert item["label"] == train[index][1]


def test_classes_come_in_their_order_of_appearance_and_small_ones_give_all() -> None:
    labels = np.array([2, 0, 2, 0, 0, 1])
    drawn = few_shot(labels, 2, seed=0)
    assert labels[drawn].tolist() == [2, 2, 0, 0, 1]
    assert len(set(drawn.tolist())) == 5


def test_seed_0_draws_differently_from_seed_1_and_always_alike() -> None:
    labels = np.repeat(np.arange(5), 50)
    assert few_shot(labels, 4, 0).tolist() == few_shot(labels, 4, 0).tolist() != few_shot(labels, 4, 1).tolist()


def test_more_shots_than_a_class_has_are_told_by_name() -> None:
    labels = np.array([0, 0, 0, 1, 1, 2])
    assert lacking_shots(labels, ["cat", "dog", "owl"], 1) == ""
    told = [lacking_shots(labels, ["cat", "dog", "owl"], shots) for shots in (2, 3)]
    assert told[0] == "shots 2 is more than class 'owl' has: 1 training images"
    assert "'owl'" in told[1] and "1 more classes have fewer than 3" in told[1]


def test_all_shots_are_every_image_of_every_class() -> None:
    labels = np.array([0, 0, 0, 1, 1, 2])
    assert lacking_shots(labels, ["cat", "dog", "owl"], ALL) == ""
    assert sorted(few_shot(labels, ALL, seed=1)) == [*range(6)]


@pytest.mark.parametrize("shots", [0, -1])
def test_shots_below_1_are_refused(shots: int) -> None:
    with pytest.raises(DataError, match="below 1"):
        few_shot(np.array([0, 1]), shots, 1)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        few_shot(np.array([0, 1]), 1, -1)
