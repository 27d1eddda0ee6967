"""Folders are registries, which installed packages add to; their constants are read and nothing is run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from datamodules import catalog, datasets, noise
from datamodules.errors import UserError
from datamodules.plugins import literals, modules
from tests.support.plugins import Install


def test_a_file_of_the_folder_is_a_member_and_an_underscore_hides_one() -> None:
    assert "dtd" in modules(datasets) and modules(datasets)["dtd"] == "datamodules.datasets.dtd"
    assert "symmetric" in modules(noise) and not any(name.startswith("_") for name in modules(noise))
    assert list(modules(noise)) == sorted(modules(noise))


def test_a_package_adds_members_and_replaces_those_of_its_name(install: Install) -> None:
    install("datasets", "dtd", 'SIZE = {"classes": 3, "tests": 7}\nGROUP = "mine"\n')
    install("datasets", "squares", 'GROUP = "mine"\n')
    assert modules(datasets)["dtd"] == "promptnoise_dtd" and "squares" in catalog.known()
    assert catalog.size("dtd") == (3, 7) and catalog.size("squares") == catalog.TYPICAL == catalog.size("folder:/x")
    assert catalog.groups()["mine"] == ["dtd", "squares"] and "dtd" not in catalog.groups()["coop11"]


def test_constants_that_are_spelled_out_are_read_and_nothing_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "told_apart.py").write_text("A = {'b': 1}\nC = D = 2\nE = len('x')\nf = 3\nraise SystemExit\n")
    assert literals("told_apart") == {"A": {"b": 1}} and "told_apart" not in sys.modules
    with pytest.raises(UserError, match="'no_such' cannot be found; is its package installed"):
        literals("no_such")
