"""What tests of tables share."""

from pathlib import Path

import pytest

from benchmark.records.record import Record
from benchmark.records.store import Store
from tests.support.records_factory import result, run


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two data sets, two methods that use labels and one that does not, few enough to check by hand."""
    store = Store(tmp_path)
    accuracies = {
        ("flipped", "coop"): {0.0: (80.0, 82.0), 0.5: (40.0, 44.0)},
        ("flipped", "gce[q=0.5]"): {0.0: (80.0, 80.0), 0.5: (78.0, 79.0)},
        ("flipped", "zero_shot"): {0.0: (66.0,)},
        ("digits", "coop"): {0.0: (70.0, 71.0), 0.5: (57.0, 57.0)},
        ("digits", "gce[q=0.5]"): {0.0: (70.0, 71.0)},
        ("digits", "zero_shot"): {0.0: (57.0,)},
    }
    for (dataset, method), rates in accuracies.items():
        for rate, values in rates.items():
            for seed, accuracy in enumerate(values, start=1):
                paradigm = "ul" if method == "zero_shot" else "fewshot"
                work = run(method, dataset, "symmetric" if rate else "none", rate, seed, paradigm=paradigm)
                store.write(work, result(accuracy, work))
    return store


@pytest.fixture
def records(store: Store) -> list[Record]:
    return store.load().records
