"""What the source of a method says of it, without being run."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from benchmark.plan import method_catalog
from benchmark.plan.method_spec import parse_method
from methods.options.check import options_of
from tests.benchmark.plan.conftest import HEAD, Add


def test_what_is_read_from_source_is_what_the_classes_say() -> None:
    for info in method_catalog.methods().values():
        method = import_module(info.module).Method
        assert (method.labels, method.inputs, tuple(method.paradigms)) == (info.labels, info.inputs, info.paradigms)
        assert options_of(method) == info.options
        assert info.rounds({}) == method.rounds


def test_no_method_of_ours_has_to_be_imported_for_its_options() -> None:
    for info in method_catalog.methods().values():
        assert info.source.complete
        assert all(option.known for option in info.options.values())


def test_nothing_of_a_method_s_file_is_run_while_planning(add: Add, tmp_path: Path) -> None:
    add("evil", f"{HEAD}open({str(tmp_path / 'ran')!r}, 'w')\nclass Method:\n    k: __import__('os').abort() = 1\n")
    assert parse_method("evil")[1] == {}
    assert not (tmp_path / "ran").exists()


def test_a_plain_assignment_changes_a_default_and_a_constant(add: Add) -> None:
    add("changed", "from methods.gce import Method as GCE\nclass Method(GCE):\n    q = 0.5\n    labels = 'none'\n")
    info, values = parse_method("changed[q=0.5]")
    assert values == {}
    assert info.labels == "none"
    assert parse_method("changed[q=0.7]")[1] == {"q": 0.7}
