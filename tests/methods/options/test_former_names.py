"""A method may change its name: the old one is understood everywhere, and what was trained under it stays done."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from benchmark.analysis.columns import to_csv
from benchmark.analysis.leaderboard import from_csv, leaderboard
from benchmark.plan import method_catalog
from benchmark.plan.axes import Run
from benchmark.plan.grid import Grid
from benchmark.records.checksummed import with_checksum
from benchmark.records.store import Store
from methods.options.former_names import former_names
from methods.recipes import default_name, recipe
from tests.support.plugins import Install
from tests.support.records_factory import result, run


def old_key(of: Run, method: str) -> str:
    """The key that a version gave to which the method was known as `method`."""
    text = json.dumps({name: {**asdict(of), "method": method}[name] for name in sorted(asdict(of))})
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def test_both_names_are_one_run_with_the_key_of_the_first_name() -> None:
    assert run("ce") == run("linear_probe") and run("ce").method == "linear_probe"
    assert run("linear_probe").key == old_key(run(), "ce") != old_key(run(), "linear_probe")
    assert run("ce[loss=gce]").key == run("linear_probe[loss=gce]").key == old_key(run(), "ce[loss=gce]")
    assert run("coop").key == old_key(run(), "coop")
    grid = Grid(["ce", "linear_probe", "ce[loss=ce]"], ["digits"], [0.0], ["symmetric"], [1], [4], ["embedded"])
    assert [each.method for each in grid.runs()] == ["linear_probe"]


def test_a_record_of_the_old_name_is_the_finished_run_of_the_new(tmp_path: Path) -> None:
    store = Store(tmp_path)
    path = store.write(run("linear_probe"), result(70.0))
    old = json.loads(path.read_text())
    old.pop("sha256", None)
    old["run"]["method"] = "ce"
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in old.items() if name != "checksum"]
    path.write_bytes(with_checksum(("{\n" + ",\n".join(lines)).encode()))
    assert '"method": "ce"' in path.read_text()
    again = Store(tmp_path)
    assert again.finished([run("linear_probe")]) == {run("linear_probe").key} == {path.stem}
    (record,), problems = again.load()
    assert record.run == run("linear_probe") and not problems


def test_a_leaderboard_of_the_old_name_is_read_as_one_of_the_new(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(run("ce[loss=gce]"), result(70.0))
    table = leaderboard(store.load().records)
    old = to_csv(table).replace("linear_probe[", "ce[")
    assert list(from_csv(old)["method"]) == ["linear_probe[loss=gce]"] == list(table["method"])


def test_a_recipe_knows_a_method_by_both_names() -> None:
    assert recipe("embedded").lr("ce[loss=gce]") == recipe("embedded").lr("linear_probe[loss=gce]") != 0.03
    assert default_name("ViT-B-16/openai", "ce") == default_name("ViT-B-16/openai", "linear_probe") == "coop"


def test_a_method_of_somebody_else_that_takes_an_old_name_is_left_out_and_named(install: Install) -> None:
    install("methods", "ce", "class Method:\n    pass\n")
    assert "ce" not in method_catalog.methods() and method_catalog.method("ce").name == "linear_probe"
    (line,) = method_catalog.unreadable()
    assert "'ce' is a former name of 'linear_probe'" in line


def test_a_package_may_rename_its_method_too(install: Install) -> None:
    install("methods", "mine", 'FORMERLY = ("yours",)\n\n\nclass Method:\n    pass\n')
    assert former_names()["yours"] == "mine" and run("yours").method == "mine"
