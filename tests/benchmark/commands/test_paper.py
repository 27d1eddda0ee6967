"""`promptnoise paper`: what is missing, what runs, and ours beside theirs."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.__main__ import main
from benchmark.published import protocols
from benchmark.records.store import Store
from tests.support.coop_folders import make_split_file
from tests.support.coop_folders import rows as split_rows
from tests.support.small_backbones import small_backbone

ROOT = Path(__file__).parents[3]


def rows(out: Path, name: str) -> list[dict[str, str]]:
    with (out / "papers" / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without data sets and weights."""
    monkeypatch.setenv("WANDB_MODE", "disabled")
    (tmp_path / "data").mkdir()
    return tmp_path


@pytest.mark.parametrize("name", protocols.known())
def test_a_bare_machine_sees_the_plan_and_theirs(name: str, offline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["paper", name, "--dry-run", f"--data={offline / 'none'}", f"--out={offline / 'out'}"]) == 0
    said = capsys.readouterr().out
    paper = protocols.paper(name)
    assert f"{len(paper.points)} cells, 0 of ours there" in said
    assert (
        said.count("\nmissing: ") <= 3
        and said.splitlines()[-1].split(" runs in all, estimated from FLOP")[0].isdecimal()
    )
    assert all(f"differs: {note}" in said for note in paper.notes)
    assert "missing: no data here" in said
    assert not (offline / "out").exists()


def test_the_plan_imports_no_torch() -> None:
    program = "import sys\nfrom benchmark.__main__ import main\n"
    program += "code = main(['paper', 'nlprompt', '--dry-run', '--data=/nowhere'])\n"
    program += "sys.exit(code or ('torch' in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_paper_runs_on_a_random_backbone_and_says_so(offline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_split_file(offline / "data", "dtd", split_rows({"train": 16, "val": 1, "test": 2}))
    words = ["paper", "nlprompt", "--quick", "--epochs=1", "--devices=cpu", f"--backbone={small_backbone('vit')}",
             f"--data={offline / 'data'}", f"--out={offline / 'out'}", f"--cache={offline / 'cache'}"]  # fmt: skip
    assert main(words) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "not the paper's: differences say nothing about the paper" in said
    assert "48 cells, 48 of ours there, 0 missing; 48 compared with the paper: mean difference" in said
    table = rows(offline / "out", "nlprompt")
    assert {(row["dataset"], row["seeds"]) for row in table} == {("dtd", "1")}
    assert {row["method"] for row in table} == {"coop", "gce", "joapr", "nlprompt"}
    for row in table:
        assert float(row["difference"]) == pytest.approx(float(row["ours"]) - float(row["theirs"]), abs=0.011)
    assert {row["method"] for row in table if row["rerun"]} == {"nlprompt"}
    assert main([*words, "--dry-run"]) == 0
    assert "48 runs, 48 done, 0 to do" in capsys.readouterr().out


def test_cells_without_weights_are_missing_and_nothing_fails(
    offline: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from methods.clip import loading
    from methods.errors import BackboneError

    def nowhere(name: str) -> None:
        raise BackboneError(f"backbone {name!r}: its weights are not on this machine")

    monkeypatch.setattr(loading, "load_backbone", nowhere)
    make_split_file(offline / "data", "dtd")
    words = ["paper", "joapr", f"--data={offline / 'data'}", f"--out={offline / 'out'}", "--datasets=dtd,eurosat"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "missing: backbone 'RN50/openai': its weights are not on this machine" in said
    assert {(row["dataset"], row["remark"]) for row in rows(offline / "out", "joapr")} == {
        ("dtd", "missing: no weights here"),
        ("eurosat", "missing: no data and no weights here"),
    }


def test_a_run_that_fails_is_a_failure(
    offline: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchmark.commands import bench

    make_split_file(offline / "data", "dtd")

    def fail(console: object, options: object, runs: list[object], store: Store) -> list[object]:
        store.fail(runs[0], "it broke")  # type: ignore[arg-type]
        return runs

    monkeypatch.setattr(bench, "train", fail)
    words = ["paper", "nlprompt", "--methods=coop", "--quick", "--epochs=1", f"--backbone={small_backbone('vit')}"]
    assert main([*words, f"--data={offline / 'data'}", f"--out={offline / 'out'}"]) == 1
    assert "missing: failed: it broke" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["paper"], "paper needs PAPER: promptnoise paper PAPER"),
        (["paper", "nlpromt"], "unknown paper 'nlpromt': did you mean 'nlprompt'"),
        (["paper", "nlprompt", "--seeds=x"], "seeds: 'x' should be a whole number"),
        (["paper", "nlprompt", "--methods=upl"], "the paper has no method 'upl'"),
        (["paper", "nlprompt", "--backbone=RN50"], "names no weights; write NAME/tag"),
        (["paper", "nlprompt", "--recipe=cop"], "unknown recipe 'cop'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_line(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
