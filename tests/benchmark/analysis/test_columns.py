"""A column is one line: what a run has, what its seeds come to, and how every table shows it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from benchmark.analysis.columns import COLUMNS, in_brackets, marks, notes, over_seeds, to_csv
from benchmark.analysis.leaderboard import HEADER
from benchmark.records.store import Store
from tests.support.records_factory import result, run

ROOT = Path(__file__).parents[3]


def test_columns_have_names_of_their_own_and_stand_behind_the_cell() -> None:
    names = [column.name for column in COLUMNS]
    assert len(set(names)) == len(names) and HEADER[-len(names) :] == names


def test_signs_and_brackets_show_what_is_there_and_are_explained_once() -> None:
    wrong, parts = {"diverged": 2.0, "collapsed": 0.0}, {"seen": 81.25, "unseen": 40.0}
    assert (marks(wrong), in_brackets(wrong)) == ("†", "") and (marks(parts), in_brackets(parts)) == (
        "",
        " (81.2, 40.0)",
    )
    assert notes([wrong, wrong, {}]) == ["† some runs diverged"]
    (line,) = notes([parts])
    assert line.startswith("in brackets: accuracy on seen and unseen classes")
    assert notes([{}, {"diverged": 0.0}]) == []


def test_seeds_come_to_a_mean_a_deviation_and_counts() -> None:
    rows = [("a", 1, 50.0, "x", False), ("a", 2, 60.0, "", True), ("b", 1, 70.0, "", False)]
    seen = pd.DataFrame(rows, columns=["method", "seed", "accuracy", "labels", "diverged"])
    seen = seen.assign(collapsed=False, realised=[0.1, 0.3, None], seen=None, unseen=None)
    a, b = over_seeds(seen.astype({"seen": float, "unseen": float}), ["method"]).to_dict("records")
    assert (a["mean"], a["std"], a["seeds"]) == (55.0, pytest.approx(50**0.5), 2)
    assert (a["diverged"], a["realised"], a["labels"], b["labels"]) == (1, 0.2, "given", "none")
    assert pd.isna(b["std"]) and pd.isna(b["realised"])


def test_csv_has_each_column_s_decimals_and_no_column_that_is_empty_and_optional() -> None:
    table = pd.DataFrame({"method": ["=x"], "mean": [1.005], "realised": [0.5], "rank": [2.0], "seen": [float("nan")]})
    assert to_csv(table) == "method,mean,realised,rank\n'=x,1.00,0.5000,2\n"


LINE = '    Column("ece", lambda record, _: record.ece, "mean", in_brackets="{:.1f}", note="calibration error"),\n'
PROGRAM = """
import sys, types
from pathlib import Path
path, line, out = Path("benchmark/analysis/columns.py"), sys.argv[1], Path(sys.argv[2])
module = sys.modules["benchmark.analysis.columns"] = types.ModuleType("benchmark.analysis.columns")
before = "\\n)  # fmt: skip\\n#: What the observations"
exec(compile(path.read_text().replace(before, line + before), str(path), "exec"), module.__dict__)
from benchmark.analysis.results import Results
from benchmark.records.store import Store
from benchmark.analysis import statistics
from benchmark.analysis.by_method import spreads
from benchmark.report import latex, table_files, terminal
from benchmark.report.page.payload import payload
from benchmark.screen import Screen
from benchmark.tracking.campaign_summary import to_tables
import pandas as pd
results = Results.of(*Store(out).load())
table_files.write_all(results, out)
tex = latex.tables(results.board, spreads(results.seen), statistics.differences(results.seen, "coop"), "coop")
(out / "leaderboard.tex").write_text(tex)
terminal.show(results, Screen(width=100))
none = pd.DataFrame({"shots": [], "recipe": [], "paradigm": []})
print(payload(results, none, [], [])["blocks"][0]["cells"]["coop"])
print(to_tables(results)["leaderboard"]["ece"].tolist(), to_tables(results)["runs"]["ece"].tolist())
"""


def test_a_new_column_is_one_line_and_every_table_shows_it(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for seed, ece in ((1, 7.0), (2, 9.0)):
        store.write(run(seed=seed), {**result(70.0), "ece": ece})
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, LINE, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    head, row = (tmp_path / "leaderboard.csv").read_text().splitlines()
    assert head.endswith(",protocol,ece") and row.endswith(",8.00")
    for text in (done.stdout, *((tmp_path / f"leaderboard.{kind}").read_text() for kind in ("md", "tex"))):
        assert "(8.0)" in text and "in brackets: calibration error" in text
    assert "'in_brackets': ' (8.0)'" in done.stdout and "[8.0] [7.0, 9.0]" in done.stdout
