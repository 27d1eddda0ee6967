"""Tables of regrets, and what is to be expected of a choice."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.choose.regrets import Regret, add_to_table, expectation, read_table, write_table
from benchmark.errors import BadInput


def regret(seed: int = 1, accuracy: float = 70.0, by: str = "clear lead", rate: float = 0.25) -> Regret:
    return Regret(
        "digits", "symmetric", rate, seed, 24.0, by, "gce[q=0.5,n_ctx=4]", accuracy, "linear_probe", 75.0, "gce", 60.0
    )


def test_expected_regret_is_that_of_choices_made_in_the_same_way(tmp_path: Path) -> None:
    path = tmp_path / "regret.csv"
    assert read_table(path) == [] and expectation([], "default kept", "gce") == ""
    for row in (regret(1, 70.0), regret(2, 74.0), regret(1, 50.0, "default kept", 0.75), regret(2, 73.0)):
        add_to_table(path, row)
    table = read_table(path)
    assert table == [regret(1, 70.0), regret(2, 73.0), regret(1, 50.0, "default kept", 0.75)]
    line = expectation(table, "clear lead", "gce")
    assert "3.5 points" in line and "5.0 at worst" in line and "2 runs of 1 settings" in line
    assert "25.0 points" in expectation(table, "default kept", "gce")
    assert expectation(table, "default kept", "coop") == "", "nothing is known of other defaults"


def test_a_file_that_is_no_table_of_regrets_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "regret.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(BadInput, match="is not a table of dataset,noise,rate"):
        read_table(path)
    with pytest.raises(BadInput, match="was not written by promptnoise"):
        write_table(path, [regret()])
    assert path.read_text() == "a,b\n1,2\n"
