"""What names of backbones from other programs mean here."""

from pathlib import Path

import pytest

from benchmark.errors import BadInput
from benchmark.plan.name_checks import check_backbone
from methods.clip.names import meant, models


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("ViT-B/16", "ViT-B-16/openai"), ("ViT-B/32", "ViT-B-32/openai"), ("ViT-L/14@336px", "ViT-L-14-336/openai"),
        ("ViT-B-16", "ViT-B-16/openai"), ("ViT-B/16-quickgelu", "ViT-B-16-quickgelu/openai"), ("RN50", "RN50/openai"),
        ("RN50x4", "RN50x4/openai"), ("openai/clip-vit-base-patch16", "ViT-B-16/openai"),
        ("hf:openai/clip-vit-large-patch14", "ViT-L-14/openai"), ("clip-vit-base-patch32", "ViT-B-32/openai"),
        ("vit-b-16/openai", "ViT-B-16/openai"), ("ViT-B_32/laion2b_s34b_b79k", "ViT-B-32/laion2b_s34b_b79k"),
        ("laion/CLIP-ViT-B-32-laion2B-s34B-b79K", "hf-hub:laion/CLIP-ViT-B-32-laion2B-s34B-b79K"),
        ("EMBEDDED", "embedded"), ("embedded_vit", "embedded-vit"), ("embeded", "embedded"),
    ],
)  # fmt: skip
def test_the_name_that_is_meant_comes_first(written: str, named: str) -> None:
    with pytest.raises(BadInput, match=f"^backbone '{written}': did you mean '{named}'"):
        check_backbone(written)
    if ":" not in named and not named.startswith("embedded"):
        assert named.partition("/")[0] in models()


def test_openai_weights_of_the_hub_are_named_as_open_clip_has_them() -> None:
    with pytest.raises(BadInput, match=r"of the transformers library; write ViT-B-16/openai$"):
        check_backbone("hf-hub:openai/clip-vit-base-patch16")


def test_a_bare_path_is_told_how_a_folder_or_file_is_written(tmp_path: Path) -> None:
    file = tmp_path / "clip.pt"
    file.write_bytes(b"")
    assert meant(str(tmp_path)) == f"local-dir:{tmp_path}" and meant(str(file)) == f"NAME:{file}"


@pytest.mark.parametrize("name", ["ViT-B-16/openai", "RN50/yfcc15m", "embedded-vit", "hf-hub:timm/ViT-B-16-SigLIP"])
def test_names_of_backbones_pass(name: str) -> None:
    check_backbone(name)
