"""Files are written by one door, `benchmark/outputs`; what else writes is named here, and why."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from benchmark.commands import COMMANDS
from tests.benchmark.outputs.test_commands import COMMANDS as WRITTEN

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8").split("## What commands write")[1].split("\n## ")[0]
FILES = sorted(path for package in ("benchmark", "methods", "datamodules") for path in (ROOT / package).rglob("*.py"))
#: The door itself, and what it stands on.
DOOR = ("benchmark/outputs/", "datamodules/atomic.py")

#: Functions and methods that write, move or remove files, whatever they are given.
WRITERS = {
    "write_text", "write_bytes", "touch", "savefig", "save_file", "to_parquet", "to_pickle", "to_excel", "to_feather",
    "tofile", "savetxt", "hardlink_to", "symlink_to", "link", "symlink", "unlink", "rmtree",
    "rmdir", "removedirs", "copyfile", "copy2", "copytree", "truncate", "FileLock", "CSVLogger",
    "TensorBoardLogger", "NamedTemporaryFile", "mkstemp", "save_checkpoint", "urlretrieve", "extractall",
}  # fmt: skip
#: Those that do so only where their first argument is a place: no buffer, and no text to replace.
WITH_A_PLACE = {"save", "savez", "savez_compressed", "dump", "to_csv", "to_json"}
NO_PLACE = {"buffer", "stream"}
PATHS_ALONE = {"replace", "rename"}  # of a path with one argument; of a text, a table or a record with others
DOTTED = {"atomic.write", "atomic.replacing", "wandb.init", "os.remove", "shutil.move"}
BY_MODE = {"open", "fdopen"}
#: Who writes past the door, by which calls.
PAST = {
    "benchmark/records/store.py": {
        "atomic.write",
        "unlink",
    },  # records, runs/*/*, and notes, failed/*/*.json, named by the hash of the run
    "benchmark/records/paths.py": {"rename"},  # renaming to .bad, which replaces nothing
    "benchmark/records/joined.py": {"atomic.write"},  # copies of records; origins.json, read, checked and extended
    "benchmark/records/workers.py": {
        "atomic.write"
    },  # campaign.json, read and extended; one that is not ours is renamed to .bad
    "benchmark/records/locks.py": {"FileLock"},  # empty files in locks/
    "benchmark/records/attempts.py": {"touch", "unlink"},  # empty files in locks/begun/
    "benchmark/records/logged.py": {"atomic.write"},  # marks of logged records in wandb/logged-*/ and track/*/.logged/
    "benchmark/run/engines/_tasks.py": {"atomic.write", "open"},  # plan and events of a Slurm array in slurm/
    "benchmark/tracking/curve_files.py": {
        "CSVLogger",
        "TensorBoardLogger",
        "unlink",
    },  # Lightning's loggers in track/*/*/RUN-KEY/
    "benchmark/tracking/follow.py": {"open"},  # wandb/follow.log, appended to
    "benchmark/tracking/logging_records.py": {"FileLock", "atomic.write"},  # a lock and an id in wandb/logged-*/
    "benchmark/tracking/wandb_run.py": {
        "wandb.init",
        "write_bytes",
        "rmtree",
    },  # W&B's own files in wandb/; temporary pictures
    "datamodules/features/feature_store.py": {
        "FileLock",
        "atomic.write",
        "unlink",
    },  # feature shards in the cache, named by a hash of model and pictures
    "benchmark/pretrain/vocabulary.py": {
        "save_file",
        "write_text",
    },  # no command: the embedded weights of the repository
    "benchmark/__main__.py": {"NamedTemporaryFile"},  # the traceback of a bug, as a new temporary file
}
FLAGS = re.compile(r"O_(WRONLY|RDWR|CREAT|TRUNC|APPEND)")


def writers(text: str) -> Iterator[str]:
    """The calls in a source that write, move or remove a file."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and (name := _name(node.func)) and _writes(name, node):
            yield written if (written := ast.unparse(node.func)) in DOTTED else name


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _writes(name: str, call: ast.Call) -> bool:
    written, first = ast.unparse(call.func), call.args[0] if call.args else None
    if name in WRITERS or written in DOTTED:
        return True
    if name in WITH_A_PLACE:
        named = {word.arg for word in call.keywords} & {"path_or_buf", "fp", "f", "file"}
        attribute = isinstance(call.func, ast.Attribute)
        return bool(named) or (attribute and first is not None and ast.unparse(first) not in NO_PLACE)
    if name in PATHS_ALONE and isinstance(call.func, ast.Attribute):
        on_a_path = len(call.args) == 1 and not call.keywords and not isinstance(first, ast.Constant)
        return written.startswith("os.") or (on_a_path and not written.startswith("self."))
    if name in BY_MODE:
        modes = [*call.args, *(word.value for word in call.keywords if word.arg == "mode")]
        asked = [str(mode.value) for mode in modes if isinstance(mode, ast.Constant)]
        return any(re.fullmatch(r"[rbtU]*[wax+][rwaxbt+]*", mode) for mode in asked) or bool(
            FLAGS.search(ast.unparse(call)) and "devnull" not in ast.unparse(call)
        )
    return False


def table(first: str) -> list[list[str]]:
    """The rows of the page's table whose first column has this title, as lists of cells."""
    rows, inside = [], False
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        inside = line.startswith("|") and (inside or cells[0] == first)
        if inside and not line.startswith("| :--") and cells[0] != first:
            rows.append(cells)
    return rows


def test_only_the_door_and_the_writers_named_here_write_files() -> None:
    found = {}
    for path in FILES:
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(DOOR) and (calls := {*writers(path.read_text(encoding="utf-8"))}):
            found[name] = calls
    assert found == PAST


@pytest.mark.parametrize(
    "source",
    [
        "open(path, 'w')",
        "path.open('xb')",
        "path.open(mode='a')",
        "open(path, 'r+')",
        "path.write_text(text)",
        "path.write_bytes(b'')",
        "board.to_csv(path)",
        "board.to_csv(path_or_buf=path)",
        "partial.replace(path)",
        "path.rename(other)",
        "os.replace(a, b)",
        "os.rename(a, b)",
        "shutil.move(a, b)",
        "np.savez(path, rows)",
        "figure.savefig(path)",
        "save_file(tensors, path)",
        "picture.save(path)",
        "np.save(path, rows)",
        "torch.save(model, path)",
        "shutil.copyfile(a, b)",
        "path.unlink()",
        "os.open(path, os.O_WRONLY)",
        "os.fdopen(number, 'w')",
        "json.dump(value, file)",
        "path.touch()",
        "os.remove(path)",
        "shutil.rmtree(path)",
        "atomic.write(path, text)",
        "FileLock(path)",
    ],
)
def test_a_new_way_to_write_would_be_found(source: str) -> None:
    assert [*writers(source)]


@pytest.mark.parametrize(
    "source",
    [
        "open(path)",
        "path.open('rb')",
        "path.open(encoding='utf-8')",
        "text.replace('a', 'b')",
        "replace(run, seed=1)",
        "rows.rename(columns=names)",
        "means.rename('best')",
        "board.to_csv(index=False)",
        "picture.save(buffer, 'JPEG')",
        "save(tensors)",
        "np.save(buffer, rows)",
        "zipped.open(info)",
        "Image.open(path)",
    ],
)
def test_what_reads_or_changes_texts_is_no_writer(source: str) -> None:
    assert not [*writers(source)]


def test_the_page_has_a_row_for_each_command() -> None:
    assert sorted(name for row in table("command") for name in re.findall("`([a-z]+)`", row[0])) == sorted(COMMANDS)


@pytest.mark.parametrize("line", WRITTEN, ids=[line.split()[0] for line in WRITTEN])
def test_the_page_names_each_file_of_a_command(line: str) -> None:
    (row,) = [row for row in table("command") if f"`{line.split()[0]}`" in row[0]]
    patterns = re.findall("`([^`]+)`", row[1])
    assert [name for name in WRITTEN[line] if not any(fnmatch(name, pattern) for pattern in patterns)] == []
