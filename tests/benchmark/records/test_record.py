"""Records and failure notes of any content: each is a record, or is named and left out."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from benchmark.analysis.results import Results
from benchmark.plan.axes import Run
from benchmark.records.checksummed import with_checksum
from benchmark.records.record import BadRecord, Record, read
from benchmark.records.store import Store
from benchmark.report import table_files
from tests.support.any_json import FEW, JSON, NUMBERS, TEXT
from tests.support.records_factory import result, run


def valid() -> dict[str, Any]:
    """The fields of a record as they stand in its file."""
    work = run()
    fields = {name: getattr(work, name) for name in work.__dataclass_fields__}
    return {"schema": 2, "key": work.key, "run": fields, **result(70.0, work)}


def checksummed(value: object) -> bytes:
    return with_checksum(json.dumps(value).removesuffix("}").encode())


@FEW
@given(some.binary(max_size=60))
def test_any_bytes_are_refused_in_words(content: bytes) -> None:
    with pytest.raises(BadRecord, match=r".+"):
        read(content)


@FEW
@given(some.sampled_from(sorted(valid())), JSON)
def test_a_record_with_any_value_in_a_field_is_read_or_refused_and_never_stops_the_tables(
    field: str, value: object
) -> None:
    check({**valid(), field: value})


@FEW
@given(some.sampled_from(sorted(valid()["run"])), some.one_of(JSON, TEXT, NUMBERS))
def test_a_run_with_any_value_in_a_field_is_read_or_refused_and_never_stops_the_tables(field: str, value: Any) -> None:
    changed = valid()["run"] | {field: value}
    try:
        key = Run(**changed).key
    except (TypeError, ValueError):
        key = "none"
    check({**valid(), "run": changed, "key": key})


def check(fields: dict[str, Any]) -> None:
    try:
        text = checksummed(fields)
        record = read(text)
    except (BadRecord, TypeError):
        return
    assert isinstance(record, Record)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        store.path(record.run).parent.mkdir(parents=True)
        store.path(record.run).write_bytes(text)
        campaign = Results.of(*store.load())
        assert len(campaign.records) == 1
        table_files.write_all(campaign, store.out)
        assert (store.out / "leaderboard.csv").exists()
