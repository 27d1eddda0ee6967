"""The speed benchmark: its reference loop trains what the suite trains, and its counts are right."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch

from benchmark.__main__ import main
from benchmark.run.pack_memory import AllocatedBytes, text_pass_bytes
from benchmark.speed import paper_grid
from benchmark.speed.cases import Settings
from benchmark.speed.class_names import class_names
from benchmark.speed.clock import Race
from benchmark.speed.parts import PackStep
from benchmark.speed.peak import operations
from benchmark.speed.reference import ReferenceRun
from benchmark.speed.text_pass import compare
from datamodules.run_spec import RunSpec
from methods import coop
from methods.clip.loading import load_backbone
from tests.support import toy


def test_the_reference_loop_ends_with_the_context_and_accuracy_of_the_suite() -> None:
    epochs, seed = 3, 1
    data = toy.data_for([RunSpec(seed, 8, "symmetric", 0.5)], epochs)
    method = coop.Method(toy.task([seed], epochs))
    start = method.ctx.detach()[0].clone()
    alone = ReferenceRun(toy.tiny_clip(), toy.CLASSES, start, toy.RECIPE)
    alone.train(toy.toy_dataset(), data.given[0].images, data.given[0].labels, seed, epochs)
    trained = toy.fit([method], data, epochs)
    assert (alone.ctx - start).abs().max() > 1e-2
    torch.testing.assert_close(method.ctx[0], alone.ctx, atol=1e-4, rtol=0)
    assert alone.test(toy.toy_dataset()) == pytest.approx(float(trained.accuracy[0]), abs=1e-6)


def test_a_ratio_is_that_of_each_round() -> None:
    race = Race({"slow": [10.0, 40.0, 90.0], "fast": [1.0, 2.0, 3.0]})
    assert race.ratio("slow", "fast") == (10.0, 20.0, 30.0)
    assert race.median("slow") == 40.0


def test_products_are_counted_forward_and_backward() -> None:
    a, b = torch.ones(3, 4, requires_grad=True), torch.ones(4, 5, requires_grad=True)
    assert operations(lambda: (a @ b).sum().backward()) == 3 * 2 * 3 * 4 * 5


def test_bytes_are_counted_until_they_are_freed() -> None:
    with AllocatedBytes() as counter:
        kept = torch.zeros(1000)
        torch.zeros(2000)
        kept.view(10, 100).add_(1)
    assert (counter.now, counter.peak) == (4000, 12000)
    del kept
    assert counter.now == 0


@pytest.mark.parametrize(("classes", "runs"), [(10, 1), (40, 9)])
def test_a_pack_is_weighed_without_being_computed(classes: int, runs: int) -> None:
    pack = PackStep.of(toy.tiny_clip(), classes, runs)
    with AllocatedBytes() as counter:
        pack.text_pass()
    assert text_pass_bytes(pack.method) == pytest.approx(counter.peak, rel=0.02)


def test_a_row_has_time_operations_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.speed.text_pass.SHORT", {"embedded": "embedded"})
    row = compare(load_backbone("embedded"), 5, 2, Settings(quick=True), None)
    assert row.ratio_min == row.ratio_median == row.ratio_max and row.ratio_median > 0
    assert row.floor is not None and 8 < row.floor < 77
    assert row.baseline_mib is not None and row.suite_mib is not None and row.baseline_mib > row.suite_mib > 0


def test_thousand_class_names_differ() -> None:
    assert len(set(class_names(1000))) == 1000


def test_a_campaign_is_extrapolated_from_a_view_and_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper_grid, "encoding", lambda backbone, settings: 0.001)
    monkeypatch.setattr(paper_grid, "step", lambda backbone, classes, settings: 0.01 * classes)
    row = paper_grid.predict(load_backbone("embedded"), {"a": (10, 500), "b": (2, 30)}, Settings())
    views = 16 * 50 * 3 * (10 + 2) + 530
    steps = 5 * 50 * 90 * 0.1 + 1 * 50 * 90 * 0.02
    assert row.suite_s == pytest.approx(0.001 * views + steps) and row.runs == 180


def test_a_campaign_measures_views_and_the_largest_pack_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    backbone, settings = load_backbone("embedded"), Settings(rounds=1)
    assert paper_grid.encoding(backbone, settings) > 0
    monkeypatch.setattr(paper_grid, "RUNS", 8)
    whole = text_pass_bytes(PackStep.of(backbone, 5, 8).method)
    monkeypatch.setattr(paper_grid.pack_memory, "free_bytes", lambda device: whole)
    sizes = []
    of = PackStep.of
    monkeypatch.setattr(paper_grid.PackStep, "of", lambda *args: sizes.append(args[2]) or of(*args))
    assert paper_grid.step(backbone, 5, settings) > 0
    assert sizes == [8, 4, 4]


def test_the_command_writes_a_table(tmp_path: Path) -> None:
    out = tmp_path / "speed.csv"
    assert main(["speed", "--quick", "--cases=packs", "--devices=cpu", f"--out={out}"]) == 0
    table = pd.read_csv(out)
    assert table["case"].tolist() == ["packs"] and table["ratio_median"].gt(0).all()


def test_an_unknown_case_is_bad_input(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["speed", "--cases=txt", f"--out={tmp_path / 'x.csv'}"]) == 2
    assert "unknown case 'txt': did you mean 'text'?" in capsys.readouterr().err
