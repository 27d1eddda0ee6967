"""Loading real backbones: names, files, and what is said when something is missing."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import open_clip
import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import save_file

from methods.clip import loading
from methods.clip.loading import load_backbone
from methods.clip.weights import Source, resolve
from methods.errors import BackboneError
from tests.support.toy import CLASSES

pytestmark = pytest.mark.usefixtures("architectures")


def test_names_of_backbones_say_where_the_weights_come_from(tmp_path: Path) -> None:
    (tmp_path / "clip.pt").write_bytes(b"weights")
    assert resolve("ViT-B-32/laion2b_s34b_b79k") == Source("ViT-B-32", "laion2b_s34b_b79k")
    assert resolve(f"ViT-B-16:{tmp_path}/clip.pt") == Source("ViT-B-16", f"{tmp_path}/clip.pt")
    assert resolve("hf-hub:timm/some-clip") == Source("hf-hub:timm/some-clip")
    assert resolve(f"local-dir:{tmp_path}") == Source(f"local-dir:{tmp_path}")
    assert resolve("RN50/random") == Source("RN50", "random")


def test_quick_gelu_comes_with_the_weights() -> None:
    assert resolve("ViT-B-16/openai").quick_gelu and resolve("RN50/openai").quick_gelu
    assert not resolve("ViT-B-16/laion2b_s34b_b88k").quick_gelu


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ViT-B-32", "names no weights"),
        ("ViT-B-23/openai", "no model 'ViT-B-23'; did you mean one of .*ViT-B-32"),
        ("ViT-B-32/openia", "no weights 'openia' of ViT-B-32: did you mean 'openai'"),
        ("ViT-B-32:/nowhere/clip.pt", r"the file /nowhere/clip\.pt does not exist"),
        ("ViT-B-32:/", "the file / is a folder; name the file of weights in it"),
        ("local-dir:/nowhere", "the folder /nowhere does not exist"),
    ],
)
def test_a_name_that_leads_nowhere_is_one_line(name: str, message: str) -> None:
    with pytest.raises(BackboneError, match=message) as caught:
        load_backbone(name)
    assert "\n" not in str(caught.value)


def test_without_a_network_the_error_says_which_file_and_how(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*arguments: object, **options: object) -> str:
        raise FileNotFoundError("Failed to download file")

    monkeypatch.setattr("open_clip.factory.download_pretrained", offline)
    with pytest.raises(BackboneError, match="promptnoise fetch --backbone=ViT-B-16/openai") as caught:
        load_backbone("ViT-B-16/openai")
    assert "-quickgelu:/path/to/the/file" in str(caught.value)


@pytest.fixture
def unreachable(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose way out is a proxy that refuses or says nothing, with an empty cache of the hub."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"http://127.0.0.1:{server.getsockname()[1]}"
        if request.param == "refuses":
            server.close()
        for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, place)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
        monkeypatch.setattr(loading, "PATIENCE", 0.5)
        huggingface_hub.close_session()  # the next one reads the proxies
        yield
        huggingface_hub.close_session()


@pytest.mark.parametrize("name", ["ViT-B-32/laion2b_s34b_b79k", "hf-hub:owner/of-this-name", "RN50/yfcc15m"])
@pytest.mark.parametrize("unreachable", ["refuses", "says nothing"], indirect=True)
def test_weights_that_no_network_brings_are_asked_for_once(name: str, unreachable: None) -> None:
    began = time.monotonic()
    with pytest.raises(BackboneError, match="could not be fetched; where there is a network") as caught:
        load_backbone(name)
    assert time.monotonic() - began < 10
    assert "\n" not in str(caught.value)


def test_the_hub_is_asked_again_by_the_next_who_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    for answers in (True, False):
        monkeypatch.setattr(loading, "_hub_answers", lambda answers=answers: answers)
        with loading.one_try():
            assert constants.HF_HUB_OFFLINE is not answers
        assert constants.HF_HUB_OFFLINE is False


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ResNet with random weights, saved as open_clip would."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        model = open_clip.create_model("small", pretrained=None)
    path = tmp_path_factory.mktemp("weights") / "clip.safetensors"
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, path)
    return path


def test_a_saved_model_loads_back_with_equal_features(checkpoint: Path) -> None:
    backbone = load_backbone(f"small:{checkpoint}")
    theirs, _, _ = open_clip.create_model_and_transforms("small", pretrained=str(checkpoint))
    theirs.eval()
    pixels = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(backbone.encode_images(pixels), theirs.encode_image(pixels, normalize=True))
    ctx = backbone.words("a photo of a")[None]
    prompts = backbone.encode_prompts(ctx, backbone.layout(CLASSES, 4))[0]
    texts = backbone.encode_text([f"a photo of a {name}." for name in CLASSES])
    torch.testing.assert_close(prompts, texts, atol=1e-5, rtol=1e-4)


def test_a_checkpoint_of_another_architecture_is_refused(checkpoint: Path) -> None:
    with pytest.raises(BackboneError, match="its weights are of another architecture than deeper"):
        load_backbone(f"deeper:{checkpoint}")


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clip.pt"
    torch.save({"state_dict": {"weight": Path("a pickled object")}}, path)
    with pytest.raises(BackboneError, match="cannot be loaded") as caught:
        load_backbone(f"small:{path}")
    assert "\n" not in str(caught.value)


class Bomb:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return open, (str(self.mark), "w")


def test_a_checkpoint_that_would_run_code_is_refused_and_not_run(tmp_path: Path) -> None:
    for ending in ("pt", "bin", "pth"):
        path = tmp_path / f"clip.{ending}"
        torch.save({"state_dict": {"weight": Bomb(tmp_path / "ran")}}, path)
        with pytest.raises(BackboneError, match="cannot be loaded"):
            load_backbone(f"small:{path}")
    assert not (tmp_path / "ran").exists()


class Archive(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no weights", "it is not a file of tensors alone"),
        (b"", "is empty; download it again"),
        ({"epoch": 3, "weights": Path("x")}, "it is not a file of tensors alone"),
        ([torch.zeros(1)], "cannot be loaded"),
        ({"visual.x": torch.zeros(1)}, "its weights are of another architecture than small"),
        (Archive(), "there are no tensors of weights in it"),
    ],
    ids=["noise", "empty", "objects", "list", "other names", "TorchScript"],
)
def test_a_file_that_holds_no_weights_is_one_line_with_what_would_be_right(
    content: object, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "clip.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, Archive):
        torch.jit.script(content).save(str(path))
    else:
        torch.save(content, path)
    with pytest.raises(BackboneError, match=message) as caught:
        load_backbone(f"small:{path}")
    assert len(str(caught.value).splitlines()) == 1
    assert "weights_only" not in str(caught.value)
    assert "\033" not in str(caught.value)


def test_random_weights_are_the_same_every_time() -> None:
    assert load_backbone("small/random").identity == load_backbone("small/random").identity


def test_a_tower_that_takes_no_prompts_is_refused_with_a_reason() -> None:
    with pytest.raises(BackboneError, match="CoCa"):
        load_backbone("coca_small/random")
