"""The report page of known records, and what its tests do on it in a browser."""

from pathlib import Path
from typing import Any

from benchmark.analysis.results import Results
from benchmark.analysis.statistics import caveats, differences
from benchmark.records.failures import Failure
from benchmark.records.store import Store
from benchmark.report.page import build
from tests.support.records_factory import fill, result, run

PICK = """
  const pick = (name, value) => {
    const select = document.querySelector(`#filters select[name=${name}]`);
    select.value = value;
    select.dispatchEvent(new Event("change", {bubbles: true}));
  };
  const cells = (row) => [...row.children].map((cell) => cell.textContent);
  const rows = (id) => [...document.querySelectorAll(`#${id} tbody tr`)].map(cells);
  const column = (id, i) => rows(id).map((row) => row[i]);
  const click = (id, i) => document.querySelectorAll(`#${id} thead button`)[i].click();
"""


def page(store: Store, failures: list[Failure] | None = None, **more: Any) -> str:
    loaded = store.load()
    campaign = Results.of(*loaded)
    return build(campaign, differences(campaign.seen), caveats(campaign.seen), failures or [], **more)


def campaign_store(folder: Path) -> Store:
    """Records of two kinds of noise on the embedded backbone, and two on a larger one."""
    store = fill(folder, rates=(0.0, 0.5), seeds=(1, 2), kinds=("symmetric", "asymmetric"))
    for seed in (1, 2):
        work = run("coop", "dtd", rate=0.5, seed=seed, backbone="RN50/openai", epochs=200)
        store.write(work, result(50.0 + seed, work))
    return store
