"""The packages run nothing that they read: no free unpickling, no evaluation of text, no shell; docs/security.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/security.md").read_text(encoding="utf-8")
FILES = sorted(path for package in ("benchmark", "methods", "datamodules") for path in (ROOT / package).rglob("*.py"))

#: Modules that unpickle or start shells; of pickle, only its error may be imported.
MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "pty", "commands"}
HARMLESS = {("pickle", "UnpicklingError")}
#: Where pickles are read by a class that makes what it lists and nothing else; `test_..._own_class` looks at how.
OWN_READER = "methods/clip/torch_archive.py"
#: Functions by their bare names, and methods by the last two parts of what is written.
FUNCTIONS = {"eval", "exec", "compile", "__import__", "execfile", "system", "popen", "read_pickle"}
METHODS = {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "pd.read_pickle",
           "pandas.read_pickle", "pd.eval", "pandas.eval", "yaml.load", "yaml.unsafe_load", "builtins.eval",
           "builtins.exec", "code.interact", "jit.load"}  # fmt: skip
#: Arguments that ask for a shell, a free pickle, or code from a hub; `weights_only=False` is looked for, too.
ARGUMENTS = {"shell", "allow_pickle", "trust_remote_code"}


def dangers(text: str) -> Iterator[str]:
    """What in a source could run code that it reads, with its line."""
    for node in ast.walk(ast.parse(text)):
        for what in _imported(node) if isinstance(node, ast.Import | ast.ImportFrom) else _called(node):
            yield f"line {getattr(node, 'lineno', 0)}: {what}"


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    for alias in node.names:
        names = (node.module or "", alias.name) if isinstance(node, ast.ImportFrom) else (alias.name, "")
        if names[0].split(".")[0] in MODULES and names not in HARMLESS:
            yield f"imports {names[0]}"
        if ".".join(names) in METHODS:
            yield f"imports {'.'.join(names)}"


def _called(node: ast.AST) -> Iterator[str]:
    if not isinstance(node, ast.Call):
        return
    written = ast.unparse(node.func)
    arguments = {word.arg: word.value for word in node.keywords}
    if written in FUNCTIONS or ".".join(written.split(".")[-2:]) in METHODS:
        yield f"calls {written}"
    for name in ARGUMENTS & {name for name, value in arguments.items() if ast.unparse(value) != "False"}:
        yield f"passes {name}"
    asked = arguments.get("weights_only")
    if (written == "torch.load" or asked is not None) and ast.unparse(asked or node) != "True":
        yield f"calls {written} without weights_only=True"


@pytest.mark.parametrize("path", FILES, ids=[path.relative_to(ROOT).as_posix() for path in FILES])
def test_nothing_that_is_read_is_run(path: Path) -> None:
    found = [what.partition(": ")[2] for what in dangers(path.read_text(encoding="utf-8"))]
    assert found == (["imports pickle"] if path == ROOT / OWN_READER else [])


def test_the_one_reader_of_pickles_looks_up_every_name_in_a_list_of_its_own() -> None:
    tree = ast.parse((ROOT / OWN_READER).read_text(encoding="utf-8"))
    used = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and "pickle" in ast.unparse(node.value)
    ]
    assert used == ["pickle.Unpickler"]
    (reader,) = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.bases)
    (lookup,) = (node for node in reader.body if isinstance(node, ast.FunctionDef) and node.name == "find_class")
    assert isinstance(lookup.body[-1], ast.Raise) and "super" not in ast.unparse(lookup)


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from pickle import loads",
        "import os, marshal",
        "eval(text)",
        "exec(text)",
        "compile(text, '', 'exec')",
        "__import__(name)",
        "os.system(command)",
        "from os import system",
        "subprocess.run(command, shell=True)",
        "subprocess.getoutput(command)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "create_model(name, weights_only=False)",
        "torch.jit.load(path)",
        "np.load(path, allow_pickle=True)",
        "load_dataset(name, trust_remote_code=True)",
        "pd.read_pickle(path)",
        "yaml.load(text)",
    ],
)
def test_what_would_run_is_found(text: str) -> None:
    assert list(dangers(f"def inner():\n    {text}"))


def test_what_only_looks_alike_is_not_found() -> None:
    lines = ("from pickle import UnpicklingError", "model.eval()", "ast.literal_eval(x)", "re.compile(x)",
             "torch.load(x, weights_only=True)", "np.load(x, allow_pickle=False)")  # fmt: skip
    assert list(dangers("\n".join(lines))) == []


def test_the_page_runs_no_text_either() -> None:
    for path in (ROOT / "benchmark/report/page").glob("*.js"):
        script = path.read_text(encoding="utf-8")
        assert not re.search(r"\beval\(|\bFunction\(|innerHTML|outerHTML|insertAdjacentHTML|document\.write", script), (
            path
        )


def test_every_test_that_the_page_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py): (test_\w+)`", PAGE)
    assert len(named) > 20
    for path, name in named:
        assert re.search(rf"^def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE), (path, name)
    assert all((ROOT / path).exists() for path in re.findall(r"`(tests/[\w/]+\.py)`", PAGE))
