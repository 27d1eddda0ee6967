"""The folder of Slurm's tasks: what lies there is run, so that only its owner may write to it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmark.errors import BadInput
from benchmark.run.engines._array import private


def test_a_new_folder_is_for_its_owner_alone_and_is_accepted_again(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        private(tmp_path / "out" / "slurm")
    finally:
        os.umask(before)
    assert (tmp_path / "out" / "slurm").stat().st_mode & 0o777 == 0o700
    assert private(private(tmp_path / "out" / "slurm")).is_dir()


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777])
def test_a_folder_that_others_can_write_to_is_refused_with_the_command_that_mends_it(tmp_path: Path, mode: int) -> None:
    (tmp_path / "slurm").mkdir()
    (tmp_path / "slurm").chmod(mode)
    with pytest.raises(BadInput, match=f"chmod go-w {tmp_path / 'slurm'}"):
        private(tmp_path / "slurm")
    (tmp_path / "slurm").chmod(mode & ~0o022)
    private(tmp_path / "slurm")


def test_a_link_a_file_and_another_user_s_folder_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    (tmp_path / "file").write_text("")
    for name in ("link", "file"):
        with pytest.raises(BadInput, match="not a folder of yours"):
            private(tmp_path / name)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(BadInput, match="not a folder of yours"):
        private(tmp_path / "there")
