"""Which records are logged: by their very bytes, in a project, with the address of their page."""

from __future__ import annotations

from pathlib import Path

from benchmark.records.logged import addresses, is_marked, marks, write_mark


def test_a_record_is_logged_once_its_very_bytes_are_in_that_project(tmp_path: Path) -> None:
    mark = marks(tmp_path, "online") / "key"
    assert not is_marked(mark, b"record")
    write_mark(mark, b"record", "https://page")
    assert is_marked(mark, b"record")
    assert not is_marked(mark, b"record, changed") and not is_marked(mark, b"record", "another project")
    write_mark(mark, b"record", place="another project")
    assert is_marked(mark, b"record", "another project") and not is_marked(mark, b"record")


def test_pages_are_those_of_runs_that_were_logged_online(tmp_path: Path) -> None:
    write_mark(marks(tmp_path, "online") / "a", b"record", "https://page")
    write_mark(marks(tmp_path, "online") / "without-a-page", b"record")
    write_mark(marks(tmp_path, "offline") / "b", b"record", "https://other")
    (marks(tmp_path, "online") / "not-text").write_bytes(b"\xff\n\xff")
    (marks(tmp_path, "online") / "folder").mkdir()
    assert addresses(tmp_path) == {"a": "https://page"}
    assert addresses(tmp_path / "nowhere") == {}
