"""A folder with what bad input names, and a command that is refused there in one line without a trace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.__main__ import main
from benchmark.records.store import Store
from tests.support.records_factory import result, run

Refused = Callable[[str, str], None]


@pytest.fixture
def furnished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with files that the cases name."""
    from benchmark.commands.readme import BEGIN, END

    monkeypatch.chdir(tmp_path)
    Path("FILE").write_text("text\n")
    Path("PAGE").write_text(f"{BEGIN}\n{END}\n")
    Path("BINARY").write_bytes(b"\xff\xfe\x00")
    Path("FOREIGN").mkdir()
    Path("FOREIGN/leaderboard.csv").write_text("mine\n")
    Path("LOOP").symlink_to("LOOP")
    for folder in ("RECORDS", "MISPLACED"):
        record = Store(Path(folder)).write(run(), result())
    Path("MISPLACED/runs/tilted").mkdir()
    record.rename(Path("MISPLACED/runs/tilted") / record.name)
    return tmp_path


@pytest.fixture
def refused(furnished: Path, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Runs a command, which must say `message` in one line, end with 2, and leave everything as it was."""

    def check(line: str, message: str) -> None:
        before = sorted(furnished.rglob("*"))
        assert main(line.replace("KEY", run().key).split()) == 2
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1
        assert lines[0].startswith("promptnoise: ")
        assert message in lines[0]
        assert sorted(furnished.rglob("*")) == before

    return check
