"""A run with a file among its options is one of the file's content, not of its path."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch

from benchmark.commands import bench
from benchmark.errors import BadInput
from benchmark.plan.options import Options
from benchmark.records.option_files import file_hashes
from benchmark.records.store import Store
from methods.clip.loading import load_backbone


def words(text: str) -> torch.Tensor:
    return load_backbone("embedded").words(text)


def options(method: str, out: Path) -> Options:
    return Options(methods=method, datasets="digits", noise="0", seeds="1", shots="1", epochs=1, out=out, devices="cpu")


def test_a_record_holds_the_hash_of_a_file_and_a_changed_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "prompt_learner/model.pth.tar-5"
    file.parent.mkdir()
    torch.save({"ctx": words("a photo of a")}, file)
    asked = options(f"fixed_prompt[file={file.parent}]", tmp_path / "out")
    assert bench.main(asked) == 0
    (record,) = Store(asked.out).load().records
    assert record.hashes["file"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert bench.main(asked) == 0  # nothing has changed
    torch.save({"ctx": words("a sketch of a")}, file)
    with pytest.raises(BadInput, match=r"fixed_prompt\[file=.*the file has changed since its runs in"):
        bench.main(asked)
    file.unlink()
    assert bench.main(asked) == 0  # as for data sets that have gone: what is done stays


def test_other_methods_name_no_file(tmp_path: Path) -> None:
    (run,) = options("fixed_prompt[init=a sketch of a]", tmp_path).grid().runs()
    assert file_hashes(run) == {}
