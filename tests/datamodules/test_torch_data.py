"""Torch's data sets train in the suite as its own do, and its label noise serves data sets that it does not know."""

from __future__ import annotations

from typing import Any

import lightning
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset
from torchvision.datasets import FakeData

from datamodules import NoisyFewShot, RunSpec
from datamodules.catalog import open_dataset
from datamodules.errors import DataError
from datamodules.noise import Context, corrupt
from methods import linear_probe
from promptnoise import NoisyDataset, from_torch, noisy_labels

DIGITS = open_dataset("digits", None)


class Items:
    """Handwritten digits as (picture, label), the picture as `form` makes it."""

    def __init__(self, split: Any, form: Any = lambda picture: picture) -> None:
        self.split, self.form = split, form

    def __len__(self) -> int:
        return 60

    def __getitem__(self, index: int) -> tuple[Any, int]:
        return self.form(self.split.images[index]), int(self.split.labels[index])


def tensor(picture: Any) -> torch.Tensor:
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1) / 255


@pytest.mark.parametrize("form", [lambda p: p, np.asarray, tensor, lambda p: (tensor(p) * 255).byte()])
def test_pictures_in_every_form_are_the_same_pictures(form: Any) -> None:
    plain = from_torch(Items(DIGITS.train), Items(DIGITS.test), DIGITS.classes)
    other = from_torch(DataLoader(Items(DIGITS.train, form)), Items(DIGITS.test), DIGITS.classes)  # type: ignore[arg-type,var-annotated]
    assert other.train.images.fingerprint == plain.train.images.fingerprint != plain.test.images.fingerprint
    assert other.train.labels.tolist() == DIGITS.train.labels[:60].tolist()
    assert np.array_equal(np.asarray(other.train.images[3]), np.asarray(DIGITS.train.images[3].convert("RGB")))


def test_a_method_trains_on_a_data_set_of_torch() -> None:
    dataset = from_torch(Items(DIGITS.train), Items(DIGITS.test), DIGITS.classes)
    data = NoisyFewShot(dataset, [RunSpec(1, shots=2, noise="symmetric", rate=0.5)], backbone="embedded")
    quiet = {
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    trainer = lightning.Trainer(max_epochs=2, accelerator="cpu", **quiet)  # type: ignore[arg-type]
    method = linear_probe.Method()
    trainer.fit(method, data)
    trainer.test(method, data, verbose=False)
    assert 0.1 < float(trainer.callback_metrics["test_accuracy"]) <= 1


def test_noise_on_labels_alone_is_the_noise_of_the_suite() -> None:
    labels = np.arange(40) % 4
    for kind in ("symmetric", "asymmetric", "uniform", "half"):
        ours = corrupt(kind, Context(np.arange(40), labels, 4), 0.4, 7)
        assert noisy_labels(labels, kind, 0.4, 7).tolist() == ours.labels.tolist()
    assert (noisy_labels(labels, "symmetric", 0.4, 7) != labels).sum() == 16


def test_a_noisy_data_set_has_the_other_s_items_with_noisy_labels() -> None:
    plain = FakeData(size=20, image_size=(3, 4, 4), num_classes=5)
    noisy = NoisyDataset(plain, "symmetric", 0.5, seed=3)
    assert len(noisy) == 20 and (noisy.labels != noisy.true).sum() == 10
    for index in range(20):
        picture, label = noisy[index]
        assert np.array_equal(np.asarray(picture), np.asarray(plain[index][0]))
        assert label == noisy.labels[index] and int(plain[index][1]) == noisy.true[index]


def test_torchvision_s_own_list_of_labels_is_read_instead_of_every_picture() -> None:
    class Listed(TensorDataset):
        targets = [0, 1, 2, 0]

        def __getitem__(self, index: int) -> Any:
            raise AssertionError("a picture was read")

    assert NoisyDataset(Listed(torch.zeros(4, 1)), "symmetric", 0.25).true.tolist() == [0, 1, 2, 0]


def test_every_picture_is_read_once_at_first() -> None:
    read: list[Any] = []
    from_torch(Items(DIGITS.train, lambda p: read.append(p) or p), Items(DIGITS.test), DIGITS.classes)
    assert len(read) == 60


@pytest.mark.parametrize(("classes", "words"), [
    (["zero"], "one class only"), ([], "one class only"), (["a", "A", *"bcdefghi"], "the same name 'a'"),
])  # fmt: skip
def test_what_cannot_be_told_apart_is_refused(classes: list[str], words: str) -> None:
    with pytest.raises(DataError, match=words):
        from_torch(Items(DIGITS.train), Items(DIGITS.test), classes)


@pytest.mark.parametrize("part", ["train", "test"])
def test_an_empty_set_is_refused(part: str) -> None:
    sets = {"train": Items(DIGITS.train), "test": Items(DIGITS.test), part: []}
    with pytest.raises(DataError, match=f"class 'zero' has no {part}"):
        from_torch(sets["train"], sets["test"], DIGITS.classes)


@pytest.mark.parametrize(
    ("train", "words"),
    [
        (Items(DIGITS.train, lambda p: tensor(p) * 4 - 2), "outside of 0 to 1"),
        (Items(DIGITS.train, lambda p: torch.zeros(512)), "features"),
        (TensorDataset(torch.zeros(3, 3, 4, 4), torch.tensor([0, 1, 10])), "label 10 is out of range 0 ... 9"),
        (iter([1]), "no length"),
    ],
)
def test_what_is_no_picture_or_no_class_number_is_said(train: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        from_torch(train, Items(DIGITS.test), DIGITS.classes)


def test_noise_that_replaces_images_is_refused_for_labels_alone() -> None:
    with pytest.raises(DataError, match="replaces images"):
        noisy_labels(np.arange(40) % 4, "balanced", 0.5, 1)


@pytest.mark.parametrize("labels", [[0.5, 1], [0, float("nan")], ["a", "b"], [0, None], [-1, 1], [[0, 1]]])
def test_labels_that_are_no_class_numbers_are_refused_and_never_rounded(labels: Any) -> None:
    with pytest.raises(DataError, match="whole, from 0, one for each item"):
        noisy_labels(labels, "symmetric", 0.5, seed=1)


def test_whole_numbers_of_any_type_are_class_numbers_and_items_without_a_label_are_told() -> None:
    given = [
        noisy_labels(x, "symmetric", 0.5, 1) for x in ([0, 1, 1, 0], [0.0, 1.0, 1.0, 0.0], torch.tensor([0, 1, 1, 0]))
    ]
    assert all((labels == given[0]).all() for labels in given)
    with pytest.raises(DataError, match=r"\(picture, label\)"):
        NoisyDataset([{"image": 1, "label": 0}], "symmetric", 0.5)
