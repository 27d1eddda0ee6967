"""Two results folders side by side: what is said of the models behind them."""

from pathlib import Path

import pytest

from benchmark.commands.compare import compare
from benchmark.errors import BadInput
from benchmark.records.store import Store
from tests.support.records_factory import result, run


@pytest.mark.parametrize(
    ("weights", "others", "note"),
    [
        ("v2:77", "v2:77", ""),
        ("v2:77", "v2:99", "other weights under the name embedded: v2:77 in the first folder, v2:99 in the second"),
        ("0a1b", "v2:77", "other weights under the name embedded: 0a1b in the first folder, v2:77 in the second"),
    ],
)
def test_compare_says_whether_two_folders_are_of_one_model(
    tmp_path: Path, weights: str, others: str, note: str
) -> None:
    for folder, own in (("a", weights), ("b", others)):
        Store(tmp_path / folder).write(run(), result(run=run(), hashes={"weights": own, "split": "s"}))
    found = compare(tmp_path / "a", tmp_path / "b")
    assert found.agrees and len(found.notes) == bool(note) and note in "".join(found.notes)


def test_methods_are_not_folders_and_the_command_for_them_is_named() -> None:
    with pytest.raises(BadInput, match=r"^coop is no folder; .* `promptnoise report --methods=A,B` methods$"):
        compare(Path("coop"), Path("gce"))
