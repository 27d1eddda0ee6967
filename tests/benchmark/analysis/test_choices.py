"""What noisy validation takes in each cell: on the page in a section of its own, and never among methods."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest

from benchmark.analysis.by_method import summary
from benchmark.analysis.columns import to_csv
from benchmark.analysis.leaderboard import CHOSEN, from_csv
from benchmark.analysis.ranking import rankings
from benchmark.analysis.results import Results
from benchmark.analysis.statistics import caveats, differences
from benchmark.commands import readme
from benchmark.commands.compare import compare
from benchmark.records.store import Store
from benchmark.report import table_files, terminal
from benchmark.report.page.payload import payload
from benchmark.report.pictures.campaign_pictures import figures
from benchmark.screen import Screen
from benchmark.tracking.campaign_summary import to_tables
from tests.support.records_factory import result, run

#: Method -> by rate the (test accuracy, noisy validation) of two seeds.
ENDS = {
    "linear_probe": {0.0: [(80.0, 70.0), (82.0, 74.0)], 0.5: [(50.0, 50.0), (54.0, 40.0)]},
    "coop": {0.0: [(75.0, 60.0), (75.0, 60.0)], 0.5: [(60.0, 44.0), (62.0, 44.0)]},
    "gce": {0.0: [(70.0, 65.0), (71.0, 65.0)], 0.5: [(66.0, 30.0), (66.0, 31.0)]},
}
DATASETS = ("flipped", "digits", "tilted", "combos", "dtd")


def fill(out: Path, validated: tuple[str, ...] = tuple(ENDS)) -> Results:
    """Five data sets; methods that are not `validated` have no noisy validation."""
    store = Store(out)
    for dataset in DATASETS:
        for method, rates in ENDS.items():
            for rate, ends in rates.items():
                for seed, (test, validation) in enumerate(ends, 1):
                    work = run(method, dataset, "symmetric" if rate else "none", rate, seed)
                    curves = {"test_accuracy": [test]}
                    curves |= {"noisy_val_accuracy": [validation]} if method in validated else {}
                    store.write(work, result(test, work, curves=curves))
        work = run("zero_shot", dataset, "none", 0.0, paradigm="ul")
        store.write(work, result(68.0, work, curves={}))
    return Results.of(*store.load())


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("choices")


@pytest.fixture(scope="module")
def campaign(out: Path) -> Results:
    return fill(out)


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The same accuracies where nothing can be chosen: two methods alone have a noisy validation."""
    return fill(tmp_path_factory.mktemp("without"), ("linear_probe", "coop"))


def test_a_cell_has_the_accuracy_of_what_noisy_validation_takes_and_its_regret_to_the_best(campaign: Results) -> None:
    rows = campaign.chosen[campaign.chosen["dataset"] == "flipped"].set_index("rate")
    assert (rows["method"] == CHOSEN).all() and rows["rank"].isna().all()
    clean, noisy = rows.loc[0.0], rows.loc[0.5]
    assert (clean["mean"], clean["regret"], clean["seeds"]) == (81.0, 0.0, 2)
    taken = [(50 + 54) / 2, (50 - 54) ** 2 / 2]  # ce: 45 in noisy validation, coop 44
    assert (noisy["mean"], noisy["std"] ** 2) == (taken[0], pytest.approx(taken[1]))
    assert noisy["regret"] == 68.0 - 52.0 and noisy["realised"] == 0.5  # the best is zero_shot


def test_of_equals_a_choice_has_the_mean(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for method, test in {"linear_probe": 50.0, "coop": 60.0, "gce": 70.0}.items():
        curves = {"noisy_val_accuracy": [40.0 if method == "coop" else 45.0]}
        store.write(run(method), result(test, run(method), curves=curves))
    (row,) = Results.of(*store.load()).chosen.itertuples()
    assert (row.mean, row.regret) == (60.0, 10.0) and pd.isna(row.std)


def test_fewer_than_three_methods_with_a_noisy_validation_are_no_choice(without: Results) -> None:
    assert without.chosen.empty
    assert payload(without, differences(without.seen, "coop"), [], [])["choices"] == []


def test_no_rank_no_statistic_and_no_picture_knows_of_it(campaign: Results, without: Results) -> None:
    pd.testing.assert_frame_equal(campaign.board, without.board)
    pd.testing.assert_frame_equal(summary(campaign.board), summary(without.board))
    found, others = differences(campaign.seen, "coop"), differences(without.seen, "coop")
    pd.testing.assert_frame_equal(found, others)
    assert caveats(campaign.seen) == caveats(without.seen)
    (ranking,) = rankings(campaign.board)
    assert [ranking] == rankings(without.board) and set(ranking.ranks) == {*ENDS, "zero_shot"}
    data = payload(campaign, found, [], [])
    assert set(data["looks"]) == {*ENDS, "zero_shot"}
    for block in data["blocks"]:
        assert CHOSEN not in {*block["cells"], *block["ranks"], *block["coloured"], *block["missing"]}
    axes = figures(campaign)["accuracy-symmetric"].axes  # type: ignore[union-attr]
    assert CHOSEN not in {line.get_label() for each in axes for line in each.lines}
    logged = to_tables(campaign)
    assert CHOSEN not in set(logged["leaderboard"]["method"]) and len(logged["chosen"]) == 2 * len(DATASETS)


def test_no_table_shows_it_among_methods(campaign: Results) -> None:
    console = Screen(width=100, file=io.StringIO())
    terminal.show(campaign, console)
    texts = table_files.texts(campaign.board)
    shown = [*texts.values(), console.file.getvalue()]  # type: ignore[attr-defined]
    assert [text for text in shown if CHOSEN in text or "regret" in text] == []


def test_the_page_shows_it_in_a_section_of_its_own(campaign: Results) -> None:
    rows = payload(campaign, differences(campaign.seen, "coop"), [], [])["choices"]
    assert len(rows) == 2 * len(DATASETS)
    flipped = {row["rate"]: (row["mean"], row["best"], row["regret"]) for row in rows if row["dataset"] == "flipped"}
    assert flipped == {0.0: (81.0, 81.0, 0.0), 0.5: (52.0, 68.0, 16.0)}


def test_a_leaderboard_of_an_earlier_version_is_read_without_its_choices(campaign: Results) -> None:
    old = pd.concat([campaign.board, campaign.chosen.drop(columns="best")])
    assert f",{CHOSEN}," in to_csv(old)
    assert to_csv(from_csv(to_csv(old))) == to_csv(from_csv(to_csv(campaign.board))) == to_csv(campaign.board)


def test_a_method_of_that_name_stays_a_method(tmp_path: Path) -> None:
    Store(tmp_path).write(run(CHOSEN), result(70.0, run(CHOSEN)))
    board = from_csv(to_csv(Results.of(*Store(tmp_path).load()).board))
    assert board["method"].tolist() == [CHOSEN]


def test_compare_and_the_readme_keep_it_apart(campaign: Results, out: Path, tmp_path: Path) -> None:
    table_files.write_all(campaign, tmp_path)
    both = compare(out, tmp_path)
    assert both.agrees and len(both.cells) == len(campaign.board) and CHOSEN not in set(both.cells["method"])
    assert compare(tmp_path, tmp_path).agrees and not compare(tmp_path, tmp_path).only_b
    page = tmp_path / "README.md"
    page.write_text(f"{readme.BEGIN}\n{readme.END}\n")
    assert readme.rewrite(page, tmp_path) and readme.is_current(page, tmp_path)
    assert CHOSEN not in page.read_text()
