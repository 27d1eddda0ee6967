"""The catalog of methods: what their source says, and what one file that cannot be read costs."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.__main__ import main
from benchmark.plan import method_catalog
from tests.benchmark.plan.conftest import Add

BROKEN = {
    "half_written": "class Method(\n",
    "not_text": "\ud800",
    "no_such_base": "from nowhere.at_all import Base\nclass Method(Base):\n    pass\n",
    "endless": "x = " + "-" * 100_000 + "1\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_cannot_be_read_costs_one_line_and_no_other_method(
    add: Add, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(name, BROKEN[name])
    for arguments in (["list"], ["bench", "--dry-run", "--methods=all", f"--out={tmp_path / 'out'}"]):
        assert main(arguments) == 0
        printed = capsys.readouterr().out
        assert printed.count(f"left out: method '{name}' cannot be read: ") == 1
        assert "CoOp" in printed
    assert main(["bench", "--dry-run", f"--methods=coop,{name}"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert f"method '{name}' cannot be read: " in lines[0]


def test_the_line_names_file_and_place(add: Add, tmp_path: Path) -> None:
    add("half_written", BROKEN["half_written"])
    (line,) = method_catalog.unreadable()
    assert (
        line
        == f"method 'half_written' cannot be read: {tmp_path / 'more/half_written.py'}, line 1: '(' was never closed"
    )


def test_files_that_editors_leave_are_no_methods(add: Add, tmp_path: Path) -> None:
    add(".#coop", "class Method(\n")
    (tmp_path / "more" / ".#gce.py").symlink_to("nobody@nowhere")
    assert method_catalog.unreadable() == []
