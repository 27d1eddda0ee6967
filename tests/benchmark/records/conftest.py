"""What tests of records share."""

from pathlib import Path

import pytest

from benchmark.records.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)
