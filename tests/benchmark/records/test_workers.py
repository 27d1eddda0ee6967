"""The number of workers that a grid was cut for outlives the process, and damage to the file costs a warning."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.errors import BadInput
from benchmark.plan.options import Options
from benchmark.records.workers import record_workers, recorded_workers

RUNS = Options(datasets="digits").grid().runs()


def test_a_number_is_found_for_the_same_grid_alone(tmp_path: Path) -> None:
    assert recorded_workers(tmp_path, RUNS, 96) is None
    record_workers(tmp_path, RUNS, 96, 4)
    record_workers(tmp_path, RUNS[:5], 96, 2)
    assert recorded_workers(tmp_path, RUNS[::-1], 96) == 4
    assert recorded_workers(tmp_path, RUNS[:5], 96) == 2
    assert recorded_workers(tmp_path, RUNS, 40) is None and recorded_workers(tmp_path, RUNS[:6], 96) is None


@pytest.mark.parametrize("content", ["", "[1]", "{}", '{"workers": 3}', '{"workers": [1]}', "\udcff", "[" * 9000])
def test_a_damaged_file_counts_as_absent_and_is_written_anew(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "campaign.json").write_bytes(content.encode(errors="surrogateescape"))
    assert recorded_workers(tmp_path, RUNS, 96) is None
    assert "campaign.json is damaged" in caplog.text
    record_workers(tmp_path, RUNS, 96, 4)
    assert recorded_workers(tmp_path, RUNS, 96) == 4


@pytest.mark.parametrize("number", ["0", "-1", '"4"', "null", "true", "2.5"])
def test_a_number_that_cannot_be_counts_as_absent(tmp_path: Path, number: str) -> None:
    record_workers(tmp_path, RUNS, 96, 4)
    path = tmp_path / "campaign.json"
    path.write_text(path.read_text().replace(": 4", f": {number}"))
    assert recorded_workers(tmp_path, RUNS, 96) is None


def test_a_file_that_is_not_ours_is_set_aside_and_not_lost(tmp_path: Path) -> None:
    for content in ("mine", '{"workers": {}, "mine": 1}'):
        (tmp_path / "campaign.json").write_text(content)
        record_workers(tmp_path, RUNS, 96, 4)
        assert recorded_workers(tmp_path, RUNS, 96) == 4
        record_workers(tmp_path, RUNS[:5], 96, 2)
    assert [path.read_text() for path in sorted(tmp_path.glob("*.bad*"))] == ["mine", '{"workers": {}, "mine": 1}']


def test_a_link_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "campaign.json").symlink_to("elsewhere")
    for attempt in (lambda: recorded_workers(tmp_path, RUNS, 96), lambda: record_workers(tmp_path, RUNS, 96, 4)):
        with pytest.raises(BadInput, match=r"campaign\.json is a link and is kept"):
            attempt()
