"""Files of weights as people have them give the backbone that they are of; nothing in them is run."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from methods.clip.checkpoint import load_into, read_checkpoint
from methods.clip.loading import load_backbone
from methods.errors import BackboneError

pytestmark = pytest.mark.usefixtures("architectures")
THREE = {"input_resolution": 224, "context_length": 77, "vocab_size": 49408}


@pytest.fixture(scope="module")
def plain(architectures: None) -> dict[str, Tensor]:
    torch.manual_seed(3)
    return open_clip.create_model("small").state_dict()


def as_tensors(values: dict[str, int]) -> dict[str, Tensor]:
    return {name: torch.tensor(value) for name, value in values.items()}


def safetensors(state: Any, path: Path) -> None:
    save_file({name: value.contiguous() for name, value in state.items()}, path)


class Whole(torch.nn.Module):
    """Holds tensors by dotted names, as an archive of a model does."""

    def __init__(self, state: dict[str, Tensor]) -> None:
        super().__init__()
        for name, value in state.items():
            *before, last = name.split(".")
            here: torch.nn.Module = self
            for part in before:
                if not hasattr(here, part):
                    here.add_module(part, torch.nn.Module())
                here = getattr(here, part)
            here.register_parameter(last, torch.nn.Parameter(value, requires_grad=False))
        self.input_resolution, self.context_length, self.vocab_size = THREE.values()

    def forward(self, x: Tensor) -> Tensor:
        return x


def torchscript(state: Any, path: Path) -> None:
    torch.jit.script(Whole(state)).save(str(path))


WAYS: dict[str, tuple[str, Callable[[dict[str, Tensor], Path], None], bool]] = {
    "safetensors": ("x.safetensors", safetensors, False),
    "torch.save": ("x.pt", torch.save, False),
    "OpenAI's three integers": ("x.safetensors", lambda s, p: safetensors({**s, **as_tensors(THREE)}, p), True),
    "state_dict": ("x.pt", lambda s, p: torch.save({"epoch": 3, "state_dict": s, "optimizer": {}}, p), False),
    "model": ("x.pth", lambda s, p: torch.save({"model": s}, p), False),
    "module.": ("x.pt", lambda s, p: torch.save({f"module.{name}": own for name, own in s.items()}, p), False),
    "module.model.": ("x.bin", lambda s, p: torch.save({f"module.model.{n}": own for n, own in s.items()}, p), False),
    "TorchScript": ("x.pt", torchscript, True),
}


@pytest.mark.parametrize("way", WAYS)
def test_whatever_is_around_the_tensors_is_taken_off(way: str, plain: dict[str, Tensor], tmp_path: Path) -> None:
    file, write, is_openai = WAYS[way]
    write(plain, tmp_path / file)
    read = read_checkpoint(tmp_path / file)
    assert read.is_openai == is_openai
    assert read.tensors.keys() == plain.keys()
    assert all(torch.equal(own.cpu(), plain[name]) for name, own in read.tensors.items())


def test_half_precision_is_loaded_as_the_model_computes(plain: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save({name: own.half() if own.is_floating_point() else own for name, own in plain.items()}, tmp_path / "x.pt")
    backbone = load_backbone(f"small:{tmp_path / 'x.pt'}")
    assert all(own.dtype == torch.float32 for own in backbone.state_dict().values() if own.is_floating_point())


def test_weights_of_openai_get_quick_gelu_as_their_tag_has(plain: dict[str, Tensor], tmp_path: Path) -> None:
    torchscript(plain, tmp_path / "openai.pt")
    safetensors(plain, tmp_path / "ours.safetensors")
    ids = [load_backbone(f"small:{tmp_path / name}").identity for name in ("openai.pt", "ours.safetensors")]
    assert ids[0] != ids[1]
    safetensors({**plain, **as_tensors(THREE)}, tmp_path / "saved.safetensors")
    assert load_backbone(f"small:{tmp_path / 'saved.safetensors'}").identity == ids[0]


def test_a_mask_that_an_archive_keeps_is_made_anew_by_the_model(plain: dict[str, Tensor], tmp_path: Path) -> None:
    torchscript({**plain, "attn_mask": torch.zeros(7, 7)}, tmp_path / "scripted.pt")
    assert read_checkpoint(tmp_path / "scripted.pt").tensors.keys() == plain.keys()


def test_names_of_the_transformers_library_are_one_line(tmp_path: Path) -> None:
    safetensors({"text_model.encoder.layers.0.mlp.fc1.weight": torch.zeros(2)}, tmp_path / "x.safetensors")
    with pytest.raises(BackboneError, match=r"names are those of the transformers library; .*features:"):
        read_checkpoint(tmp_path / "x.safetensors")


class Bomb:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return open, (str(self.mark), "w")


def test_an_archive_that_would_run_code_is_refused_and_not_run(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.pt", "w") as archive:
        archive.writestr("x/constants.pkl", b"")
        archive.writestr("x/data.pkl", pickle.dumps(Bomb(tmp_path / "ran")))
    with pytest.raises(BackboneError, match=r"cannot be loaded: .*it names (io|_io)\.open, which no file of weights"):
        load_backbone(f"small:{tmp_path / 'x.pt'}")
    assert not (tmp_path / "ran").exists()


def test_a_bias_that_the_weights_lack_is_zero_as_open_clip_has_it(plain: dict[str, Tensor]) -> None:
    model = open_clip.create_model("small", init_logit_bias=-10.0)
    load_into(model, plain)
    assert model.logit_bias is not None and model.logit_bias.item() == 0
    assert torch.equal(model.logit_scale, plain["logit_scale"])


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def older(state: Any, path: Path) -> None:
    torch.save(state, path, _use_new_zipfile_serialization=False)


@pytest.mark.parametrize(
    ("save", "name"), [(safetensors, "w.safetensors"), (torch.save, "w.pt"), (older, "w.pth"), (torchscript, "w.pt")]
)
def test_a_file_cut_short_is_told_in_our_words(
    plain: dict[str, Tensor], save: Callable[[Any, Path], None], name: str, tmp_path: Path
) -> None:
    save(plain, tmp_path / name)
    cut(tmp_path / name)
    with pytest.raises(BackboneError, match=r"cannot be loaded: its file is cut short or damaged; copy or download it"):
        load_backbone(f"small:{tmp_path / name}")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty; download it again"),
        (b"<!DOCTYPE html><html>Sign in</html>", "holds no weights: it is a web page or XML, .*; download it again"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n",
            "and `git lfs pull` gets the file$",
        ),
    ],
)
def test_what_a_failed_download_leaves_is_told(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "w.pt").write_bytes(content)
    with pytest.raises(BackboneError, match=said):
        load_backbone(f"small:{tmp_path / 'w.pt'}")


@pytest.mark.parametrize("prefix", ["clip.", "clip_model.", "student.backbone.", "ema_model.module."])
def test_whatever_stands_before_all_names_is_taken_off(prefix: str, plain: dict[str, Tensor], tmp_path: Path) -> None:
    beside = {"head.weight": torch.zeros(2, 2)}
    torch.save({"state_dict_ema": {prefix + name: value for name, value in plain.items()} | beside}, tmp_path / "w.pt")
    assert read_checkpoint(tmp_path / "w.pt").tensors.keys() == plain.keys()


def test_weights_that_are_not_numbers_or_of_another_width_are_refused(plain: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save({name: value * float("nan") for name, value in plain.items()}, tmp_path / "nan.pt")
    with pytest.raises(BackboneError, match="its weights are not all finite"):
        load_backbone(f"small:{tmp_path / 'nan.pt'}")
    positions = plain["positional_embedding"]
    torch.save(plain | {"positional_embedding": torch.cat([positions, positions], 1)}, tmp_path / "wide.pt")
    with pytest.raises(BackboneError, match="are of another architecture than small"):
        load_backbone(f"small:{tmp_path / 'wide.pt'}")


@pytest.mark.parametrize("smoothed", ["state_dict_ema", "model_ema", "ema_state_dict"])
def test_smoothed_weights_go_before_others_and_are_told(
    smoothed: str, plain: dict[str, Tensor], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = {name: value + 1 for name, value in plain.items()}
    torch.save({"state_dict": other, smoothed: {f"module.{n}": v for n, v in plain.items()}}, tmp_path / "w.pt")
    found = read_checkpoint(tmp_path / "w.pt").tensors
    assert all(torch.equal(found[name], value) for name, value in plain.items())
    assert f"of its weights the smoothed ones are taken, {smoothed!r}" in caplog.text
    flat = {f"{before}.{n}": v for before, own in (("model", other), ("ema_model", plain)) for n, v in own.items()}
    torch.save({"state_dict": flat}, tmp_path / "flat.pt")
    found = read_checkpoint(tmp_path / "flat.pt").tensors
    assert all(torch.equal(found[name], value) for name, value in plain.items())
    assert "of 2 models in it, 'ema_model.' is taken" in caplog.text


@pytest.mark.parametrize("suffix", ["safetensors", "bin"])
def test_shards_are_read_by_their_index_and_one_of_them_is_told(
    suffix: str, plain: dict[str, Tensor], tmp_path: Path
) -> None:
    names = {False: f"model-00001-of-00002.{suffix}", True: f"model-00002-of-00002.{suffix}"}
    for is_odd, file in names.items():
        part = {name: value for row, (name, value) in enumerate(plain.items()) if row % 2 == is_odd}
        (save_file if suffix == "safetensors" else torch.save)(part, tmp_path / file)
    index = {name: names[bool(row % 2)] for row, name in enumerate(plain)}
    (tmp_path / f"model.{suffix}.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))
    assert read_checkpoint(tmp_path / f"model.{suffix}.index.json").tensors.keys() == plain.keys()
    assert load_backbone(f"small:{tmp_path}/model.{suffix}.index.json").width
    with pytest.raises(BackboneError, match=r"it is one of 2 files; name the \.index\.json beside it"):
        load_backbone(f"small:{tmp_path / names[False]}")


def test_an_adapter_is_told_with_the_command_that_merges_it(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text('{"base_model_name_or_path": "openai/clip-vit-base-patch16"}')
    save_file({"base_model.model.x.lora_A.weight": torch.zeros(2, 2)}, tmp_path / "adapter_model.safetensors")
    for name in (f"local-dir:{tmp_path}", f"small:{tmp_path}/adapter_model.safetensors"):
        with pytest.raises(BackboneError, match=r"it is an adapter \(LoRA\), .*'openai/clip-vit-base-patch16'.*merge_"):
            load_backbone(name)
