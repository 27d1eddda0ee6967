"""Architectures small enough for tests, which open_clip knows by name."""

from __future__ import annotations

import json
from collections.abc import Iterator

import open_clip
import pytest
from open_clip import factory

from tests.support.small_backbones import KINDS, RESNET


@pytest.fixture(scope="module")
def architectures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Small architectures that open_clip knows by name: `small`, `deeper` and `coca_small`."""
    folder, before = tmp_path_factory.mktemp("architectures"), list(factory._MODEL_CONFIG_PATHS)
    for name, layers in (("small", 1), ("deeper", 2)):
        vision = RESNET | {"layers": [layers] * 4}
        (folder / f"{name}.json").write_text(json.dumps(KINDS["resnet"] | {"vision_cfg": vision}))
    coca = open_clip.get_model_config("coca_ViT-B-32")
    for part in ("vision_cfg", "text_cfg", "multimodal_cfg"):
        coca[part]["layers"] = 1
    (folder / "coca_small.json").write_text(json.dumps(coca))
    open_clip.add_model_config(folder)
    yield
    factory._MODEL_CONFIG_PATHS[:] = before
    factory._rescan_model_configs()
