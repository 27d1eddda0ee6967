"""A backbone's identity: another one for whatever changes a feature, the same one for the same features."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from open_clip.model import CLIPTextCfg, CLIPVisionCfg
from PIL import Image
from torch import Tensor

from methods.clip import identity
from methods.clip.backbone import Backbone, preprocess_of
from methods.clip.loading import load_backbone
from methods.clip.weights import HERE
from tests.support.small_backbones import small_backbone
from tests.support.toy import tiny_clip

TEXTS = ("a photo of a cat.", "The DOG's hat -- really?! (no. 7)", "one two three four five six seven eight " * 4)
PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 56, 3), dtype=np.uint8))
#: What they are everywhere; another figure here makes all caches of features anew.
EVERYWHERE = {
    "embedded": "v2:f46705ac45a5a9f6826650591229597a0180a812c045044b7718bcd86f388eb9",
    "embedded-vit": "v2:14a041671bb9d897edc1f189b693da53f18bd444fe3a01084802be2e702e4403",
}
#: Changes of one setting that are known to change features of a tower of each kind, and of a ViT.
BOTH: dict[str, Any] = {
    "model_cfg.quick_gelu": True, "model_cfg.vision_cfg.head_width": 16, "model_cfg.text_cfg.heads": 2,
    "model_cfg.text_cfg.context_length": 16, "model_cfg.text_cfg.no_causal_mask": True,
    "model_cfg.text_cfg.pool_type": "last", "model_cfg.text_cfg.norm_kwargs": {"eps": 0.1},
    "model_cfg.text_cfg.act_kwargs": {"approximate": "tanh"},
    "model_cfg.text_cfg.tokenizer_kwargs": {"clean": "canonicalize"}, "preprocess_cfg.mean": [0.5, 0.5, 0.4],
    "preprocess_cfg.std": [0.25, 0.2, 0.25], "preprocess_cfg.interpolation": "bilinear",
    "preprocess_cfg.resize_mode": "squash",
}  # fmt: skip
VIT_ONLY: dict[str, Any] = {
    "model_cfg.vision_cfg.pool_type": "avg",
    "model_cfg.vision_cfg.norm_kwargs": {"eps": 0.1}, "model_cfg.vision_cfg.act_kwargs": {"approximate": "tanh"},
}  # fmt: skip
KNOWN = [("embedded_vit", key, value) for key, value in (BOTH | VIT_ONLY).items()]
#: Texts and pixels are read by the same code for a ResNet.
OF_A_RESNET = [("embedded", key, value) for key, value in BOTH.items()]
QUICK = [("embedded", key, BOTH[key]) for key in ("model_cfg.quick_gelu", "model_cfg.vision_cfg.head_width")]
SLOW = [pytest.param(*known, marks=pytest.mark.slow) for known in OF_A_RESNET if known not in QUICK]


def variant(folder: Path, name: str, changes: Mapping[str, Any]) -> Backbone:
    """The shipped backbone with settings changed, as a folder that shares its weights."""
    config = json.loads((HERE / name / "open_clip_config.json").read_text())
    for key, value in changes.items():
        *parts, last = key.split(".")
        place = config
        for part in parts:
            place = place[part]
        place[last] = value
    folder.mkdir()
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    (folder / "open_clip_model.safetensors").symlink_to(HERE / name / "open_clip_model.safetensors")
    return load_backbone(f"local-dir:{folder}")


def features(backbone: Backbone) -> tuple[Tensor, ...]:
    pixels = torch.stack([backbone.preprocess(picture) for picture in (PICTURE, PICTURE.rotate(90, expand=True))])
    return backbone.encode_images(pixels), backbone.encode_text(TEXTS)


def differ(some: tuple[Tensor, ...], others: tuple[Tensor, ...]) -> bool:
    return any(not torch.equal(one, other) for one, other in zip(some, others, strict=True))


@cache
def shipped_features(name: str) -> tuple[str, tuple[Tensor, ...]]:
    """Identity and features of a backbone that ships."""
    backbone = load_backbone(name.replace("_", "-"))
    return backbone.identity, features(backbone)


@pytest.mark.parametrize(("name", "key", "value"), [*KNOWN, *QUICK, *SLOW])
def test_a_setting_that_changes_a_feature_changes_the_identity(name: str, key: str, value: Any, tmp_path: Path) -> None:
    (shipped, before), other = shipped_features(name), variant(tmp_path / "other", name, {key: value})
    assert differ(before, features(other))
    assert other.identity != shipped


def test_the_colour_beside_a_picture_that_is_not_square_is_part_of_it(tmp_path: Path) -> None:
    longest = {"preprocess_cfg.resize_mode": "longest"}
    black = variant(tmp_path / "black", "embedded", longest)
    grey = variant(tmp_path / "grey", "embedded", {**longest, "preprocess_cfg.fill_color": 127})
    assert differ(features(black), features(grey))
    assert black.identity != grey.identity


def others(value: Any, name: str) -> tuple[Any, ...]:
    """Values that a setting may have instead, of the same kind."""
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int | float):
        return (value / 2 if isinstance(value, float) else value // 2,)
    words = {"pool_type": ("avg", "first", "last", "none"), "pos_embed_type": ("sin_cos_2d",)}
    return words.get(name, ("none", 0.5, {"eps": 0.01}))


@pytest.mark.parametrize(
    ("name", "part", "kind"),
    [("embedded", "vision_cfg", CLIPVisionCfg), ("embedded_vit", "vision_cfg", CLIPVisionCfg),
     ("embedded_vit", "text_cfg", CLIPTextCfg)],
)  # fmt: skip
def test_no_setting_of_a_tower_changes_features_under_one_identity(
    name: str, part: str, kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for draw in ("normal_", "kaiming_uniform_", "trunc_normal_", "xavier_uniform_"):  # the weights are loaded
        monkeypatch.setattr(torch.nn.init, draw, lambda tensor, *_, **__: tensor)
    shipped = load_backbone(name.replace("_", "-"))
    config = json.loads((HERE / name / "open_clip_config.json").read_text())["model_cfg"]
    pixels, tokens = shipped.preprocess(PICTURE)[None], shipped.tokenizer(list(TEXTS))

    def seen(model: Any) -> tuple[Tensor, ...]:
        with torch.no_grad():
            return model.eval().encode_image(pixels), model.encode_text(tokens)

    before, content = seen(shipped.model), identity.contents(shipped.model, {}, None)
    found = []
    settings = asdict(kind(**config[part])).items()
    for setting, value in [(key, other) for key, now in settings for other in others(now, key)]:
        try:
            model = open_clip.CLIP(**{**config, part: {**config[part], setting: value}})
            model.load_state_dict(shipped.model.state_dict())
            model.visual.preprocess_cfg = shipped.model.visual.preprocess_cfg
            changes = differ(before, seen(model))
        except Exception:  # whatever open_clip raises for values or weights that do not fit
            continue
        if changes:
            assert identity.contents(model, {}, None) != content, (setting, value)
            found.append(setting)
    assert len(set(found)) >= (1 if name == "embedded" else 3), found


def test_equal_models_have_one_identity_wherever_they_lie_and_whatever_was_done_with_them(tmp_path: Path) -> None:
    shipped = load_backbone("embedded")
    shutil.copytree(HERE / "embedded", tmp_path / "copy")
    copy = load_backbone(f"local-dir:{tmp_path / 'copy'}")
    assert load_backbone("embedded").identity == copy.identity == shipped.identity
    features(copy)
    copy.words("an unusual word")
    again = Backbone("used", copy.model, preprocess_of(copy.model), copy.tokenizer)
    assert again.identity == copy.double().float().identity == shipped.identity


def test_defaults_that_a_configuration_spells_out_change_nothing(tmp_path: Path) -> None:
    text = {"model_cfg.text_cfg.pool_type": "argmax", "model_cfg.quick_gelu": False}
    look = {"preprocess_cfg.fill_color": 0, "preprocess_cfg.size": [32, 32], "preprocess_cfg.std": [0.25, 0.25, 0.25]}
    assert variant(tmp_path / "x", "embedded", {**text, **look}).identity == load_backbone("embedded").identity


def test_the_shipped_backbones_have_the_identities_that_they_have_on_every_machine() -> None:
    kept = {name: load_backbone(name).identity for name in ("embedded", "embedded-vit")}
    assert kept == EVERYWHERE


def test_a_tower_of_another_library_has_one_identity_too() -> None:
    name = small_backbone("timm, looks ahead")
    assert load_backbone(name).identity == load_backbone(name).identity


@pytest.mark.parametrize(
    "change",
    [{"context_length": 32}, {"clean": "whitespace"}, {"additional_special_tokens": ["<one>"]},
     {"reduction_mask": "simple"}, {"reduction_mask": "shuffle"}],
    ids=str,
)  # fmt: skip
def test_a_tokenizer_s_settings_are_part_of_it(change: dict[str, Any]) -> None:
    clip = tiny_clip()
    make = partial(open_clip.SimpleTokenizer, context_length=77)
    same, other = (Backbone("a", clip.model, clip.preprocess, make(**some)) for some in ({}, change))
    assert same.identity != other.identity
    assert same.identity == Backbone("b", clip.model, clip.preprocess, make()).identity


class FromTheHub:
    """Stands for a tokenizer of `transformers`, whose vocabulary comes in any order and which keeps its place."""

    def __init__(self, vocabulary: dict[str, int], place: str, side: str = "right") -> None:
        self.vocabulary = vocabulary
        self.init_kwargs = {"name_or_path": place, "vocab_file": f"{place}/vocab.txt"}
        self.padding_side = side

    def get_vocab(self) -> dict[str, int]:
        return self.vocabulary


def test_a_tokenizer_of_files_counts_by_what_the_files_say_and_not_by_their_place() -> None:
    clip = tiny_clip()
    words = {f"word{number}": number for number in range(2000)}
    turned = dict(reversed(words.items()))
    swapped = {**words, "word1": 2, "word2": 1}
    of = lambda tokenizer: Backbone("a", clip.model, clip.preprocess, tokenizer).identity  # noqa: E731
    assert of(FromTheHub(words, "/one")) == of(FromTheHub(turned, "/other"))
    assert (
        len({of(one) for one in (FromTheHub(words, ""), FromTheHub(swapped, ""), FromTheHub(words, "", "left"))}) == 3
    )


def test_a_buffer_that_is_computed_counts_by_where_it_masks_and_not_by_its_last_digits() -> None:
    clip, mask = tiny_clip(), torch.full((3, 3), float("-inf")).triu(1)
    seen = set()
    for buffer in (mask, mask + 1e-7, mask.T.contiguous()):
        module = torch.nn.Module()
        module.register_buffer("mask", buffer, persistent=False)
        seen.add(identity.contents(module, clip.preprocess.config, None))
    assert len(seen) == 2


def test_the_other_precision_is_another_identity_that_is_known_without_a_second_load() -> None:
    full, low = load_backbone("embedded"), load_backbone("embedded", precision="bf16")
    assert full.identity != low.identity
    assert full.identity_in("bf16") == low.identity and low.identity_in("fp32") == full.identity
    assert full.identity.startswith(f"{identity.RULE}:")


def test_a_transform_and_a_pattern_of_one_s_own_count_too() -> None:
    clip = tiny_clip()
    brighter = replace(clip.preprocess, config={**clip.preprocess.config, "mean": (0.1, 0.1, 0.1)})
    tokenizer = open_clip.SimpleTokenizer(context_length=77)
    tokenizer.pat = re.compile(r"\w+|\W+", re.IGNORECASE)
    made = [(clip.preprocess, clip.tokenizer), (brighter, clip.tokenizer), (clip.preprocess, tokenizer)]
    assert len({Backbone("a", clip.model, *parts).identity for parts in made}) == 3
