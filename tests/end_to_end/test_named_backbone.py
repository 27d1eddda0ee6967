"""A backbone in a folder of its own: it has a name where its path would say too much, and is found where it lies."""

from __future__ import annotations

import csv
import json
import runpy
import shutil
from pathlib import Path

import pytest
from PIL import Image

from benchmark.__main__ import main
from methods.clip.names import split_name
from methods.clip.weights import HERE, open_clip_arguments, resolve
from methods.errors import BackboneError


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a backbone called `mine` with all that `report` writes, and an exported classifier."""
    root = tmp_path_factory.mktemp("named")
    shutil.copytree(HERE / "embedded", root / "a_private_place")
    words = ["--datasets=digits", "--methods=coop,zero_shot", "--noise=0.5", "--seeds=1", "--shots=2", "--epochs=1"]
    where = [f"--backbone=local-dir:{root / 'a_private_place'}[name=mine]", f"--cache={root / 'cache'}"]
    assert main(["bench", *words, *where, f"--out={root / 'out'}"]) == 0
    assert main(["report", f"--out={root / 'out'}"]) == 0
    (run,) = (path.stem for path in (root / "out" / "runs" / "digits").glob("*.safetensors"))
    assert main(["export", run, f"--to={root / 'prompt'}", f"--out={root / 'out'}", "--words=false"]) == 0
    (root / "pictures").mkdir()
    Image.new("L", (40, 30), 90).save(root / "pictures" / "a.png")
    return root


def test_tables_pictures_and_exports_have_the_name_and_no_path(place: Path) -> None:
    known = ("runs", "campaigns", "locks", "failed")  # what has to find the model again
    written = [
        path for path in place.joinpath("out").rglob("*") if path.relative_to(place / "out").parts[0] not in known
    ]
    written = [path for path in [*written, *place.joinpath("prompt").rglob("*")] if path.is_file()]
    assert {".csv", ".md", ".svg", ".json", ".html", ".py"} <= {path.suffix for path in written}
    assert [path.name for path in written if b"a_private_place" in path.read_bytes()] == []
    board = list(csv.DictReader((place / "out" / "leaderboard.csv").read_text().splitlines()))
    assert {row["backbone"] for row in board} == {"local-dir:mine"}
    assert "symmetric noise, mine, 2 shots" in (place / "out" / "leaderboard.md").read_text()


def test_an_exported_classifier_asks_where_its_model_is_and_takes_no_other(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def predict(*words: str) -> tuple[int, str]:
        code = main(
            ["predict", str(place / "pictures"), f"--with={place / 'prompt'}", f"--out={tmp_path / 'p.csv'}", *words]
        )
        return code, capsys.readouterr().err.strip()

    assert predict() == (
        2, "promptnoise: the classifier is for the model 'mine'; say where it is: --backbone=local-dir:/folder"
    )  # fmt: skip
    code, said = predict("--backbone=embedded-vit")
    assert code == 2 and "has other weights than the model that" in said
    assert predict("--backbone=embedded")[0] == 0, "it is the same model"
    assert predict(f"--backbone=local-dir:{place / 'a_private_place'}")[0] == 0
    (row,) = csv.DictReader((tmp_path / "p.csv").read_text().splitlines())
    main_of = runpy.run_path(str(place / "prompt" / "classify.py"))["main"]
    assert main_of([str(place / "pictures" / "a.png")]) == 2
    assert "say with --model=PLACE where it is" in capsys.readouterr().err
    assert main_of([f"--model={place / 'a_private_place'}", str(place / "pictures" / "a.png")]) == 0
    assert capsys.readouterr().out.split("\t")[1] == row["predicted"]
    shutil.copytree(place / "prompt", tmp_path / "prompt")
    shutil.copytree(place / "a_private_place", tmp_path / "prompt" / "mine")
    assert runpy.run_path(str(tmp_path / "prompt" / "classify.py"))["main"]([str(place / "pictures" / "a.png")]) == 0


def test_a_name_is_for_folders_and_files(tmp_path: Path) -> None:
    (tmp_path / "w.pt").write_bytes(b"weights")
    assert split_name(f"local-dir:{tmp_path}[name=a b]") == (f"local-dir:{tmp_path}", "a b")
    assert resolve(f"ViT-B-32:{tmp_path / 'w.pt'}[name=x]").weights == str(tmp_path / "w.pt")
    assert open_clip_arguments(f"ViT-B-32:{tmp_path / 'w.pt'}[name=x]") == {"model_name": "ViT-B-32", "file": "x"}
    assert open_clip_arguments(f"ViT-B-32:{tmp_path / 'w.pt'}") == {"model_name": "ViT-B-32", "file": "w.pt"}
    assert open_clip_arguments(f"local-dir:{tmp_path}") == {"model_name": f"local-dir:{tmp_path.name}"}
    assert str(HERE) not in json.dumps(open_clip_arguments("embedded-vit"))
    for name, why in (("RN50/openai[name=x]", "only local-dir:/path and NAME:/file"), ("local-dir:/x[nmae=x]", "nmae")):
        with pytest.raises(BackboneError, match=why):
            split_name(name)
