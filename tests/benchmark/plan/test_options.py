"""Numbers of options as people write them, and the grid that options describe."""

from __future__ import annotations

import pytest

from benchmark.errors import BadInput
from benchmark.plan.options import Options, numbers, seeds_of


def test_numbers_are_separated_by_commas_and_whole_ones_may_be_ranges() -> None:
    assert numbers("noise", "0, 0.25,5e-1", float) == [0, 0.25, 0.5]
    assert numbers("seeds", "1-3,7", int) == [1, 2, 3, 7]
    with pytest.raises(BadInput, match="noise: 'half' should be a number"):
        numbers("noise", "0,half", float)


@pytest.mark.parametrize(
    ("text", "line"),
    [("", "no seeds given"), ("-1", "seed is -1, should be at least 0"), (str(2**63), r"should be below 2\^63")],
)
def test_seeds_that_cannot_be_are_refused(text: str, line: str) -> None:
    with pytest.raises(BadInput, match=line):
        seeds_of(text)


def test_options_multiply_to_a_grid() -> None:
    runs = Options(methods="coop,gce", datasets="digits", noise="0.25,0.5", seeds="1-3", shots="1,2").grid().runs()
    assert len(runs) == 2 * 2 * 3 * 2
    assert {(run.method, run.rate, run.shots) for run in runs} == {
        (method, rate, shots) for method in ("coop", "gce") for rate in (0.25, 0.5) for shots in (1, 2)
    }
