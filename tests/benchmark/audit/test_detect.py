"""`detect`: the leaderboard of detectors, under every kind of noise."""

from __future__ import annotations

import csv
from pathlib import Path

from benchmark.__main__ import main


def test_noise_that_follows_a_model_is_ranked_with_the_features_that_are_there_anyway(tmp_path: Path) -> None:
    words = ["detect", "--datasets=digits", "--detectors=means", "--noise=0.25", "--seeds=1", "--shots=8"]
    kinds = ["instance", "cluster[size=2]", "confusion"]
    assert main([*words, f"--noise_type={','.join(kinds)}", f"--out={tmp_path}", "--devices=cpu"]) == 0
    rows = list(csv.DictReader((tmp_path / "detectors.csv").read_text().splitlines()))
    assert [row["noise"] for row in rows] == [*kinds, "all"]
    assert all(50 < float(row["auroc"]) <= 100 for row in rows)
