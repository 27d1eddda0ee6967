"""`matrix` noise: labels flip as a transition matrix says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from datamodules import noise
from datamodules.dataset import Labels
from datamodules.errors import DataError
from datamodules.noise import Floats
from tests.datamodules.noise.draws import context, wrong

T = np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1], [0.0, 1.0, 0.0]])


def written(folder: Path, text: str) -> str:
    (folder / "T.csv").write_text(text, encoding="utf-8")
    return f"matrix[file={folder / 'T.csv'}]"


def as_csv(table: Floats) -> str:
    return "\n".join(",".join(f"{value:.6g}" for value in row) for row in table)


def counts(ctx: noise.Context, labels: Labels) -> Floats:
    """How many images of each true class (rows) got each label."""
    return np.array([np.bincount(labels[ctx.labels == y], minlength=ctx.classes) for y in range(ctx.classes)])


def test_each_pair_of_classes_has_its_share_of_the_images_rounded_down_or_up(tmp_path: Path) -> None:
    source = np.random.default_rng(0)
    for shots in (1, 3, 16):
        table = source.dirichlet(np.full(7, 0.5), size=7)
        ctx = context(shots=shots)
        found = counts(ctx, noise.corrupt(written(tmp_path, as_csv(table)), ctx, None, 1).labels)
        assert (found.sum(1) == shots).all()
        assert (np.abs(found - shots * table) < 1 + 1e-4).all()


def test_shares_that_are_whole_numbers_of_images_are_exact(tmp_path: Path) -> None:
    ctx = context(classes=3, shots=20)
    for seed in range(5):
        labels = noise.corrupt(written(tmp_path, as_csv(T)), ctx, None, seed).labels
        assert counts(ctx, labels).tolist() == (20 * T).tolist()


def test_over_seeds_the_mean_count_is_the_share(tmp_path: Path) -> None:
    ctx, kind = context(classes=3, shots=2), written(tmp_path, as_csv(T))
    mean = np.mean([counts(ctx, noise.corrupt(kind, ctx, None, seed).labels) for seed in range(600)], axis=0)
    assert mean == pytest.approx(2 * T, abs=0.1)


def test_a_matrix_with_smaller_diagonal_makes_the_same_images_wrong_and_more(tmp_path: Path) -> None:
    ctx, previous = context(classes=3), np.zeros(48, dtype=bool)
    for share in (1.0, 0.9, 0.6, 0.5, 0.2, 0.0):
        table = np.full((3, 3), (1 - share) / 2)
        np.fill_diagonal(table, share)
        now = wrong(ctx, noise.corrupt(written(tmp_path, as_csv(table)), ctx, None, 1))
        assert (previous <= now).all()
        previous = now
    assert previous.all()


def test_names_may_stand_in_any_order_in_the_first_line_and_the_first_column(tmp_path: Path) -> None:
    ctx = replace(context(classes=3, shots=20), names=("grey cat", "dog", "7"))
    plain = noise.corrupt(written(tmp_path, as_csv(T)), ctx, None, 1).labels
    columns = "7,grey_cat,dog\n0,0,1\n.25,.5,.25\n0.1,0.1,0.8\n"
    both = "true,7,grey cat,dog\ndog,0.1,0.1,0.8\n7,0,0,1\ngrey cat,.25,.5,.25\n"
    for text in (columns, both, "\ufeff" + both.replace("\n", "\r\n\r\n")):
        assert (noise.corrupt(written(tmp_path, text), ctx, None, 1).labels == plain).all()


def test_a_table_of_shares_of_all_images_is_divided_by_the_sums_of_its_rows(tmp_path: Path) -> None:
    ctx = context(classes=3)
    plain = noise.corrupt(written(tmp_path, as_csv(T)), ctx, None, 1).labels
    joint = written(tmp_path, as_csv(T * np.array([[0.5], [0.3], [0.2]])))
    assert (noise.corrupt(joint, ctx, None, 1).labels == plain).all()


def test_a_file_that_has_changed_is_read_again(tmp_path: Path) -> None:
    ctx = context(classes=3)
    assert not wrong(ctx, noise.corrupt(written(tmp_path, "1,0,0\n0,1,0\n0,0,1"), ctx, None, 1)).any()
    assert wrong(ctx, noise.corrupt(written(tmp_path, "0,1,0\n0,0,1\n1,0,0"), ctx, None, 1)).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("1,0,0\n0,1,0", "as many rows as columns"),
        ("1,0,0\n0,1\n0,0,1", "row 2 has 2 values"),
        ("0.5,0.4\n0,1", "row 1 sums to 0.9"),
        ("0.99,0\n0,0.99", "row 1 sums to 0.99"),
        ("1.5,-0.5\n0,1", "'1.5' in row 1 is no number from 0 to 1"),
        ("nan,1\n0,1", "'nan' in row 1 is no number"),
        ("1,0\n0,x", "'x' in row 2 is no number"),
        ("1;0\n0;1", "is no number from 0 to 1"),
        ("a,a\n1,0\n0,1", "names a class twice"),
        (",a,b\na,1,0\nc,0,1", "first column should name the same classes"),
        ("0,0\n0,0", "row 1 sums to 0"),
    ],
)
def test_what_is_no_transition_matrix_is_refused_in_one_line_before_anything_runs(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(DataError, match=message) as error:
        noise.parse(written(tmp_path, text))
    assert "\n" not in str(error.value)
    assert "T.csv" in str(error.value)


def test_a_matrix_that_is_not_there_or_of_other_classes_is_refused(tmp_path: Path) -> None:
    ctx = replace(context(classes=3), names=("a", "b", "c"))
    with pytest.raises(DataError, match=r"needs a table of true by given classes: matrix\[file=T.csv\]"):
        noise.parse("matrix")
    with pytest.raises(DataError, match="cannot be read as a CSV table"):
        noise.parse(f"matrix[file={tmp_path / 'no.csv'}]")
    with pytest.raises(DataError, match="cannot be read as a CSV table"):
        noise.parse(f"matrix[file={tmp_path}]")
    with pytest.raises(DataError, match="is of 2 classes; this data set has 3"):
        noise.corrupt(written(tmp_path, "1,0\n0,1"), ctx, None, 1)
    with pytest.raises(DataError, match="names the class 'd', which this data set does not have"):
        noise.corrupt(written(tmp_path, "a,b,d\n1,0,0\n0,1,0\n0,0,1"), ctx, None, 1)
    with pytest.raises(DataError, match="its own and measured, not asked for"):
        noise.corrupt(written(tmp_path, as_csv(T)), ctx, 0.5, 1)
