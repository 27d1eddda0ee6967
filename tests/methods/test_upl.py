"""UPL's pseudo-labels, from one backbone or from several."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from open_clip.model import CLIP
from safetensors.torch import save_file
from torch.nn.functional import normalize

from benchmark.__main__ import main
from benchmark.plan.method_spec import parse_method
from datamodules.datamodule import NoisyFewShot
from datamodules.run_spec import RunSpec
from methods import upl
from tests.support import toy

MODEL = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 24, "patch_size": 8, "width": 16, "layers": 1, "head_width": 8},
    "text_cfg": {"context_length": 32, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}
Folder = Callable[[str], Path]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Saves a small random CLIP, of other sizes and another logit scale than the toy one, as open_clip does."""

    def save(name: str) -> Path:
        place = tmp_path_factory.mktemp(name)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(len(name))
            model = CLIP(16, open_clip.CLIPVisionCfg(**MODEL["vision_cfg"]), open_clip.CLIPTextCfg(**MODEL["text_cfg"]))
            torch.nn.init.constant_(model.logit_scale, np.log(100.0))
        save_file(
            {key: value.contiguous() for key, value in model.state_dict().items()},
            place / "open_clip_model.safetensors",
        )
        preprocess = {"size": 24, "mean": [0.4] * 3, "std": [0.3] * 3, "interpolation": "bicubic"}
        config = {"model_cfg": MODEL, "preprocess_cfg": preprocess}
        (place / "open_clip_config.json").write_text(json.dumps(config))
        return place

    return save


def labelled(**options: object) -> tuple[list[int], list[int]]:
    """The images that a run trains on, and their pseudo-labels."""
    data: NoisyFewShot = toy.data_for([RunSpec(0, 2, paradigm="ul")], 1)
    toy.fit([upl.Method(toy.task([0], 1), k=4, **options)], data, 1)
    return data.sets[0].images.tolist(), data.sets[0].labels.tolist()


def probabilities(name: str | Path) -> np.ndarray:
    """One model's zero-shot probabilities of the toy pictures, one picture and one name at a time."""
    dataset = toy.toy_dataset()
    if isinstance(name, Path):
        model, transform = open_clip.create_model_from_pretrained(f"local-dir:{name}")
        tokenizer = open_clip.get_tokenizer(f"local-dir:{name}")
    else:
        backbone = toy.tiny_clip()
        model, transform, tokenizer = backbone.model, backbone.preprocess, backbone.tokenizer
    model.eval()
    rows = []
    with torch.no_grad():
        texts = [normalize(model.encode_text(tokenizer([f"a photo of a {c}."]))[0], dim=0) for c in dataset.classes]
        for i in range(len(dataset.train.labels)):
            image = normalize(model.encode_image(transform(dataset.train.images[i])[None])[0], dim=0)
            powers = [float(torch.exp(model.logit_scale.exp() * image @ text)) for text in texts]
            rows.append([power / sum(powers) for power in powers])
    return np.array(rows)


def test_a_teacher_that_is_the_run_s_own_backbone_changes_nothing() -> None:
    assert labelled(teachers=("tiny",)) == labelled()


@pytest.mark.parametrize("count", [1, 2])
def test_labels_come_from_the_mean_of_all_backbones_probabilities(folder: Folder, count: int) -> None:
    places = [folder("a"), folder("other")][:count]
    mean = sum(map(probabilities, ["own", *places])) / (count + 1)
    expected = []
    for c in range(len(toy.CLASSES)):
        mine = [i for i in range(len(mean)) if mean[i].argmax() == c]
        expected += [(i, c) for i in sorted(mine, key=lambda i: -mean[i, c])[:4]]
    found = labelled(teachers=tuple(f"local-dir:{place}" for place in places))
    assert list(zip(*found, strict=True)) == expected
    assert found != labelled()


def test_teachers_are_a_set_of_backbone_names() -> None:
    one, other = "ViT-B-32/random", "local-dir:/some/place"
    info, values = parse_method(f"upl[teachers={one} + {other}+{one},k=2]")
    assert values == {"teachers": tuple(sorted((one, other))), "k": 2}
    assert info.canonical(values) == f"upl[k=2,teachers={one}+{other}]"
    assert parse_method(info.canonical(values)) == (info, values)
    assert info.teachers(values) == values["teachers"] and info.teachers({}) == ()


BENCH = ["bench", "--datasets=digits", "--seeds=1", "--shots=2", "--epochs=1"]


@pytest.mark.parametrize("devices", ["cpu", "cpu:2"])
@pytest.mark.parametrize(
    ("teachers", "message"),
    [
        ("local-dir:/nowhere", "backbone 'local-dir:/nowhere': the folder /nowhere does not exist"),
        ("embedded+ViT-B-23/random", "open_clip has no model 'ViT-B-23'; did you mean one of ViT-B-32"),
        ("embedded++embedded", "teachers=embedded++embedded should be names joined by +"),
    ],
)
def test_an_unknown_teacher_is_one_line_before_anything_is_trained(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, teachers: str, message: str, devices: str
) -> None:
    out = tmp_path / "out"
    code = main([*BENCH, f"--methods=coop,upl[teachers={teachers}]", f"--out={out}", f"--devices={devices}"])
    assert code == 2 and not out.exists()
    assert message in capsys.readouterr().err.strip().splitlines()[-1]


@pytest.mark.parametrize("devices", ["cpu", "cpu:2"])
def test_a_benchmark_with_teachers_records_them_in_the_method_s_name(
    folder: Folder, tmp_path: Path, devices: str
) -> None:
    method = f"upl[teachers=local-dir:{folder('third')}]"
    options = [f"--methods={method},upl", f"--out={tmp_path}", f"--devices={devices}", "--pack=1"]
    assert main([*BENCH, *options]) == 0
    records = [json.loads(path.read_text()) for path in (tmp_path / "runs").glob("*/*.json")]
    curves = {record["run"]["method"]: record["curves"]["pseudo_label_accuracy"][0] for record in records}
    assert set(curves) == {method, "upl"} and curves[method] != curves["upl"]


def test_the_list_shows_the_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    assert "teachers=" in "".join(capsys.readouterr().out.split())
