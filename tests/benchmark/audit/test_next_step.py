"""What is to be typed after an audit."""

from __future__ import annotations

import shlex
from pathlib import Path

from benchmark.audit.next_step import next_step
from benchmark.plan.shared_options import DATA
from tests.support import coop_folders as make


def test_what_is_to_be_typed_names_the_data_set_as_it_can_be_trained_on(tmp_path: Path) -> None:
    make.make_class_folders(tmp_path / "a b", {"": 2})
    make.make_class_folders(tmp_path / "whole", {"train": 2, "test": 1})
    make.make_class_folders(tmp_path / "half", {"train": 2})
    for spec, dataset in {
        str(tmp_path / "a b"): f"folder:{tmp_path / 'a b'}[split=0.2]",
        f"folder:{tmp_path / 'a b'}[name=x]": f"folder:{tmp_path / 'a b'}[name=x,split=0.2]",
        str(tmp_path / "whole"): f"folder:{tmp_path / 'whole'}",
        str(tmp_path / "half"): f"folder:{tmp_path / 'half/train'}[split=0.2]",
        "dtd": "dtd",
    }.items():
        words = shlex.split(next_step(spec, DATA).partition(" and run: ")[2])
        assert words == ["promptnoise", "bench", f"--datasets={dataset}", "--noise_type=human[labels=audited]"]
    assert next_step("dtd", tmp_path, "RN50/openai").endswith(f" --data={tmp_path} --backbone=RN50/openai")
    (tmp_path / "table.csv").touch()
    assert next_step(str(tmp_path / "table.csv"), DATA) == ""
    assert next_step(f"{tmp_path / 'table.csv'}[label=x]", DATA) == ""
