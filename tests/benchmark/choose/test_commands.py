"""`choose` on a folder with wrong labels, `predict` with what it exports, and the script that needs nothing of ours."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save

from benchmark.__main__ import main
from benchmark.choose.regrets import read_table
from datamodules.datasets.digits import CLASSES, load
from tests.support.records_factory import change
from tests.support.zygote import python

PER_CLASS = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three digits in folders of their own; two zeros lie among the ones."""
    root, split = tmp_path_factory.mktemp("digits"), load().train
    for label, name in enumerate(CLASSES[:3]):
        for number, row in enumerate(np.flatnonzero(split.labels == label)[:PER_CLASS].tolist()):
            given = CLASSES[1] if label == 0 and number < 2 else name
            path = root / given / f"{name}{number:02}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            split.images[row].save(path)
    return root


@pytest.fixture(scope="module")
def chosen(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("choice")
    words = ["choose", str(folder), f"--out={out}", "--methods=zero_shot,coop,em_means", "--seeds=1,2"]
    assert main([*words, "--recipe=embedded[epochs=2]", "--devices=cpu"]) == 0
    return out


@pytest.fixture(scope="module")
def predicted(folder: Path, chosen: Path) -> list[dict[str, str]]:
    table = chosen / "predictions.csv"
    words = ["predict", str(folder), f"--with={chosen / 'prompt.safetensors'}", f"--out={table}", "--devices=cpu"]
    assert main(words) == 0
    return list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))


def test_a_folder_ends_with_a_classifier_and_a_card_that_says_how_many_labels_are_wrong(
    chosen: Path, folder: Path
) -> None:
    about = json.loads((chosen / "prompt.json").read_text())
    assert about["classes"] == sorted(CLASSES[:3]) and about["images"] == 3 * PER_CLASS
    assert about["method"] in ("zero_shot", "coop", "em_means") and "accuracy" not in about
    card = (chosen / "card.md").read_text()
    assert f"# {about['method']}, chosen for {folder}" in card
    assert "| zero_shot |" in card and "probably wrong:" in card
    assert not (chosen / "regret.csv").exists(), "nobody knows the true labels of a folder"


def test_every_picture_of_a_folder_gets_its_two_likeliest_classes(
    predicted: list[dict[str, str]], folder: Path
) -> None:
    assert [row["file"] for row in predicted] == sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*.png")
    )
    for row in predicted:
        first, second = float(row["probability"]), float(row["second_probability"])
        assert first >= second and first + second <= 1.0001 and row["predicted"] != row["second"]
    true = ["".join(letter for letter in Path(row["file"]).stem if letter.isalpha()) for row in predicted]
    right = sum(row["predicted"] == name for row, name in zip(predicted, true, strict=True))
    assert right / len(true) > 0.6


def test_the_table_can_go_to_standard_output_and_then_nothing_else_does(
    predicted: list[dict[str, str]], folder: Path, chosen: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(folder), f"--with={chosen}", "--out=-", "--devices=cpu"]) == 0
    printed, said = capfd.readouterr()
    assert printed == (chosen / "predictions.csv").read_text(encoding="utf-8")
    assert f"{len(predicted)} pictures classified" in said and not Path("-").exists()


def test_the_script_beside_a_classifier_says_the_same_without_anything_of_ours(
    predicted: list[dict[str, str]], folder: Path, chosen: Path, tmp_path: Path
) -> None:
    script = chosen / "classify.py"
    text = script.read_text()
    assert len(text.splitlines()) <= 120 and "benchmark" not in text and "methods" not in text
    files = [row["file"] for row in predicted[:4]]
    done = subprocess.run(
        [python(), str(script), *(str(folder / file) for file in files)],
        cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    for row, (file, name, chance) in zip(predicted, lines, strict=False):
        assert (Path(file).name, name) == (Path(row["file"]).name, row["predicted"])
        assert float(chance) == pytest.approx(float(row["probability"]), abs=2e-3)
    assert len(lines) == 4


def test_text_features_classify_as_clip_of_transformers_does(chosen: Path) -> None:
    """Its logits are exp(logit_scale) times image_embeds @ text_embeds.T."""
    ours, theirs = load_file(chosen / "prompt.safetensors"), load_file(chosen / "text_features.safetensors")
    features = np.random.default_rng(0).normal(size=(5, ours["class_weights"].shape[1])).astype(np.float32)
    logits = np.exp(theirs["logit_scale"]) * features @ theirs["text_embeds"].T
    np.testing.assert_allclose(logits, ours["logit_scale"] * features @ ours["class_weights"].T, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(theirs["text_embeds"], axis=1).mean(), 1, atol=1e-3)


def test_with_known_truth_the_regret_is_printed_and_noted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["choose", "digits", "--noise=0.25", "--shots=8", "--methods=coop,gce", "--default=gce", "--seeds=1"]
    assert main([*words, "--recipe=embedded[epochs=1]", f"--out={tmp_path}", "--devices=cpu"]) == 0
    printed = capsys.readouterr().out
    (row,) = read_table(tmp_path / "regret.csv")
    assert (row.dataset, row.noise, row.rate, row.seed, row.default) == ("digits", "symmetric", 0.25, 1, "gce")
    assert row.regret >= 0 and f"regret {row.regret:.1f} points" in printed
    assert row.best_accuracy == pytest.approx(max(row.accuracy, row.best_accuracy))


CHOOSE = [
    (["--methods=vpt"], "vpt changes the image tower"),
    (["--methods=upl"], "upl does not train on given labels alone"),
    (["--methods=copo"], "unknown method 'copo'"),
    (["--default=copo"], "unknown method 'copo'"),
    (["--methods="], "at least one method"),
    (["--hold_out=0"], "hold_out is 0, should be above 0 and below 1"),
    (["--hold_out=1"], "hold_out is 1, should be above 0 and below 1"),
    (["--noise=1.5"], "noise is 1.5"),
    (["--shots=-1"], "shots is -1"),
    (["--seeds=-1"], "seed is -1"),
    (["--recipe=soup"], "unknown recipe 'soup'"),
    (["--noise=0.2"], "cannot be added"),
]


@pytest.mark.parametrize(("words", "message"), CHOOSE, ids=[" ".join(words) for words, _ in CHOOSE])
def test_bad_input_of_choose_is_told_in_one_line(
    words: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    where = str(folder) if words != ["--noise=0.2"] else "food101n"
    code = main(["choose", where, f"--out={tmp_path / 'out'}", *words])
    error = capsys.readouterr().err
    assert code == 2 and len(error.splitlines()) == 1, error
    assert message in error or where == "food101n"
    assert not (tmp_path / "out").exists()


def test_bad_input_of_predict_is_told_in_one_line(
    chosen: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def error(*words: str) -> str:
        assert main(["predict", *words]) == 2
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1, lines
        return lines[0]

    (tmp_path / "empty").mkdir()
    assert "predict needs WITH: promptnoise predict FOLDER WITH" in error(str(folder))
    assert "is not a folder" in error(str(folder / "nowhere"), f"--with={chosen}")
    assert "holds no pictures" in error(str(tmp_path / "empty"), f"--with={chosen}")
    assert "holds no prompt.safetensors" in error(str(folder), f"--with={tmp_path / 'empty'}")
    assert "is a folder; give a file" in error(str(folder), f"--with={chosen}", f"--out={tmp_path}")
    assert "Did you mean --with" in error(str(folder), f"--wiht={chosen}")
    copy = tmp_path / "copy"
    copy.mkdir()
    learned = load_file(chosen / "prompt.safetensors")

    def write(tensors: dict[str, np.ndarray], **changes: object) -> str:
        content = save(tensors)
        (copy / "prompt.safetensors").write_bytes(content)
        hashes = {"prompt.safetensors": hashlib.sha256(content).hexdigest()}
        shapes = {name: list(values.shape) for name, values in tensors.items()}
        shutil.copy(chosen / "prompt.json", copy)
        about = {"tensors": shapes, "files": hashes, **changes}
        change(copy / "prompt.json", lambda record: record.update(about))
        return f"--with={copy}"

    assert "class weights [3, " in error(str(folder), write(learned, classes=["a"]))
    assert "changes the image tower" in error(str(folder), write(learned, frozen_image_tower=False))
    assert "other weights than the model" in error(str(folder), write(learned, hashes={"weights": "v2:0"}))
    narrow = {**learned, "class_weights": np.ascontiguousarray(learned["class_weights"][:, :5])}
    assert "the classifier 5" in error(str(folder), write(narrow))
    (copy / "prompt.safetensors").write_bytes(b"x" * 40)
    assert "no classifier that can be read" in error(str(folder), f"--with={copy}")


def test_a_method_with_weights_of_its_own_is_chosen_and_exported_and_an_earlier_choice_is_said_to_go(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["choose", str(folder), f"--out={tmp_path}", "--methods=ce,ce[init=random]", "--seeds=1", "--devices=cpu"]
    for again in (False, True):
        assert main([*words, "--recipe=embedded[epochs=1]"]) == 0
        assert load_file(tmp_path / "prompt.safetensors")["class_weights"].shape[0] == 3
        assert ("is replaced; --out=FOLDER would have kept it" in capsys.readouterr().out.replace("\n", " ")) == again


def test_a_method_that_cannot_be_exported_is_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["choose", str(folder), f"--out={tmp_path / 'out'}", "--methods=ce,clip_adapter", "--devices=cpu"]
    assert main(words) == 2
    assert "clip_adapter changes image features" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
