"""Notes of runs that raised: read, or named and left out."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given

from benchmark.records.store import Store
from tests.support.any_json import FEW, JSON
from tests.support.records_factory import run


@FEW
@given(JSON)
def test_any_note_of_a_failure_is_read_or_left_out(value: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        store.fail(run(), "cause")
        (store.out / "failed" / "flipped" / "odd.json").write_text(json.dumps(value))
        assert [failure.cause for failure in store.failures()] == ["cause"]


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", '{"run": 1}', "[" * 100000, '{"run": {"dataset": [1]}, "cause": "x", "key": "y"}', "\x00",
        '{"cause": "\\ud800", "key": "k", "run": {}}',
    ],
)  # fmt: skip
def test_odd_notes_of_failures_are_named_and_left_out(
    store: Store, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    store.fail(run(), "RuntimeError: [/red]")
    odd = store.out / "failed" / "flipped" / "odd.json"
    odd.write_text(text)
    (store.out / "failed" / "flipped" / "folder.json").mkdir()
    assert [failure.cause for failure in store.failures()] == ["RuntimeError: [/red]"]
    assert str(odd) in caplog.text and "folder.json" in caplog.text


def test_a_note_with_a_rate_that_is_no_number_is_left_out(store: Store) -> None:
    work = run(rate=float("nan"))
    store.fail(work, "cause")
    assert store.failures() == []
