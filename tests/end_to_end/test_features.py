"""Commands on files of features, from the command line to the tables."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.__main__ import main
from benchmark.plan import method_catalog
from tests.support import encoded
from tests.support.code_blocks import code_blocks, commands
from tests.support.shared import SHARED, needs_shared

ROOT = Path(__file__).parents[2]


def _records(out: Path) -> dict[str, dict[str, object]]:
    found = [json.loads(path.read_text()) for path in out.glob("runs/*/*.json")]
    return {f"{record['run']['method']} {record['run']['rate']}": record for record in found}


def test_bench_trains_what_can_and_says_what_cannot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = f"features:{encoded.write(tmp_path / 'made.npz', train_features=5 * encoded.arrays()['train_features'])}"
    methods = "--methods=zero_shot,ce,clap,class_means,knn,tip_adapter,coop"
    options = [f"--datasets={spec}", methods, "--noise=0,0.5", "--shots=4", "--seeds=1", "--epochs=2"]
    assert main(["bench", *options, f"--out={tmp_path / 'out'}"]) == 0
    told = capsys.readouterr().out
    assert "left out: coop on made: they prompt the text tower, and the file has its outputs only" in told
    assert told.count("made: features are not all of unit length; they are normalised when read") == 1
    records = _records(tmp_path / "out")
    assert len(records) == 11 and all(record["status"] == "ok" for record in records.values())
    assert str(records["linear_probe 0.0"]["run"]["backbone"]).startswith("features@")  # type: ignore[index]
    assert records["class_means 0.0"]["accuracy"] > 80  # type: ignore[operator]
    for table in [*(tmp_path / "out").glob("*.md"), *(tmp_path / "out").glob("*.tex")]:
        assert str(tmp_path) not in table.read_text(), f"{table.name} tells where the file lies"


def test_bench_without_texts_has_no_zero_shot_accuracy(tmp_path: Path) -> None:
    spec = f"features:{encoded.write(tmp_path / 'made.npz', text_features_raw=None)}"
    options = [f"--datasets={spec}", "--methods=class_means,wann,ce[init=random]", "--noise=0.5", "--shots=4"]
    assert main(["bench", *options, "--seeds=1", "--epochs=2", f"--out={tmp_path / 'out'}"]) == 0
    assert {record["zero_shot_accuracy"] for record in _records(tmp_path / "out").values()} == {None}


def test_methods_of_which_none_can_train_are_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = f"features:{encoded.write(tmp_path / 'made.npz')}"
    assert main(["bench", f"--datasets={spec}", "--methods=coop", f"--out={tmp_path / 'out'}"]) == 2
    assert "coop on made: they prompt the text tower" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_labels_out_of_range_are_an_error_before_anything_is_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = encoded.write(tmp_path / "made.npz", train_labels=np.full(18, 7))
    assert main(["bench", f"--datasets=features:{path}", "--methods=ce", f"--out={tmp_path / 'out'}"]) == 2
    assert "train_labels[0] is 7, out of range 0 ... 2" in capsys.readouterr().err


@needs_shared
def test_real_features_give_the_accuracies_that_their_source_names(tmp_path: Path) -> None:
    specs = [f"features:{SHARED}/data/real_clip/{name}.npz" for name in ("pets19", "caltech32")]
    assert main(["bench", f"--datasets={','.join(specs)}", "--methods=zero_shot", f"--out={tmp_path / 'out'}"]) == 0
    found = [json.loads(path.read_text())["accuracy"] for path in (tmp_path / "out").glob("runs/*/*.json")]
    assert sorted(round(accuracy, 1) for accuracy in found) == [91.7, 91.7, 91.7, 96.1, 96.1, 96.1]


FEATURE_METHODS = [name for name, info in method_catalog.methods().items() if info.needs({}) in ("features", "texts")]


@pytest.mark.parametrize("crop", ["views", "none"])
def test_a_data_set_and_the_file_made_of_it_give_the_same_accuracies(tmp_path: Path, crop: str) -> None:
    made = tmp_path / "digits.npz"
    assert main(["features", "digits", f"--to={made}", f"--views={2 if crop == 'views' else 0}", "--seed=3"]) == 0
    methods = f"--methods={','.join(FEATURE_METHODS)}"
    recipe = "--recipe=auto" if crop == "views" else "--recipe=embedded[crop=none]"
    grid = [methods, "--noise=0.5", "--shots=4", "--seeds=3", "--epochs=2", recipe]
    found = []
    for spec in ("digits", f"features:{made}"):
        out = tmp_path / spec.partition(":")[0]
        assert main(["bench", f"--datasets={spec}", *grid, f"--out={out}"]) == 0
        found.append({name: record["accuracy"] for name, record in _records(out).items()})
    assert found[0].keys() == found[1].keys() and len(found[0]) >= 11
    assert {name: value for name, value in found[0].items() if abs(value - found[1][name]) > 0.05} == {}  # type: ignore[operator]


def test_a_file_is_replaced_if_it_is_ours_and_kept_if_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ours, other = tmp_path / "ours.npz", encoded.write(tmp_path / "other.npz")
    for _ in range(2):
        assert main(["features", "digits", f"--to={ours}", "--half"]) == 0
    assert "it has no random crops, so training differs" in capsys.readouterr().out
    assert main(["features", "digits", f"--to={ours}", "--recipe=embedded[crop=none]"]) == 0
    assert "no random crops" not in capsys.readouterr().out, "nor has training on the pictures"
    before = other.read_bytes()
    assert main(["features", "digits", f"--to={other}"]) == 2
    assert "kept" in capsys.readouterr().err and other.read_bytes() == before


def test_a_folder_is_encoded_with_its_files_in_several_templates_without_what_cannot_be_read(tmp_path: Path) -> None:
    from PIL import Image

    draw = np.random.default_rng(0)
    for number in range(12):
        part, name = ("train" if number < 8 else "test"), ("cat", "dog")[number % 2]
        (tmp_path / "pets" / part / name).mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray(draw.integers(0, 255, (40, 40, 3), dtype=np.uint8))
        picture.save(tmp_path / "pets" / part / name / f"{number}.png")
    (tmp_path / "pets" / "train" / "cat" / "0.png").write_bytes(b"no picture")
    made = tmp_path / "pets.npz"
    options = ["--templates=a photo of a {}.|a drawing of a {}.", "--skip_bad_images"]
    assert main(["features", f"folder:{tmp_path / 'pets'}", f"--to={made}", *options]) == 0
    with np.load(made) as arrays:
        assert arrays["train_files"].tolist() == [f"train/cat/{n}.png" for n in (2, 4, 6)] + [
            f"train/dog/{n}.png" for n in (1, 3, 5, 7)
        ]
        assert arrays["train_labels"].tolist() == [0, 0, 0, 1, 1, 1, 1] and arrays["test_labels"].tolist() == [
            0,
            0,
            1,
            1,
        ]
        assert arrays["text_features_raw"].shape[:2] == (2, 2) and arrays["backbone"] == "embedded"
    options = ["--methods=ce,class_means", "--noise=0", "--shots=3", "--seeds=1", "--epochs=1"]
    assert main(["bench", f"--datasets=features:{made}", *options, f"--out={tmp_path / 'out'}"]) == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--to=x.csv"], "should end in .npz"),
        (["--to=x.npz", "--views=-1"], "views is -1"),
        (["--to=x.npz", "--templates=a {}|b"], "template 'b' must hold {} once"),
        (["--to=x.npz", "--templates=a {0} {}"], "and no other brace"),
        (["--to=x.npz", "--backbone=nothing"], "backbone 'nothing'"),
    ],
)  # fmt: skip
def test_what_features_cannot_do_is_one_line(
    capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    assert main(["features", "digits", *options]) == 2
    assert words in capsys.readouterr().err


def test_a_clip_encoded_by_hand_gives_the_same_file_and_a_pair_of_its_arrays_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    blocks = code_blocks(ROOT / "docs" / "features.md")
    for block in blocks:
        if block.language == "python" and not block.mark:
            exec(compile(block.text, str(block), "exec"), names)
    assert main(["features", "digits", "--to=ours.npz"]) == 0
    with np.load("by_hand.npz") as theirs, np.load("ours.npz") as ours:
        for name in theirs.files:
            if theirs[name].dtype.kind == "f":
                np.testing.assert_allclose(theirs[name], ours[name], rtol=1e-4, atol=1e-5, err_msg=name)
            else:
                np.testing.assert_array_equal(theirs[name], ours[name], err_msg=name)
    ((command,),) = [commands(block) for block in blocks if block.mark == "run by" and block.language == "bash"]
    assert main([*command[1:], "--seeds=1", "--epochs=1"]) == 0


def test_an_audit_ranks_rows_and_names_their_files(tmp_path: Path) -> None:
    made = encoded.arrays(shots=12, spread=0.1)
    wrong = made["train_labels"].copy()
    wrong[[0, 13, 30]] = (wrong[[0, 13, 30]] + 1) % 3
    files = np.array([f"{number}.jpg" for number in range(36)])
    path = encoded.write(tmp_path / "made.npz", **(made | {"train_labels": wrong, "train_files": files}))
    assert main(["audit", f"features:{path}", f"--out={tmp_path / 'audit'}"]) == 0
    first = pd.read_csv(tmp_path / "audit" / "labels.csv")["file"][:3]
    assert set(first) == {"0.jpg", "13.jpg", "30.jpg"}
    assert "0.jpg" in (tmp_path / "audit" / "audit.html").read_text()


def test_detectors_are_measured_on_rows(tmp_path: Path) -> None:
    path = encoded.write(tmp_path / "made.npz", **encoded.arrays(shots=12))
    options = [f"--datasets=features:{path}", "--detectors=means,zero_shot", "--noise=0.25", "--noise_type=symmetric"]
    assert main(["detect", *options, "--seeds=1", f"--out={tmp_path / 'out'}"]) == 0
    board = pd.read_csv(tmp_path / "out" / "detectors.csv")
    assert board["auroc"].min() > 80


def test_detectors_that_go_by_the_texts_are_left_out_where_a_file_has_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = f"features:{encoded.write(tmp_path / 'bare.npz', **encoded.arrays(shots=12) | {'text_features_raw': None})}"
    options = [f"--datasets={spec}", "--noise=0.25", "--noise_type=symmetric", "--seeds=1", f"--out={tmp_path / 'out'}"]
    assert main(["detect", *options, "--detectors=lemon,means,zero_shot"]) == 0
    assert f"left out: lemon, zero_shot on {spec}: they use the class names' text" in capsys.readouterr().out
    assert set(pd.read_csv(tmp_path / "out" / "detectors.csv")["detector"]) == {"means"}
    assert main(["detect", *options, "--detectors=deft,clipcleaner"]) == 2
    assert main(["audit", spec, "--detector=lemon,joint", f"--out={tmp_path / 'audit'}"]) == 2
    assert capsys.readouterr().err.endswith("and the file has none\n")


def test_a_classifier_is_chosen_on_rows_and_predicts_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = encoded.write(tmp_path / "made.npz", **encoded.arrays(shots=12))
    options = ["--methods=zero_shot,ce,coop", "--seeds=1", "--recipe=coop[epochs=2]", f"--out={tmp_path / 'choice'}"]
    assert main(["choose", f"features:{path}", *options]) == 0
    told = capsys.readouterr().out
    assert "left out: coop, em_means (but not em_means[teacher=names]) on made" in told
    assert "the default is em_means[teacher=names] instead of em_means" in told
    table = tmp_path / "table.csv"
    assert main(["predict", f"features:{path}", f"--with={tmp_path / 'choice'}", f"--out={table}"]) == 0
    found = pd.read_csv(table)
    assert len(found) == 36 and found["file"][0] == "row 0 of test"
    assert (found["predicted"] == [f"class {label}" for label in encoded.arrays(shots=12)["test_labels"]]).mean() > 0.8


def test_rates_are_tuned_on_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = encoded.write(tmp_path / "made.npz", **encoded.arrays(shots=12))
    options = ["--methods=ce,coop", "--lr=0.001,0.01", "--noise=0.25", "--shots=8", "--seeds=1", "--epochs=2"]
    assert main(["tune", f"--datasets=features:{path}", *options, f"--out={tmp_path / 'out'}"]) == 0
    assert (tmp_path / "out" / "tuning.csv").is_file()
    assert "left out: coop on made: they prompt the text tower" in capsys.readouterr().out
