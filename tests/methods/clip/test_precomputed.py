"""A backbone of which only the outputs are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from datamodules.catalog import open_dataset
from datamodules.features.bank import FeatureBank
from datamodules.features.crops import Crop
from methods.clip.backbone import zero_shot_weights
from methods.clip.loading import load_backbone
from methods.clip.precomputed import Precomputed
from methods.errors import UnsupportedError
from tests.support import encoded


def _backbone(path: Path, **changes: Any) -> Precomputed:
    outputs = open_dataset(f"features:{encoded.write(path / 'made.npz', **changes)}").outputs
    assert outputs is not None
    return Precomputed(outputs)


def test_texts_are_looked_up_by_class_unit_or_as_long_as_the_tower_made_them(tmp_path: Path) -> None:
    raw = torch.from_numpy(encoded.arrays()["text_features_raw"])
    backbone = _backbone(tmp_path)
    assert torch.equal(zero_shot_weights(backbone, ["class 2", "class_0"], "{}", unit=False), raw[[2, 0]])
    assert torch.allclose(backbone.encode_text(["class 1"]), normalize(raw[[1]], dim=-1))


def test_of_several_templates_units_are_averaged_and_raw_texts_too(tmp_path: Path) -> None:
    raw = encoded.arrays()["text_features_raw"]
    several = np.stack([raw, 3 * raw[::-1]])
    backbone = _backbone(tmp_path, text_features_raw=several)
    names, tensors = backbone.outputs.classes, torch.from_numpy(several)
    mean = normalize(normalize(tensors, dim=-1).sum(0), dim=-1)
    assert torch.allclose(backbone.encode_text(names), mean, atol=1e-6)
    assert torch.allclose(backbone.encode_text(names, unit=False), tensors.sum(0) / 2)


def test_an_open_clip_backbone_gives_texts_as_long_as_its_tower_makes_them() -> None:
    backbone = load_backbone("embedded")
    raw = zero_shot_weights(backbone, ["star", "moon"], "a photo of a {}.", unit=False)
    assert torch.allclose(normalize(raw, dim=-1), zero_shot_weights(backbone, ["star", "moon"], "a photo of a {}."))
    assert not torch.allclose(raw.norm(dim=-1), torch.ones(2)) and backbone.embedding == raw.shape[-1]


def test_what_needs_a_tower_says_that_there_is_none(tmp_path: Path) -> None:
    backbone = _backbone(tmp_path)
    for use in (
        lambda: backbone.text,
        lambda: backbone.encode_text(["a cat"]),
        lambda: backbone.encode_images(torch.zeros(1, 3, 2, 2)),
        lambda: backbone.layout(["class 0"], 4),
    ):
        with pytest.raises(UnsupportedError, match="file of features"):
            use()
    (tmp_path / "textless").mkdir()
    with pytest.raises(UnsupportedError, match="no text features"):
        _backbone(tmp_path / "textless", text_features_raw=None).encode_text(["class 0"])


def test_the_feature_bank_reads_rows_and_gives_them_to_no_other_backbone(tmp_path: Path) -> None:
    made = encoded.arrays()
    views = np.stack([made["train_features"], made["train_features"][::-1]])
    backbone = _backbone(tmp_path, views=views)
    train = open_dataset(f"features:{tmp_path / 'made.npz'}").train.images
    bank, some = FeatureBank(backbone), np.array([5, 1])
    assert torch.allclose(bank.plain(train, some), torch.from_numpy(made["train_features"][some]), atol=1e-6)
    of_view = bank.views(train, some, seed=1, views=3, crop=Crop())
    for view in range(3):
        assert torch.allclose(of_view(view), torch.from_numpy(views[view % 2][some]), atol=1e-6)
    with pytest.raises(ValueError, match="no pictures that another backbone could encode"):
        bank.beside(load_backbone("embedded")).plain(train)
