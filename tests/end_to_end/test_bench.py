"""`promptnoise bench` from the command line to the leaderboard, on the embedded backbone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmark.__main__ import main
from methods.clip.weights import HERE
from tests.end_to_end.conftest import PlugIn
from tests.support.records_factory import change

SMALL = [
    "--datasets=digits",
    "--methods=zero_shot,coop,ce,upl",
    "--noise=0,0.5",
    "--seeds=1",
    "--shots=2",
    "--epochs=1",
]
Bench = Callable[..., tuple[int, str]]


def small(*options: str) -> list[str]:
    """The options of the small grid, with others in the place of those that are given."""
    given = {option.partition("=")[0].replace("-", "_") for option in options}
    return [option for option in SMALL if option.partition("=")[0].replace("-", "_") not in given] + [*options]


@pytest.fixture
def bench(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Bench:
    def call(*options: str, out: Path = tmp_path / "out") -> tuple[int, str]:
        code = main(["bench", *small(*options), f"--out={out}"])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return call


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder of the small grid; tests copy it."""
    out = tmp_path_factory.mktemp("finished")
    assert main(["bench", *SMALL, f"--out={out}"]) == 0
    return out


def records(out: Path) -> list[Path]:
    return sorted((out / "runs").glob("*/*.json"))


def test_the_leaderboard_has_every_cell(finished: Path) -> None:
    board = pd.read_csv(finished / "leaderboard.csv")
    cells = {(row.method, row.rate) for row in board.itertuples()}
    assert cells == {(method, rate) for method in ("zero_shot", "coop", "linear_probe", "upl") for rate in (0.0, 0.5)}
    assert board["mean"].between(0, 100).all()


def test_a_record_says_what_was_trained_on_what(finished: Path) -> None:
    loaded = [json.loads(path.read_text()) for path in records(finished)]
    noisy = next(r for r in loaded if r["run"]["method"] == "coop" and r["run"]["rate"] == 0.5)
    assert noisy["noise"]["wrong"] == 10 and noisy["noise"]["images"] == 20 and noisy["noise"]["realised"] == 0.5
    assert len(noisy["per_class_accuracy"]) == len(noisy["classes"]) == 10
    assert noisy["accuracy"] == pytest.approx(sum(noisy["per_class_accuracy"]) / 10, abs=5)
    assert len(noisy["curves"]["test_accuracy"]) == len(noisy["curves"]["loss"]) == 1
    assert {"torch", "lightning", "open_clip_torch"} <= noisy["versions"].keys()
    zero = next(r for r in loaded if r["run"]["method"] == "zero_shot")
    assert zero["accuracy"] == pytest.approx(noisy["zero_shot_accuracy"], abs=1e-3)


def test_the_same_command_again_trains_nothing(finished: Path, bench: Bench) -> None:
    before = {path: path.stat().st_mtime_ns for path in records(finished)}
    code, text = bench("--track=csv", out=finished)
    assert code == 0 and "6 runs, 6 done, 0 to do" in text
    assert len(list(finished.glob("track/csv/digits/*/metrics.csv"))) == 6
    assert {path: path.stat().st_mtime_ns for path in records(finished)} == before


def test_an_interrupted_benchmark_ends_with_the_same_numbers(finished: Path, bench: Bench, tmp_path: Path) -> None:
    out = tmp_path / "again"
    shutil.copytree(finished, out)
    (out / "leaderboard.csv").unlink()
    shutil.rmtree(out / "track", ignore_errors=True)
    for path in records(out)[::2]:
        path.unlink()
    code, text = bench("--track=csv", out=out)
    assert code == 0 and "6 runs, 3 done, 3 to do" in text
    assert len(list(out.glob("track/csv/digits/*/metrics.csv"))) == 6
    assert (out / "leaderboard.csv").read_bytes() == (finished / "leaderboard.csv").read_bytes()
    for old, new in zip(records(finished), records(out), strict=True):
        one, two = json.loads(old.read_text()), json.loads(new.read_text())
        assert {**one, "seconds": 0, "sha256": ""} == {**two, "seconds": 0, "sha256": ""}


@pytest.mark.parametrize(
    ("field", "what"),
    [("weights", "weights under the name embedded"), ("split", "images or test labels under the name digits")],
)
def test_runs_with_other_weights_or_images_behind_a_name_are_not_gone_on_with(
    finished: Path, bench: Bench, tmp_path: Path, field: str, what: str
) -> None:
    out = tmp_path / "again"
    shutil.copytree(finished, out)
    records(out)[0].unlink()
    other = {"weights": f"v2:{'0' * 64}", "split": "0" * 64}[field]
    change(records(out)[0], lambda record: record["hashes"].update({field: other}))
    before = {path: path.read_bytes() for path in records(out)}
    code, text = bench(out=out)
    assert code == 2 and f"the finished runs here had other {what}" in text
    assert {path: path.read_bytes() for path in records(out)} == before


def test_runs_by_another_matrix_of_the_same_name_are_not_gone_on_with(bench: Bench, tmp_path: Path) -> None:
    table = tmp_path / "T.csv"
    for share, methods, code in ((0.1, "class_means", 0), (0.1, "class_means,wann", 0), (0.05, "class_means,knn", 2)):
        rows = [[1 - 9 * share if row == column else share for column in range(10)] for row in range(10)]
        table.write_text("\n".join(",".join(map(str, row)) for row in rows), encoding="utf-8")
        ended, text = bench(f"--methods={methods}", "--noise=0.5", f"--noise-type=matrix[file={table}]")
        assert ended == code
        assert ("the finished runs here had other labels under the name matrix[file=" in text) == (code == 2)


def test_another_configuration_of_the_same_weights_never_gets_features_from_the_cache_of_the_first(
    bench: Bench, tmp_path: Path
) -> None:
    shutil.copytree(HERE / "embedded_vit", tmp_path / "first")
    shutil.copytree(HERE / "embedded_vit", tmp_path / "second")
    about = json.loads((tmp_path / "second" / "open_clip_config.json").read_text())
    about["model_cfg"]["vision_cfg"]["head_width"] = 64
    (tmp_path / "second" / "open_clip_config.json").write_text(json.dumps(about))
    reached = {}
    for cache, name in (("shared", "first"), ("shared", "second"), ("own", "second")):
        out = tmp_path / f"{cache} {name}"
        options = (f"--backbone=local-dir:{tmp_path / name}", f"--cache={tmp_path / cache}")
        code, _ = bench("--methods=zero_shot", "--noise=0", *options, out=out)
        assert code == 0
        reached[cache, name] = json.loads(records(out)[0].read_text())["accuracy"]
    assert reached["shared", "second"] == reached["own", "second"] == pytest.approx(38.27, abs=0.5)
    assert reached["shared", "first"] == pytest.approx(59.51, abs=0.5)


def test_a_truncated_record_is_set_aside_and_done_again(finished: Path, bench: Bench, tmp_path: Path) -> None:
    out = tmp_path / "again"
    shutil.copytree(finished, out)
    broken = records(out)[0]
    broken.write_text(broken.read_text()[:100])
    code, _ = bench(out=out)
    assert code == 0
    assert broken.with_name(f"{broken.name}.bad").exists() and json.loads(broken.read_text())
    assert (out / "leaderboard.csv").read_bytes() == (finished / "leaderboard.csv").read_bytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--methods=copo"], "unknown method 'copo': did you mean 'coop'?"),
        (["--datasets=digitz"], "unknown data set 'digitz'"),
        (["--noise=0.5,two"], "'two' should be a number"),
        (["--noise-type=symetric"], "did you mean 'symmetric'?"),
        (["--shots=100000"], "shots 100000 is more than class"),
        (["--devices=7"], "GPU 7 does not exist"),
        (["--devices=tpu"], "devices 'tpu' should be auto, cpu, cpu:2 or GPU numbers"),
        (["--devices=cpu:0"], "should be cpu:N with N workers"),
        (["--backbone=ViT-B-32"], "names no weights"),
        (["--pack=0"], "pack is 0"),
        (["--timeout=-1"], "timeout is -1"),
        (["--noise-type=human"], "digits: 'human' noise needs given labels"),
        (["--methods=vpt"], "none of these methods runs on this backbone"),
        (["--methods=coop[n_ctx=90]"], "90 context tokens and the class name"),
    ],
)
def test_bad_input_is_one_line_and_leaves_no_trace(
    bench: Bench, tmp_path: Path, options: list[str], message: str
) -> None:
    code, text = bench(*options)
    last = text.strip().splitlines()[-1]
    assert code == 2
    assert last.startswith("promptnoise: ") and message in last
    assert list(tmp_path.rglob("*")) == []


def test_what_a_backbone_cannot_run_is_left_out_with_the_reason(bench: Bench, tmp_path: Path) -> None:
    for _ in range(2):
        code, text = bench("--methods=zero_shot,vpt,fpl[modality=visual]", "--noise=0")
        assert code == 0
        for method in ("VPT", "FPL[modality=visual]"):
            assert f"left out: {method}: visual prompts need a vision transformer" in text
    assert {json.loads(path.read_text())["run"]["method"] for path in records(tmp_path / "out")} == {"zero_shot"}


def test_an_output_folder_that_cannot_be_written_is_bad_input(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, text = bench(out=tmp_path / "file" / "out")
    assert code == 2 and f"cannot be written: {tmp_path / 'file'} is a file" in text


def test_an_unknown_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bensh"]) == 2
    assert "unknown command 'bensh': did you mean 'bench'?" in capsys.readouterr().err


FRAGILE = """
from methods.coop import Method as CoOp

class Method(CoOp):
    def build(self) -> None:
        super().build()
        if 3 in self.task.seeds:
            raise RuntimeError("seed 3 is cursed")
        for row, seed in enumerate(self.task.seeds):
            if seed == 2:
                self.ctx.data[row] = float("nan")
"""


def test_a_bad_run_costs_no_other_and_is_named(bench: Bench, plug_in: PlugIn, tmp_path: Path) -> None:
    plug_in("fragile", FRAGILE)
    code, text = bench("--methods=coop,fragile", "--noise=0", "--seeds=1,2,3")
    assert code == 1
    status: dict[str, Any] = {}
    for path in records(tmp_path / "out"):
        record = json.loads(path.read_text())
        status[f"{record['run']['method']} {record['run']['seed']}"] = record["status"]
    healthy = {f"coop {seed}": "ok" for seed in (1, 2, 3)}
    assert status == {**healthy, "fragile 1": "ok", "fragile 2": "diverged"}
    assert "RuntimeError: seed 3 is cursed" in text
    assert "1 run diverged" in text
