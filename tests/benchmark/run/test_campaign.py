"""A campaign with an engine that trains nothing: what is opened, left out, sorted and said."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from benchmark.commands import bench
from benchmark.errors import BadInput
from benchmark.plan.options import Options
from benchmark.plan.packs import packs
from benchmark.records.store import Store
from benchmark.report.make import make
from benchmark.run.campaign import Planned, train_campaign
from benchmark.run.engines import Engine
from benchmark.run.workload import Workload
from benchmark.screen import Screen
from datamodules.errors import DataError
from tests.support.records_factory import result


@dataclass(frozen=True)
class Nothing(Engine):
    """Keeps what it was asked to train."""

    work: list[Workload[Any]] = field(default_factory=list)
    error: OSError | None = None

    def devices(self, asked: str, small: bool, packs: int) -> list[str]:
        return ["cpu"]

    def train(self, work: Workload[Any]) -> None:
        self.work.append(work)
        if self.error:
            raise self.error


def console() -> Screen:
    return Screen(file=io.StringIO(), width=300)


def said(shown: Screen) -> str:
    text: str = shown.file.getvalue()  # type: ignore[attr-defined]
    return text


def planned(out: Path, methods: str = "coop,vpt") -> tuple[Options, Planned]:
    options = Options(
        methods=methods, datasets="digits,flipped", noise="0.5", seeds="1", shots="1", out=out, wandb="disabled"
    )
    runs = options.grid().runs()
    return options, Planned(runs, packs(runs, 96), frozenset(), 1)


def test_methods_that_do_not_suit_are_left_out_and_the_others_trained_the_dearest_pack_first(tmp_path: Path) -> None:
    options, plan = planned(tmp_path)
    engine, shown, begun = Nothing(), console(), list[int]()
    able = train_campaign(shown, options, engine, plan, lambda: begun.append(len(engine.work)))
    assert {run.method for run in able} == {"coop"} and "left out: VPT: " in said(shown)
    (work,) = engine.work
    assert sorted(run.key for pack in work.packs for run in pack.runs) == sorted(run.key for run in able)
    assert len(work.packs) == 2 and begun == [0]
    assert (work.devices, work.timeout, work.job.out) == (["cpu"], 0, tmp_path)


def test_where_no_method_suits_nothing_begins(tmp_path: Path) -> None:
    options, plan = planned(tmp_path / "out", "vpt")
    with pytest.raises(BadInput, match="none of these methods runs on this backbone"):
        train_campaign(console(), options, Nothing(), plan, lambda: pytest.fail("it began"))
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_told_before_training(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    options, plan = planned(tmp_path / "file" / "out", "coop")
    with pytest.raises(BadInput, match=r"the output folder .* cannot be written: Not a directory"):
        train_campaign(console(), options, Nothing(), plan, lambda: pytest.fail("it began"))


def test_where_writing_fails_in_the_middle_the_runs_without_a_record_are_named(tmp_path: Path) -> None:
    options, plan = planned(tmp_path, "coop")
    first, second = plan.runs
    Store(tmp_path).write(first, result(70.0, first, hashes={}))
    shown = console()
    with pytest.raises(OSError, match="No space"):
        train_campaign(shown, options, Nothing(error=OSError(28, os.strerror(28))), plan, lambda: None)
    assert f"1 finished runs are kept; not written: {second}. Make room and run the same command" in said(shown)


def test_what_is_left_out_is_shown_as_it_is(tmp_path: Path) -> None:
    shown = console()
    shown.say("left out: fpl[k=3]: no labels", "yellow")
    assert said(shown) == "left out: fpl[k=3]: no labels\n"


def test_files_that_are_no_pictures_are_listed_beside_the_tables_and_the_report_says_so(tmp_path: Path) -> None:
    for part, colour in product(("train", "test"), ("red", "blue")):
        (tmp_path / "data" / part / colour).mkdir(parents=True)
        for number in range(2):
            Image.new("RGB", (40, 40), colour).save(tmp_path / "data" / part / colour / f"{number}.png")
    (tmp_path / "data/train/red/notes.txt").write_text("no picture")
    (tmp_path / "data/test/blue/1.heic").write_text("neither")
    out, dataset = tmp_path / "out", f"folder:{tmp_path / 'data'}"
    asked = Options(methods="zero_shot", datasets=dataset, noise="0", seeds="1", shots="1", out=out, devices="cpu")
    assert bench.main(asked) == 0
    rows = list(csv.DictReader((out / "left_out.csv").read_text().splitlines()))
    assert [(row["dataset"], row["file"], row["why"]) for row in rows] == [
        (dataset, "train/red/notes.txt", "is no picture"), (dataset, "test/blue/1.heic", "is no picture")
    ]  # fmt: skip
    assert any("left_out.csv" in line for line in make(out).problems)
    assert "some files of the data sets are not images and were skipped" in (out / "report.html").read_text()
    assert (out / "left_out.csv").exists(), "a report removes what it wrote itself alone"


def test_a_folder_that_cannot_be_used_is_refused_before_torch_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data/train").mkdir(parents=True)
    monkeypatch.setattr(bench, "_workers", pytest.fail)
    asked = Options(methods="zero_shot", datasets=f"folder:{tmp_path / 'data'}", noise="0", out=tmp_path / "out")
    with pytest.raises(DataError, match="test is not there"):
        bench.main(asked)
