"""The lists of faults and of changes that may go unnoticed fit the code of today."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.mutants import listed

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("fault", listed("planted.toml"), ids=lambda fault: f"{fault['file']}: {fault['fault']}")
def test_a_planted_fault_changes_code_that_is_there_and_names_tests_that_are(fault: dict[str, Any]) -> None:
    assert (ROOT / fault["file"]).read_text("utf-8").count(fault["code"]) == 1
    assert all((ROOT / test).exists() for test in fault["tests"])


def test_what_may_go_unnoticed_is_a_pattern_with_a_reason_in_a_file_that_exists() -> None:
    for entry in listed("accepted_mutants.toml"):
        re.compile(entry["lines"])
        assert entry["reason"] and list(ROOT.glob(entry["file"]))
