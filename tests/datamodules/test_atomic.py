"""Files are there whole or not at all, and nothing else is touched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from datamodules import atomic


def test_a_link_that_was_laid_in_the_place_of_the_partial_file_is_not_followed(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine")
    (tmp_path / f".table.csv.{atomic.HOST}.{os.getpid()}.partial").symlink_to(mine)
    atomic.write(tmp_path / "table.csv", "ours")
    assert mine.read_text() == "mine" and (tmp_path / "table.csv").read_text() == "ours"
    assert len([*tmp_path.iterdir()]) == 2


def test_what_was_there_stays_if_writing_ends_half_way(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    atomic.write(path, "whole")
    with pytest.raises(KeyboardInterrupt), atomic.replacing(path) as file:
        file.write(b"ha")
        raise KeyboardInterrupt
    assert path.read_text() == "whole" and [*tmp_path.iterdir()] == [path]
