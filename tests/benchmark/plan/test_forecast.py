"""How long a grid takes: what equal runs took, or scaled from others of the backbone, over simulated devices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmark.__main__ import main
from benchmark.errors import BadInput
from benchmark.plan.axes import Run
from benchmark.plan.forecast import Costs, Measured, forecast
from benchmark.plan.options import Options
from benchmark.plan.packs import Pack
from tests.support import records_factory as factory


def run(method: str = "coop", dataset: str = "digits", seed: int = 1, **more: Any) -> Run:
    return factory.run(method, dataset, seed=seed, **{"noise": "none", "rate": 0.0, **more})


def units(run: Run) -> int:
    return Pack((run, run)).cost - Pack((run,)).cost


def test_a_run_takes_what_runs_took_that_differ_in_noise_and_seed_alone() -> None:
    costs = Costs.of([Measured(run(), 2.0, "cpu"), Measured(run(seed=2), 4.0, "cpu")], "cpu")
    assert costs.seconds(run(seed=9, noise="symmetric", rate=0.5)) == 3.0


def test_runs_of_a_method_that_is_gone_say_nothing_of_others() -> None:
    costs = Costs.of([Measured(run("gone"), 8.0, "cpu"), Measured(run("coop"), 4.0, "cpu")], "cpu")
    assert costs.seconds(run("gce")) == pytest.approx(4.0)


def test_an_unknown_run_is_scaled_by_classes_and_images_and_by_its_method() -> None:
    slow, fast = Measured(run("gce"), 8.0, "cpu"), Measured(run("coop"), 4.0, "cpu")
    costs = Costs.of([slow, fast], "cpu")
    ratio = units(run("coop", "flipped")) / units(run("coop", "digits"))
    assert costs.seconds(run("coop", "flipped")) == pytest.approx(4.0 * ratio)
    assert costs.seconds(run("gce", "flipped")) == pytest.approx(8.0 * ratio)
    assert costs.seconds(run("linear_probe", "flipped")) == pytest.approx(6.0 * ratio)


def test_runs_on_another_kind_of_device_do_not_count() -> None:
    costs = Costs.of([Measured(run(), 2.0, "cpu"), Measured(run(), 100.0, "GPU")], "cpu")
    assert costs.seconds(run(seed=3)) == 2.0


def test_a_backbone_that_was_never_measured_is_refused() -> None:
    with pytest.raises(BadInput, match="no record of ViT-B-16/openai on cpu"):
        Costs.of([Measured(run(), 2.0, "cpu")], "cpu").seconds(run(backbone="ViT-B-16/openai"))


def test_a_campaign_is_no_shorter_than_its_share_of_the_work_or_its_longest_run() -> None:
    runs = Options(datasets="flipped,digits", epochs=200).grid().runs()
    costs = Costs.of([Measured(run(epochs=200), 60.0, "cpu")], "cpu")
    total = sum(map(costs.seconds, runs))
    for devices in (1, 4, 32, 500):
        found = forecast(runs, 96, devices, costs)
        assert found.ideal == pytest.approx(max(total / devices, *map(costs.seconds, runs)))
        assert found.busy == pytest.approx(total) and found.makespan >= found.ideal * (1 - 1e-9)
        assert found.utilisation == pytest.approx(total / (devices * found.makespan))
    assert forecast(runs, 96, 1, costs).makespan == pytest.approx(total)


def test_sixty_four_devices_are_busy_for_nine_tenths_of_the_papers_grid() -> None:
    datasets = "caltech101,oxford_pets,stanford_cars,oxford_flowers,food101,fgvc_aircraft,sun397,dtd,eurosat,ucf101"
    grid = Options(
        datasets=datasets, methods="coop,gce,ce,mae,nlprompt", noise="0.125,0.25,0.375,0.5,0.625,0.75", epochs=50,
        backbone="ViT-B-16/openai",
    ).grid().runs()  # fmt: skip
    assert len(grid) == 900
    costs = Costs.of([Measured(grid[0], 60.0, "GPU")], "GPU")
    for devices in (1, 8, 64):
        assert forecast(grid, 96, devices, costs).utilisation >= 0.9


def test_the_command_prints_a_row_for_each_number_of_devices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    factory.fill(tmp_path)
    assert main(["plan", "--datasets=flipped", "--devices=1,8", f"--costs={tmp_path}"]) == 0
    said = capsys.readouterr().out
    assert "runs on cpu" in said and [row.split()[0] for row in said.splitlines()[2:] if row.strip()] == ["1", "8"]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--devices=few"], "devices: 'few' should be a whole number"),
        (["--devices=0"], "from 1 to 100,000"),
        (["--backbone=hf-hub:a/b"], "no records in"),
    ],
    ids=["words", "none", "no records"],
)
def test_the_command_says_what_it_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], line: str
) -> None:
    assert main(["plan", *options, f"--out={tmp_path}"]) == 2
    assert line in capsys.readouterr().err
