"""Rules of choosing are compared by the same trials."""

from __future__ import annotations

from pathlib import Path

from benchmark.choose.measure import Trial, comparison, regrets
from benchmark.choose.typed_table import read_rows, write_rows


def trial(method: str, lead: float, accuracy: float, rate: float = 0.25, agreement: float = 50.0) -> Trial:
    return Trial(
        "digits", "symmetric", rate, 1, 24.0, "em_means", method, agreement, 50.0 + lead, lead, 2.0, accuracy
    )  # fmt: skip


def test_rules_are_compared_by_what_they_would_have_taken_of_the_same_trials(tmp_path: Path) -> None:
    unclear = [trial("linear_probe", 3.0, 60.0), trial("em_means", 0.0, 70.0)]
    clear = [trial("linear_probe", 9.0, 75.0, 0.4), trial("em_means", 0.0, 70.0, 0.4)]
    imitates = [trial("linear_probe", -9.0, 30.0, 0.75, 80.0), trial("em_means", 0.0, 70.0, 0.75)]
    trials = [*unclear, *clear, *imitates]
    assert [row.regret for row in regrets(trials)] == [0.0, 0.0, 0.0]
    assert [row.regret for row in regrets(trials, errors=0.0)] == [10.0, 0.0, 0.0]
    assert [row.regret for row in regrets(trials, noisy=True)] == [10.0, 0.0, 40.0]
    assert "| mean | 16.67 / 40.0 | 3.33 / 10.0 | 0.00 / 0.0 | 1.67 / 5.0 |" in comparison(trials)
    write_rows(tmp_path / "trials.csv", Trial, trials)
    assert read_rows(tmp_path / "trials.csv", Trial) == trials
