"""The runs of a paper's cells, whole and in part."""

import pytest

from benchmark.errors import BadInput
from benchmark.plan.paper_runs import cells
from benchmark.published import protocols


def test_a_user_takes_part_of_a_paper_under_other_terms() -> None:
    paper = protocols.paper("nlprompt")
    found = cells(paper, ["gce"], ["dtd"], [7, 8], "embedded", "coop[lr=0.01]", 3)
    assert {(cell.point.label, cell.point.dataset) for cell in found} == {("gce", "dtd")}
    assert {(r.seed, r.backbone, r.recipe, r.epochs) for cell in found for r in cell.runs} == {
        (seed, "embedded", "coop[epochs=3,lr=0.01]", 3) for seed in (7, 8)
    }
    with pytest.raises(BadInput, match="the paper has no method 'cop': did you mean 'coop'"):
        cells(paper, methods=["cop"])
    with pytest.raises(BadInput, match="the paper has no data set 'food101'"):
        cells(paper, datasets=["food101"])
