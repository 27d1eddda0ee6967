"""The printed commands that follow a bench and an export."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np

from benchmark.records.store import Store
from benchmark.report.next_command import to_export, to_predict
from tests.support.records_factory import result, run


def test_the_best_run_that_kept_a_classifier_is_to_be_exported(tmp_path: Path) -> None:
    store = Store(tmp_path / "my results")
    learned = {"class_weights": np.ones((2, 3), np.float32), "logit_scale": np.float32(100)}
    best, other = run("coop"), run("gce")
    store.write(run("zero_shot"), result(90.0))
    assert to_export(store.load().records, store) == ""
    store.write(best, result(80.0), learned)
    store.write(other, result(70.0), learned)
    line = to_export(store.load().records, store)
    assert shlex.split(line.partition("run: ")[2]) == ["promptnoise", "export", best.key, f"--out={store.out}"]
    assert "the classifier with the best test accuracy (CoOp)" in line


def test_a_folder_is_quoted_as_the_shell_needs_it() -> None:
    assert to_predict(Path("a b")).endswith("promptnoise predict FOLDER '--with=a b'")
