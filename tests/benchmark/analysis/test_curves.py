"""Mean curves: epoch by epoch, over the runs that have a value there."""

from __future__ import annotations

import numpy as np

from benchmark.analysis.curves import mean_curve


def test_an_epoch_s_mean_is_over_the_curves_that_have_a_value_there_and_says_over_how_many() -> None:
    mean, count = mean_curve([[1.0, None, 3.0], [3.0, None]])
    np.testing.assert_array_equal(mean, [2.0, np.nan, 3.0])
    assert count.tolist() == [2, 0, 1]


def test_no_curve_has_no_epoch() -> None:
    mean, count = mean_curve([])
    assert mean.shape == count.shape == (0,)
