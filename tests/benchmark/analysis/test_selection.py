"""What somebody without clean labels would have chosen, against slow readings of the rules."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest

from benchmark.analysis import selection as choices
from benchmark.analysis.results import Results
from benchmark.analysis.statistics import differences
from benchmark.records.record import Record
from benchmark.records.store import Store
from benchmark.report import make as report
from benchmark.report import table_files, terminal
from benchmark.report.page.payload import payload
from benchmark.screen import Screen
from benchmark.tracking.campaign_summary import to_tables
from tests.support.records_factory import fill, result, run

#: Method -> (test accuracy, noisy validation) after the last epoch, by seed.
ENDS = {
    "linear_probe": {1: (50.0, 60.0), 2: (52.0, 40.0)},
    "gce": {1: (70.0, 55.0), 2: (71.0, 58.0)},
    "em_means": {1: (68.0, 60.0), 2: (75.0, 50.0)},
}


def write(store: Store, method: str, seed: int, test: list[float], validation: list[float], **more: object) -> None:
    curves = {"test_accuracy": test, "noisy_val_accuracy": validation, **more}
    store.write(run(method, seed=seed), result(test[-1], run(method, seed=seed), curves=curves))


@pytest.fixture
def records(tmp_path: Path) -> tuple[Record, ...]:
    store = Store(tmp_path)
    for method, ends in ENDS.items():
        for seed, (test, validation) in ends.items():
            write(store, method, seed, [10.0, test], [90.0, validation])
    store.write(run("coop", seed=1), result(99.0, curves={"noisy_val_accuracy": [1.0, 99.0]}))  # lacks the other seed
    store.write(run("zero_shot", noise="none", rate=0.0, paradigm="ul"), result(99.0, curves={}))
    return tuple(store.load().records)


def by_rule(table: pd.DataFrame, rule: str) -> dict[int, tuple[str, float, str, float]]:
    own = table[table["rule"] == rule]
    rows = own[["seed", "chosen", "accuracy", "best", "regret"]].itertuples(index=False)
    return {seed: tuple(rest) for seed, *rest in rows}  # type: ignore[misc]


def test_each_rule_chooses_what_it_says_and_regrets_what_the_best_has_more(records: tuple[Record, ...]) -> None:
    table = choices.chosen(records)
    assert by_rule(table, "noisy_val") == {
        1: ("em_means or linear_probe", 59.0, "gce", 11.0),
        2: ("gce", 71.0, "em_means", 4.0),
    }
    assert by_rule(table, "noisy_val_mean") == {1: ("gce", 70.0, "gce", 0.0), 2: ("gce", 71.0, "em_means", 4.0)}
    assert by_rule(table, "default") == {1: ("em_means", 68.0, "gce", 2.0), 2: ("em_means", 75.0, "em_means", 0.0)}
    assert by_rule(table, "blind")[1] == ("", pytest.approx(188 / 3), "gce", pytest.approx(70 - 188 / 3))


def test_a_cell_has_the_means_over_seeds_of_what_noisy_validation_takes_on_the_page_and_in_the_summary(
    records: tuple[Record, ...],
) -> None:
    (row,) = choices.by_cell(choices.chosen(records)).itertuples()
    assert (row.mean, row.best, row.regret) == (70.5, 72.5, 2.0)
    campaign = Results.of(records)
    (shown,) = payload(campaign, differences(campaign.seen, "coop"), [], [])["choices"]
    assert (shown["mean"], shown["best"], shown["regret"]) == (70.5, 72.5, 2.0)
    assert len(to_tables(campaign)["chosen"]) == 1


def test_what_is_taken_stands_in_no_table_among_methods(records: tuple[Record, ...]) -> None:
    console = Screen(width=100, file=io.StringIO())
    terminal.show(Results.of(records), console)
    texts = [*table_files.texts(Results.of(records).board).values(), console.file.getvalue()]  # type: ignore[attr-defined]
    assert [text for text in texts if "chosen" in text or "regret" in text] == []


def test_one_method_with_a_noisy_validation_is_no_choice(records: tuple[Record, ...]) -> None:
    alone = [record for record in records if record.run.method in ("gce", "zero_shot")]
    assert choices.by_cell(choices.chosen(alone)).empty and "chosen" not in to_tables(Results.of(alone))


def test_a_method_that_lacks_a_seed_or_has_no_noisy_validation_is_no_candidate(records: tuple[Record, ...]) -> None:
    table = choices.chosen(records)
    assert set(table["candidates"]) == {3}
    assert table["best_accuracy"].max() == 75.0


def test_test_accuracies_change_no_choice(records: tuple[Record, ...], tmp_path: Path) -> None:
    store = Store(tmp_path / "other")
    for method, ends in ENDS.items():
        for seed, (test, validation) in ends.items():
            write(store, method, seed, [10.0, 100 - test], [90.0, validation])
    before, after = choices.chosen(records), choices.chosen(store.load().records)
    assert (before["chosen"] == after["chosen"]).all()
    assert (before["best"] != after["best"]).any()


def test_a_report_writes_what_was_chosen_and_removes_it_where_nothing_can_be(
    records: tuple[Record, ...], tmp_path: Path
) -> None:
    report.make(tmp_path)
    table = pd.read_csv(io.StringIO((tmp_path / "chosen.csv").read_text()), keep_default_na=False)
    assert list(table.columns) == choices.COLUMNS and len(table) == 8
    text = (tmp_path / "chosen.md").read_text()
    assert "| always em_means | 1.00 |" in text and "| highest noisy validation, mean over seeds | 2.00 |" in text
    assert "costs 2.0 points on average" in choices.sentence(table.assign(rate=table["rate"].astype(float)))
    for record in records:
        Store(tmp_path).path(record.run).unlink()
    fill(tmp_path, rates=(0.5,), seeds=(1,), datasets={"flipped": 66.0})
    report.make(tmp_path)
    assert not (tmp_path / "chosen.csv").exists()


def test_a_report_of_clean_labels_alone_says_nothing_about_noise(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for method, ends in ENDS.items():
        clean = run(method, noise="none", rate=0.0, seed=1)
        curves = {"test_accuracy": [10.0, ends[1][0]], "noisy_val_accuracy": [90.0, ends[1][1]]}
        store.write(clean, result(ends[1][0], clean, curves=curves))
    report.make(tmp_path)
    assert "What stopping early gains" not in (tmp_path / "chosen.md").read_text()
