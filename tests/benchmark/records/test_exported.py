"""Exported classifiers: what was damaged, swapped or made to run code is refused, by `predict` and by the script."""

from __future__ import annotations

import json
import random
import runpy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save

from benchmark.__main__ import main
from benchmark.errors import BadInput
from benchmark.records import exported
from tests.support.records_factory import change

CLASSES = tuple("0123456789")
FILES = ("prompt.safetensors", "prompt.json", "classify.py", "text_features.safetensors")


def export(folder: Path, seed: int = 0, **more: Any) -> Path:
    weights = np.random.default_rng(seed).normal(size=(10, 8)).astype(np.float32)
    about = {
        "classes": list(CLASSES), "backbone": "embedded", "frozen_image_tower": True, "method": "coop",
        "open_clip": {"model_name": "local-dir:methods/clip/embedded"}, **more,
    }  # fmt: skip
    exported.write(folder, {"class_weights": weights, "logit_scale": np.float32(20)}, about)
    return folder


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(tmp_path_factory.mktemp("good") / "one")


@pytest.fixture
def refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[Path], str]:
    """What `predict` says of a folder, in one line and with exit code 2; the script refuses it, too."""
    (tmp_path / "pictures").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "pictures" / "a.png")

    def check(folder: Path, script: bool = True) -> str:
        words = ["predict", str(tmp_path / "pictures"), f"--with={folder}", f"--out={tmp_path / 'out.csv'}"]
        assert main(words) == 2
        said = capsys.readouterr().err.splitlines()
        assert len(said) == 1 and "holds no classifier that can be read" in said[0], said
        if script:
            assert runpy.run_path(str(folder / "classify.py"))["main"]([str(tmp_path / "pictures" / "a.png")]) == 2
            (line,) = capsys.readouterr().err.splitlines()
            assert "RuntimeError" not in line, "it went on to classify"
        assert not (tmp_path / "out.csv").exists()
        return said[0]

    return check


def test_a_good_folder_is_read_as_it_was_written(good: Path) -> None:
    found = exported.read(good)
    assert (found.classes, found.scale, found.backbone) == (CLASSES, 20.0, "embedded")
    np.testing.assert_array_equal(found.weights, load_file(good / "prompt.safetensors")["class_weights"])
    assert exported.read(good / "prompt.json").about.method == "coop"


def test_the_script_and_the_text_features_may_be_left_out(good: Path, tmp_path: Path) -> None:
    for name in FILES[:2]:
        shutil.copy(good / name, tmp_path)
    assert exported.read(tmp_path).classes == CLASSES


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", ["bit", "letter", "cut"])
def test_ten_of_ten_files_with_a_flipped_bit_another_letter_or_a_lost_end_are_refused(
    good: Path, tmp_path: Path, refused: Callable[..., str], name: str, kind: str
) -> None:
    draw = random.Random(f"{name} {kind}")
    for _ in range(10):
        shutil.copytree(good, tmp_path / "bad", dirs_exist_ok=True)
        content = bytearray((good / name).read_bytes())
        place = draw.randrange(len(content))
        if kind == "bit":
            content[place] ^= 1 << draw.randrange(8)
        elif kind == "letter":
            content[place] = draw.choice([sign for sign in b'aZ0," [' if sign != content[place]])
        else:
            del content[place:]
        (tmp_path / "bad" / name).write_bytes(content)
        refused(tmp_path / "bad", script=name != "classify.py")  # a script cannot answer for itself


def reseal(folder: Path, edit: Callable[[Any], object]) -> None:
    """Edits what a folder says of itself, as somebody would who knows how checksums are made."""
    change(folder / "prompt.json", edit)


FORGED: dict[str, Callable[[Any], object]] = {
    "classes as one text": lambda about: about.update(classes="0123456789"),
    "a class too few": lambda about: about["classes"].pop(),
    "a class twice": lambda about: about.update(classes=["0", "0", *CLASSES[2:]]),
    "numbers as classes": lambda about: about.update(classes=list(range(10))),
    "no class": lambda about: about.update(classes=[]),
    "no checksum of the tensors": lambda about: about.update(files={}),
    "a setting of open_clip": lambda about: about["open_clip"].update(weights_only=False),
    "a place elsewhere": lambda about: about["open_clip"].update(model_name="local-dir:../../elsewhere"),
    "a number for a model": lambda about: about["open_clip"].update(model_name=7),
    "nothing for open_clip": lambda about: about.update(open_clip=None),
}
#: What `predict` may read, since it finds the model by its own name, not by what open_clip calls it.
SCRIPT_ALONE = ("a place elsewhere",)


@pytest.mark.parametrize("name", FORGED)
def test_what_is_of_another_kind_is_refused_with_a_checksum_that_fits(
    good: Path, tmp_path: Path, refused: Callable[..., str], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(good, tmp_path / "bad")
    reseal(tmp_path / "bad", FORGED[name])
    if name in SCRIPT_ALONE:
        assert runpy.run_path(str(tmp_path / "bad" / "classify.py"))["main"](["a.png"]) == 2
        assert "--model=PLACE" in capsys.readouterr().err
    else:
        refused(tmp_path / "bad")


@pytest.mark.parametrize("change", ["nan", "scale", "shape", "reversed classes", "swapped"])
def test_tensors_that_cannot_be_right_are_refused(
    good: Path, tmp_path: Path, refused: Callable[..., str], change: str
) -> None:
    bad = tmp_path / "bad"
    shutil.copytree(good, bad)
    learned = load_file(good / "prompt.safetensors")
    if change == "nan":
        learned["class_weights"][3, 3] = np.nan
    elif change == "scale":
        learned["logit_scale"] = np.array(-20, np.float32)
    elif change == "shape":
        learned["class_weights"] = learned["class_weights"][:, 0]
    if change == "reversed classes":
        text = (bad / "prompt.json").read_text()
        about = json.loads(text)
        (bad / "prompt.json").write_text(json.dumps({**about, "classes": about["classes"][::-1]}, indent=1) + "\n")
        assert "was changed after it was written" in refused(bad)
    elif change == "swapped":
        shutil.copy(export(tmp_path / "other", seed=1) / "prompt.safetensors", bad)
        assert "or is of another classifier" in refused(bad)
    else:
        (bad / "prompt.safetensors").write_bytes(save(learned))
        refused(bad)
        hashed = exported.hashlib.sha256((bad / "prompt.safetensors").read_bytes()).hexdigest()
        shapes = {name: list(values.shape) for name, values in learned.items()}
        reseal(bad, lambda about: (about["files"].update({"prompt.safetensors": hashed}), about.update(tensors=shapes)))
        assert "class weights" in refused(bad)


def test_what_would_be_refused_is_not_written(tmp_path: Path) -> None:
    weights = np.zeros((2, 3), np.float32)
    about = {"classes": ["a", "b"], "backbone": "embedded"}
    for learned, more in (
        ({"class_weights": weights * np.nan, "logit_scale": np.float32(1)}, {}),
        ({"class_weights": weights, "logit_scale": np.float32(0)}, {}),
        ({"class_weights": weights, "logit_scale": np.float32(1)}, {"classes": ["a", "a"]}),
    ):
        with pytest.raises(BadInput):
            exported.write(tmp_path / "out", learned, {**about, **more})
    assert not (tmp_path / "out").exists()


def test_a_folder_of_an_earlier_version_is_refused_with_the_command_that_makes_a_new_one(
    good: Path, tmp_path: Path, refused: Callable[..., str]
) -> None:
    shutil.copytree(good, tmp_path / "old")
    about = json.loads((good / "prompt.json").read_text())
    for name in ("sha256", "files", "schema"):
        del about[name]
    (tmp_path / "old" / "prompt.json").write_text(json.dumps(about, indent=1))
    assert "`promptnoise export RUN` writes it anew" in refused(tmp_path / "old")


@pytest.mark.parametrize("alike", [True, False])
def test_text_features_of_one_length_are_unit_vectors_and_others_keep_their_proportions(alike: bool) -> None:
    weights = np.random.default_rng(1).normal(size=(4, 6)).astype(np.float32)
    if alike:
        weights *= 3 / np.linalg.norm(weights, axis=1, keepdims=True)
    found = exported.text_features({"class_weights": weights, "logit_scale": np.float32(20)})
    np.testing.assert_allclose(np.exp(found["logit_scale"]) * found["text_embeds"], 20 * weights, rtol=1e-5)
    lengths = np.linalg.norm(found["text_embeds"], axis=1)
    np.testing.assert_allclose(lengths if alike else lengths.mean(), 1, atol=1e-5)
