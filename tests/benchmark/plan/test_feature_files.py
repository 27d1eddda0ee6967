"""Which runs a data set of features admits, known without torch."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.plan import groups, method_catalog, suites
from benchmark.plan.feature_files import notes
from benchmark.plan.grid import Grid
from benchmark.plan.name_checks import check_backbone
from benchmark.plan.options import Options
from tests.support import encoded

GRID = Grid(["zero_shot"], ["digits"], [0.0], ["symmetric"], [1], [4], ["embedded"])


def test_a_file_brings_its_backbone_whatever_is_asked_for_the_other_data_sets(tmp_path: Path) -> None:
    spec = f"features:{encoded.write(tmp_path / 'made.npz')}"
    runs = replace(GRID, datasets=["digits", spec], backbones=["embedded", "embedded-vit"]).runs()
    found = {(run.backbone.partition("@")[0], run.dataset, run.recipe) for run in runs}
    assert found == {
        ("embedded", "digits", "embedded"), ("embedded-vit", "digits", "embedded"), ("features", spec, "coop")
    } and len(runs) == 3  # fmt: skip


def test_a_file_made_with_the_embedded_clip_is_trained_as_that_is(tmp_path: Path) -> None:
    spec = f"features:{encoded.write(tmp_path / 'made.npz', backbone='embedded')}"
    (run,) = replace(GRID, datasets=[spec]).runs()
    assert run.recipe == "embedded" and run.backbone.startswith("embedded@")


def test_methods_that_need_a_tower_are_left_out_in_one_line_for_all_files(tmp_path: Path) -> None:
    specs = [f"features:{encoded.write(tmp_path / f'{name}.npz')}" for name in ("pets", "cars")]
    grid = replace(GRID, datasets=specs, methods=["coop", "gce[q=0.5]", "maple", "class_means"])
    assert {run.method for run in grid.runs()} == {"class_means"}
    assert grid.find_unsupported() == [
        "coop, gce[q=0.5] on pets, cars: they prompt the text tower, and the file has its outputs only",
        "maple on pets, cars: they change the image tower, and the file has its outputs only",
    ]


def test_without_texts_methods_that_use_them_are_left_out_and_what_would_do_is_said(tmp_path: Path) -> None:
    spec = f"features:{encoded.write(tmp_path / 'made.npz', text_features_raw=None)}[name=mine]"
    grid = replace(GRID, datasets=[spec], methods=["linear_probe", "clap", "knn", "linear_probe[init=random]"])
    assert {run.method for run in grid.runs()} == {"knn", "linear_probe[init=random]"}
    assert grid.find_unsupported() == [
        "linear_probe (but not linear_probe[init=random]), clap on mine: "
        "they use the class names' text features, and the file has none"
    ]


@pytest.mark.parametrize(
    ("need", "methods"),
    [
        ("features", "class_means knn wann"),
        ("texts", "zero_shot linear_probe clap task_res tip_adapter lp_plus_plus prolip clip_adapter clipcleaner"),
        ("text tower", "coop gce em_means deft cocoop upl nlprompt tecoprompt cls_tuning tenc_ft fpl"),
        ("image tower", "vpt upt maple promptsrc clip_lora"),
    ],
)
def test_what_a_method_needs_is_read_from_its_source(need: str, methods: str) -> None:
    for name in methods.split():
        assert method_catalog.method(name).needs({}) == need, name


def test_planning_a_file_imports_no_torch(tmp_path: Path) -> None:
    spec = f"features:{encoded.write(tmp_path / 'made.npz')}"
    code = f"""
import sys
from benchmark.plan.grid import Grid
from benchmark.plan.options import Options
grid = Grid(["linear_probe", "coop"], [{spec!r}], [0.0], ["symmetric"], [1], [4], ["embedded"])
assert len(grid.runs()) == 1 and grid.find_unsupported()
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_features_stands_for_all_files_in_the_folder_of_data_and_for_all_methods_that_suit_them(tmp_path: Path) -> None:
    for name in ("pets", "cars"):
        encoded.write(tmp_path / f"{name}.npz")
    (tmp_path / "notes.txt").write_text("nothing")
    both = [f"features:{tmp_path / name}.npz" for name in ("cars", "pets")]
    assert groups.datasets(["features"], tmp_path) == both
    assert groups.datasets(["features"], tmp_path / "pets.npz") == both[1:]
    able = groups.methods(["features"])
    assert {"linear_probe", "class_means", "clap", "em_means[teacher=names]"} <= set(able)
    assert not {"coop", "em_means", "linear_probe[init=random]"} & set(able)
    with pytest.raises(BadInput, match="elsewhere is not there"):
        groups.datasets(["features"], tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(BadInput, match="holds no files of features"):
        groups.datasets(["features"], tmp_path / "elsewhere")


def test_other_files_of_arrays_beside_them_are_passed_over_and_named(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    one = encoded.write(tmp_path / "pets.npz")
    save_file(encoded.numbers(), tmp_path / "cars.safetensors")
    assert groups.passed_over(["features"], tmp_path) == []
    np.savez(tmp_path / "pred_probs.npz", pred_probs=np.ones(3))
    save_file({"weights": np.ones(3)}, tmp_path / "prompt.safetensors")
    assert groups.datasets(["features"], tmp_path) == [f"features:{tmp_path / 'cars.safetensors'}", f"features:{one}"]
    assert groups.passed_over(["digits", "features"], tmp_path) == [
        f"pred_probs.npz, prompt.safetensors in {tmp_path}: no train_features in them"
    ]
    assert groups.passed_over(["digits"], tmp_path) == []


def test_a_broken_file_is_not_passed_over(tmp_path: Path) -> None:
    whole = encoded.write(tmp_path / "pets.npz").read_bytes()
    (tmp_path / "pets.npz").write_bytes(whole[: len(whole) // 2])
    assert groups.datasets(["features"], tmp_path) == [f"features:{tmp_path / 'pets.npz'}"]


def test_a_file_is_no_backbone_and_the_option_that_takes_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="brings its backbone; name it with --datasets"):
        check_backbone(f"features:{encoded.write(tmp_path / 'made.npz')}")


def test_the_suite_of_real_features_takes_every_file_and_method(tmp_path: Path) -> None:
    encoded.write(tmp_path / "pets.npz")
    given = suites.completed({"suite": "real", "data": str(tmp_path)}, [field.name for field in fields(Options)])
    options = Options(**{name: text for name, text in given.items() if name in ("methods", "datasets", "noise", "shots",
                         "seeds", "noise_type")}, data=tmp_path)  # fmt: skip
    runs = options.grid().runs()
    assert {run.dataset for run in runs} == {f"features:{tmp_path / 'pets.npz'}"} and {run.shots for run in runs} == {
        4,
        16,
    }
    assert {run.encoder for run in runs} == {"features"} and {run.noise for run in runs} >= {"symmetric", "asymmetric"}


def test_shots_that_a_file_does_not_have_are_said(tmp_path: Path) -> None:
    spec = f"features:{encoded.write(tmp_path / 'made.npz')}"
    assert notes([spec, "digits"], [4, 6]) == []
    assert notes([spec], [16]) == ["made: 16 shots are all images of class 'class 0', which has 6"]
