"""The catalog of methods: what their source says, and what one file that cannot be read costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

import methods
from benchmark.__main__ import main
from benchmark.plan import method_catalog
from benchmark.plan.method_spec import parse_method
from datamodules.errors import UserError
from methods.options.check import options_of

Add = Callable[[str, str], None]
HEAD = "from __future__ import annotations\nimport math\nfrom typing import Annotated, ClassVar\n"
COMPUTED = f"""{HEAD}
from methods.coop import Method as CoOp
from methods.functional import losses

class Method(CoOp):
    temperature: float = math.sqrt(2)
    kind: Annotated["float", "any"] = 1.0
    paradigms: ClassVar[tuple[str, ...]] = ("fewshot",) + ("ssl",)
"""
BROKEN = {
    "half_written": "class Method(\n",
    "not_text": "\ud800",
    "no_such_base": "from nowhere.at_all import Base\nclass Method(Base):\n    pass\n",
    "endless": "x = " + "-" * 100_000 + "1\n",
}


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Add]:
    """Adds a file to the folder of methods."""
    folder = tmp_path / "more"
    folder.mkdir()
    monkeypatch.setattr(methods, "__path__", [*methods.__path__, str(folder)])

    def write(name: str, text: str) -> None:
        (folder / f"{name}.py").write_bytes(text.encode("utf-8", "surrogatepass"))
        method_catalog.scan.cache_clear()

    yield write
    method_catalog.scan.cache_clear()


def test_what_is_read_from_source_is_what_the_classes_say() -> None:
    for info in method_catalog.methods().values():
        method = import_module(info.module).Method
        assert (method.labels, method.inputs, tuple(method.paradigms)) == (info.labels, info.inputs, info.paradigms)
        assert options_of(method) == info.options


def test_no_method_of_ours_has_to_be_imported_for_its_options() -> None:
    for info in method_catalog.methods().values():
        assert info.source.complete
        assert all(option.known for option in info.options.values())


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


def test_a_computed_default_is_an_option_like_any_other(add: Add) -> None:
    add("computed", COMPUTED)
    info = method_catalog.method("computed")
    assert info.options["temperature"].shown == "computed"
    assert info.paradigms == ("fewshot", "ssl")
    assert parse_method("computed[temperature=2,n_ctx=4]")[1] == {"temperature": 2.0, "n_ctx": 4}
    assert info.canonical(parse_method("computed[temperature=1.4142135623730951]")[1]) == "computed"
    with pytest.raises(UserError, match="method 'computed': temperature=hot should be a number"):
        parse_method("computed[temperature=hot]")
    with pytest.raises(UserError, match="no option 'temprature'; did you mean 'temperature'"):
        parse_method("computed[temprature=2]")


def test_nothing_of_a_method_s_file_is_run_while_planning(add: Add, tmp_path: Path) -> None:
    add("evil", f"{HEAD}open({str(tmp_path / 'ran')!r}, 'w')\nclass Method:\n    k: __import__('os').abort() = 1\n")
    assert parse_method("evil")[1] == {}
    assert not (tmp_path / "ran").exists()


def test_an_error_on_import_is_one_line_about_the_method_that_was_asked_for(add: Add) -> None:
    add("raises", f"{COMPUTED}\nraise RuntimeError('no licence')\n")
    assert parse_method("raises")[1] == {}
    with pytest.raises(UserError, match="method 'raises' cannot be imported: RuntimeError: no licence"):
        parse_method("raises[temperature=2]")


def test_a_plain_assignment_changes_a_default_and_a_constant(add: Add) -> None:
    add("changed", "from methods.gce import Method as GCE\nclass Method(GCE):\n    q = 0.5\n    labels = 'none'\n")
    info, values = parse_method("changed[q=0.5]")
    assert values == {}
    assert info.labels == "none"
    assert parse_method("changed[q=0.7]")[1] == {"q": 0.7}
