"""Folders and files of the transformers library give the backbone that open_clip has of the same weights."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import open_clip
import pytest
import torch
from open_clip import factory
from safetensors.torch import save_file
from torch import Tensor

from methods.clip.checkpoint import read_checkpoint
from methods.clip.loading import load_backbone
from methods.clip.weights import resolve
from methods.errors import BackboneError
from tests.support.small_backbones import KINDS


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Tensor]]:
    """The weights of a small ViT, `tiny_vit`, in open_clip's names."""
    folder, before = tmp_path_factory.mktemp("architectures"), list(factory._MODEL_CONFIG_PATHS)
    (folder / "tiny_vit.json").write_text(json.dumps(KINDS["vit"]))
    open_clip.add_model_config(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        yield open_clip.create_model("tiny_vit").state_dict()
    factory._MODEL_CONFIG_PATHS[:] = before
    factory._rescan_model_configs()


def as_transformers(plain: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same weights as `CLIPModel.state_dict()` names them."""
    found = {"text_model.embeddings.position_ids": torch.arange(77)[None], "logit_scale": plain["logit_scale"]}
    found["text_model.embeddings.token_embedding.weight"] = plain["token_embedding.weight"]
    found["text_model.embeddings.position_embedding.weight"] = plain["positional_embedding"]
    found["text_projection.weight"] = plain["text_projection"].T.contiguous()
    found["visual_projection.weight"] = plain["visual.proj"].T.contiguous()
    found["vision_model.embeddings.class_embedding"] = plain["visual.class_embedding"]
    found["vision_model.embeddings.patch_embedding.weight"] = plain["visual.conv1.weight"]
    found["vision_model.embeddings.position_embedding.weight"] = plain["visual.positional_embedding"]
    for kind in ("weight", "bias"):
        found[f"text_model.final_layer_norm.{kind}"] = plain[f"ln_final.{kind}"]
        found[f"vision_model.pre_layrnorm.{kind}"] = plain[f"visual.ln_pre.{kind}"]
        found[f"vision_model.post_layernorm.{kind}"] = plain[f"visual.ln_post.{kind}"]
        for theirs, ours in (("text_model", ""), ("vision_model", "visual.")):
            for block in range(2):
                there, here = f"{theirs}.encoder.layers.{block}", f"{ours}transformer.resblocks.{block}"
                three = plain[f"{here}.attn.in_proj_{kind}"].chunk(3)
                for name, part in zip("qkv", three, strict=True):
                    found[f"{there}.self_attn.{name}_proj.{kind}"] = part.clone()
                found[f"{there}.self_attn.out_proj.{kind}"] = plain[f"{here}.attn.out_proj.{kind}"]
                found[f"{there}.layer_norm1.{kind}"] = plain[f"{here}.ln_1.{kind}"]
                found[f"{there}.layer_norm2.{kind}"] = plain[f"{here}.ln_2.{kind}"]
                found[f"{there}.mlp.fc1.{kind}"] = plain[f"{here}.mlp.c_fc.{kind}"]
                found[f"{there}.mlp.fc2.{kind}"] = plain[f"{here}.mlp.c_proj.{kind}"]
    return found


def test_every_weight_gets_its_name_and_the_backbone_is_the_same(plain: dict[str, Tensor], tmp_path: Path) -> None:
    save_file(as_transformers(plain), tmp_path / "model.safetensors")
    torch.save(as_transformers(plain), tmp_path / "pytorch_model.bin")
    save_file(plain, tmp_path / "ours.safetensors")
    read = read_checkpoint(tmp_path / "model.safetensors").tensors
    assert read.keys() == plain.keys() and all(torch.equal(read[name], plain[name]) for name in plain)
    names = ("ours.safetensors", "model.safetensors", "pytorch_model.bin")
    assert len({load_backbone(f"tiny_vit:{tmp_path / name}").identity for name in names}) == 1


def test_the_activation_is_that_of_the_config_beside_the_file(plain: dict[str, Tensor], tmp_path: Path) -> None:
    save_file(as_transformers(plain), tmp_path / "model.safetensors")
    assert not read_checkpoint(tmp_path / "model.safetensors").is_openai
    (tmp_path / "config.json").write_text(json.dumps({"vision_config": {"hidden_act": "quick_gelu"}}))
    assert read_checkpoint(tmp_path / "model.safetensors").is_openai


def test_a_folder_is_told_how_its_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(BackboneError, match=rf"transformers library; .*ViT-B-16:{tmp_path}/model\.safetensors, say$"):
        resolve(f"local-dir:{tmp_path}")
