"""What is said of names without opening what they stand for."""

from __future__ import annotations

from pathlib import Path

import open_clip
import pytest

from benchmark.errors import BadInput
from benchmark.plan.name_checks import assumed, check_backbone, check_files, unchecked
from datamodules.errors import DataError
from methods.errors import BackboneError
from tests.support.coop_folders import make_split_file


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("embedded-vat", "does not come with the project; write NAME/tag"),
        ("features:/a.npz", "is a data set, which brings its backbone; name it with --datasets"),
        ("hf-hub:laion", "names no repository; write hf-hub:owner/name"),
        ("local-dir:", "names no folder"),
        ("local-dir:/nowhere", "the folder /nowhere does not exist"),
        ("ViT-B-16:/nowhere.pt", "the file /nowhere.pt does not exist"),
        ("ViT-B-16", "names no weights; write NAME/tag"),
    ],
)
def test_a_backbone_that_cannot_be_is_told_with_what_would_do(name: str, line: str) -> None:
    with pytest.raises(BadInput, match=line):
        check_backbone(name)


def test_backbones_that_may_be_pass_unread(tmp_path: Path) -> None:
    file = tmp_path / "weights.pt"
    file.touch()
    for name in ("embedded", "embedded-vit", "hf-hub:a/b", f"local-dir:{tmp_path}", f"ViT-B-16:{file}", "ViT/openai"):
        check_backbone(name)


def test_files_of_a_data_set_are_looked_for_unless_it_is_painted_on_the_spot(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^dtd: "):
        check_files(["digits", "dtd"], tmp_path)
    make_split_file(tmp_path, "dtd")
    check_files(["digits", "dtd"], tmp_path)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("ViT-B-16/opnai", "no weights 'opnai' of ViT-B-16: did you mean 'openai'"),
        ("ViT-B-16-quickgelu/opnai", "did you mean 'openai'"),
        ("ViT-B-16-SigLIP/webl", "did you mean 'webli'"),
    ],
)
def test_a_tag_that_open_clip_does_not_have_is_named_with_the_nearest(name: str, line: str) -> None:
    with pytest.raises(BackboneError, match=line):
        check_backbone(name)


def test_every_tag_of_open_clip_passes() -> None:
    for model, tag in open_clip.list_pretrained():
        check_backbone(f"{model}/{tag}")
        check_backbone(f"{model}/{tag.replace('_', '-')}")


def test_a_plan_says_what_it_assumes_of_folders_and_of_the_hub(tmp_path: Path) -> None:
    for file in ("train/cat/1.png", "train/dog/1.png", "test/cat/1.png", "test/dog/1.png", "test/dog/2.png"):
        (tmp_path / "pets" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pets" / file).touch()
    there, gone = assumed([f"folder:{tmp_path}/pets", f"folder:{tmp_path}/none", "dtd"], tmp_path)
    assert there == f"folder:{tmp_path}/pets; planned with 2 classes, 3 test images"
    assert "none/train is not there" in gone and gone.endswith("; planned with 100 classes, 5000 test images")


def test_what_only_a_run_finds_out_is_named() -> None:
    images = "what is in the images and labels"
    assert unchecked(["embedded"], "cpu:2") == [images]
    assert unchecked(["embedded", "RN50/openai"], "0,1") == [
        "whether open_clip can load RN50/openai",
        "whether there are GPUs 0,1",
        images,
    ]
