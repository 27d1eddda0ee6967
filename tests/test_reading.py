"""Every file is read through `datamodules.reading`, which waits for no pipe and reads no endless device."""

from __future__ import annotations

import ast
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from datamodules import reading

ROOT = Path(__file__).parents[1]
FILES = sorted(path for package in ("benchmark", "methods", "datamodules") for path in (ROOT / package).rglob("*.py"))

#: Methods and functions that open a file for reading by its path.
METHODS = {"read_text", "read_bytes", "open", "memmap", "safe_open", "read_csv", "read_parquet", "netrc", "load_file",
           "fromfile", "genfromtxt", "loadtxt", "read_json", "read_excel", "create_model"}  # fmt: skip
#: Whole calls, as they are written, that read what they are given by path, or by an open file.
CALLS = {"torch.load", "np.load", "json.load", "tomllib.load", "parquet.read_table", "pq.read_table", "csv.reader"}
#: Where a file is opened otherwise, and why that is right.
EXCEPTIONS = {
    ("benchmark/__main__.py", "os.open"): "the null device, to write to",
    ("benchmark/audit/decisions.py", "np.load"): "bytes that were read here",
    ("benchmark/outputs/manifest.py", "os.open"): "a folder, to lock it",
    ("benchmark/records/prediction_file.py", "parquet.read_table"): "bytes that were read here",
    ("benchmark/analysis/leaderboard.py", "pd.read_csv"): "text that was read here",
    ("benchmark/run/pack_memory.py", "read_text"): "the system's own files under /proc and /sys, which have no size",
    ("benchmark/tracking/mode.py", "netrc.netrc"): "looked at with reading.check before",
    ("datamodules/features/shards.py", "safe_open"): "looked at with reading.check before",
    ("datamodules/formats/arrays.py", "np.memmap"): "opened with reading.open_file before",
    ("datamodules/formats/arrays.py", "archive.open"): "a part of an archive that was opened here",
    ("datamodules/formats/cifar_n.py", "torch.load"): "a file that was opened here",
    ("datamodules/formats/csv_table.py", "csv.reader"): "text that was read here",
    ("datamodules/formats/csv_table.py", "pd.read_parquet"): "bytes that were read here",
    ("datamodules/formats/csv_table.py", "pd.read_excel"): "bytes that were read here",
    ("datamodules/formats/images.py", "Image.open"): "a file that was opened here",
    ("datamodules/formats/picture_files.py", "Image.open"): "a file that was opened here",
    ("datamodules/noise/_transition.py", "csv.reader"): "text that was read here",
    (
        "methods/clip/torch_archive.py",
        "archive.open",
    ): "a part of an archive that was looked at by methods.clip.weights",
    ("methods/clip/checkpoint.py", "load_file"): "looked at by methods.clip.weights.resolve",
    ("methods/clip/checkpoint.py", "torch.load"): "looked at by methods.clip.weights.resolve",
    ("methods/clip/loading.py", "open_clip.create_model"): "its files were looked at by methods.clip.weights.resolve",
}


def opened(path: Path) -> Iterator[tuple[str, int]]:
    """What a source calls that opens a file to read it, and the line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        written = ast.unparse(node.func)
        name = written.rpartition(".")[2]
        given = [*node.args, *(word.value for word in node.keywords)]
        words = [word.value for word in given if isinstance(word, ast.Constant)]
        writes = name == "open" and any(word in ("w", "wb", "a", "ab", "x", "xb") for word in words)
        of_data_set = written not in ("open", "os.open") and name == "open" and len(node.args) >= 2 and not words
        if (written in CALLS or name in METHODS) and not (writes or of_data_set or written.startswith("reading.")):
            yield written, node.lineno


@pytest.mark.parametrize("path", FILES, ids=[path.relative_to(ROOT).as_posix() for path in FILES])
def test_no_source_opens_a_file_past_the_one_reader(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    if name in ("datamodules/reading.py", "benchmark/records/classify.py"):  # the reader; a script that stands alone
        return
    for written, line in opened(path):
        short = written if (name, written) in EXCEPTIONS else written.rpartition(".")[2]
        assert (name, short) in EXCEPTIONS, f"{name}, line {line}: {written}; use datamodules.reading"


def test_every_exception_is_still_one() -> None:
    for name, call in EXCEPTIONS:
        calls = {written for written, _ in opened(ROOT / name)}
        assert call in calls | {written.rpartition(".")[2] for written in calls}, (name, call)


def fifo(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def link_to_fifo(path: Path) -> None:
    os.mkfifo(path.with_name("pipe-behind"))
    path.symlink_to(path.with_name("pipe-behind"))


def listening(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as own:
            own.bind(path.name)
    finally:
        os.chdir(here)


def too_large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(300 * 2**30)  # takes no room


KINDS: dict[str, Callable[[Path], None]] = {
    "pipe": fifo, "device": device, "link": link_to_fifo, "socket": listening, "size": too_large
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_of_its_kind_is_refused_at_once(kind: str, tmp_path: Path) -> None:
    path, start = tmp_path / "x", time.monotonic()
    KINDS[kind](path)
    for read in (reading.read_bytes, reading.read_text, lambda path: reading.check(path, reading.TENSORS)):
        with pytest.raises(reading.NotReadable, match=r"should be a regular file|the most for its kind") as error:
            read(path)
        assert error.value.filename == str(path)
    assert time.monotonic() - start < 5


def test_a_file_is_read_whole_and_no_more_than_it_may_have(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"a\r\n\xc3\xa9")
    assert reading.read_bytes(path) == b"a\r\n\xc3\xa9"
    assert reading.read_text(path) == "a\r\né"
    assert reading.read_bytes(path, 5) == reading.read_bytes(path)
    with pytest.raises(reading.NotReadable, match="larger than"):
        reading.read_bytes(path, 4)
    with pytest.raises(IsADirectoryError):
        reading.read_bytes(tmp_path)
    with pytest.raises(FileNotFoundError):
        reading.read_bytes(tmp_path / "y")
    assert reading.read_bytes(Path("/proc/self/cmdline"))  # a file that has no size before it is read
    with pytest.raises(reading.NotReadable, match="larger than"):
        reading.read_bytes(Path("/proc/self/maps"), 10)


def test_a_pipe_that_takes_the_place_of_a_file_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    os.mkfifo(path)
    monkeypatch.setattr(reading, "check", lambda path, most: None)
    done: list[BaseException] = []

    def read() -> None:
        try:
            reading.read_bytes(path)
        except OSError as error:
            done.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(5)
    assert done and isinstance(done[0], reading.NotReadable)


def test_facts_lie_in_the_toml_file_of_a_sources_own_name(tmp_path: Path) -> None:
    (tmp_path / "shapes.toml").write_text('circle = ["disc", 0.8]\n')
    assert reading.facts_beside(str(tmp_path / "shapes.py")) == {"circle": ["disc", 0.8]}
