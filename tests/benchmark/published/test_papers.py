"""Published numbers: read, matched with our cells, and the gap."""

import csv
from pathlib import Path

import pandas as pd
import pytest

from benchmark.analysis.leaderboard import leaderboard
from benchmark.published import papers
from benchmark.records.store import Store
from tests.support.records_factory import result, run

PAPER = {"dataset": "dtd", "backbone": "RN50/openai", "epochs": 200}


def compared(tmp_path: Path, **fields: object) -> pd.DataFrame:
    store = Store(tmp_path)
    for seed in (1, 2):
        store.write(run(seed=seed, **{**PAPER, **fields}), result(50.0 + seed))
    return papers.comparison(leaderboard(store.load().records))


def reported(file: str, **fields: str) -> float:
    with (papers.FOLDER / file).open(newline="") as text:
        (row,) = (row for row in csv.DictReader(text) if fields.items() <= row.items())
    return float(row["accuracy"])


def test_a_cell_of_the_same_protocol_shows_ours_theirs_and_the_gap(tmp_path: Path) -> None:
    (row,) = compared(tmp_path).to_dict("records")
    theirs = reported("nlprompt_protocol.csv", dataset="dtd", method="coop", noise_type="symmetric", noise_rate="0.5")
    assert (row["ours"], row["seeds"], row["published"]) == (51.5, 2, theirs)
    assert row["gap"] == pytest.approx(51.5 - theirs)
    assert "arXiv 2412.01256" in row["source"]


@pytest.mark.parametrize(
    "other",
    [
        {"backbone": "embedded"},
        {"backbone": "RN50/cc12m"},
        {"backbone": "RN50/random"},
        {"backbone": "ViT-B-16/openai"},
        {"dataset": "flipped"},
        {"epochs": 50},
        {"shots": 8},
        {"rate": 0.3},
        {"noise": "balanced"},
        {"paradigm": "ssl"},
        {"method": "coop[csc=True]"},
    ],
)
def test_another_protocol_shows_nothing(tmp_path: Path, other: dict[str, object]) -> None:
    assert len(compared(tmp_path, **other)) == 0


def test_a_cell_marked_uncertain_stays_marked(tmp_path: Path) -> None:
    with (papers.FOLDER / "nlprompt_protocol.csv").open(newline="") as text:
        row = next(row for row in csv.DictReader(text) if row["remark"] == "uncertain")
    table = compared(
        tmp_path, dataset=row["dataset"], method=row["method"], noise=row["noise_type"], rate=float(row["noise_rate"])
    )
    assert "uncertain" in set(table["remark"])


def test_what_the_source_leaves_open_is_said(tmp_path: Path) -> None:
    assert set(compared(tmp_path, method="gce")["remark"]) == {"q is not stated"}


def test_ptnls_gce_is_ours_with_q_0_5_and_its_class_specific_context_is_csc(tmp_path: Path) -> None:
    for method in ("gce[q=0.5]", "gce[csc=True,q=0.5]"):
        (row,) = compared(tmp_path / method, method=method, noise="balanced", epochs=50).to_dict("records")
        fields = {"method": method, "noise_rate": "0.5", "backbone": "RN50", "dataset": "dtd"}
        assert row["published"] == reported("ptnl_style_rerun.csv", **fields)
        assert row["published_std"] > 0


def test_grips_paradigms_match_without_noise(tmp_path: Path) -> None:
    grip = {
        "method": "grip[modality=visual]",
        "backbone": "ViT-B-32/openai",
        "epochs": 150,
        "noise": "none",
        "rate": 0.0,
    }
    (row,) = compared(tmp_path, **grip, paradigm="ul").to_dict("records")
    assert row["published"] == 50.5
    assert len(compared(tmp_path / "ssl", **grip, paradigm="ssl", shots=16)) == 0
    assert compared(tmp_path / "ssl2", **grip, paradigm="ssl", shots=2)["published"].tolist() == [54.6]


def test_zero_shot_can_be_checked_before_training() -> None:
    (known,) = papers.zero_shot("dtd", "ViT-B-32-quickgelu/openai")
    assert known.accuracy == 43.2
    assert papers.zero_shot("dtd", "embedded") == []


def test_every_published_row_is_within_range_and_has_a_source() -> None:
    assert len(papers.published()) > 600
    for row in papers.published():
        assert 0 <= row.accuracy <= 100
        assert 0 <= row.rate <= 1
        assert row.source
