"""Means over seeds beside a paper's numbers, and what is not certain."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.analysis.paper_comparison import comparison
from benchmark.plan.paper_runs import cells
from benchmark.published import protocols
from benchmark.records.store import Store
from tests.support.records_factory import result


def test_means_over_seeds_stand_beside_theirs_and_the_re_run(tmp_path: Path) -> None:
    paper, store = protocols.paper("nlprompt"), Store(tmp_path)
    found = cells(paper, ["nlprompt"], ["dtd"], seeds=[1, 2, 3])
    (cell,) = (cell for cell in found if (cell.point.noise, cell.point.rate) == ("symmetric", 0.5))
    for run, accuracy in zip(cell.runs[:2], (60.0, 62.0), strict=True):
        store.write(run, result(accuracy, run))
    reasons = {cell.runs[2].key: "failed: out of memory"}
    table = comparison(paper, found, store.load().records, reasons)
    (row,) = table[(table["noise"] == "symmetric") & (table["rate"] == 0.5)].to_dict("records")
    assert (row["ours"], row["seeds"], row["rerun"]) == (61.0, 2, 59.9)
    assert row["std"] == pytest.approx(2**0.5)
    assert row["difference"] == pytest.approx(61.0 - row["theirs"])
    assert row["remark"] == "missing: 1 of 3 seeds failed: out of memory"
    assert set(table[table["ours"].isna()]["remark"]) == {"missing: not run"}


def test_what_is_uncertain_or_not_stated_stays_marked() -> None:
    paper = protocols.paper("nlprompt")
    table = comparison(paper, cells(paper), [], {})
    assert table["remark"].str.contains("uncertain").sum() == 2
    assert table[table["method"] == "gce"]["remark"].str.contains("uncertain|q is not stated").all()
