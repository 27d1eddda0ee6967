"""Commands on files of features, from the command line to the tables."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmark.__main__ import main
from tests.support import encoded
from tests.support.shared import SHARED, needs_shared


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
    assert str(records["ce 0.0"]["run"]["backbone"]).startswith("features@")  # type: ignore[index]
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
