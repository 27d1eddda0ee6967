"""Engines by name and options; what is missing or cannot be asked for is said in one line."""

from __future__ import annotations

import builtins
import shutil
import subprocess
import sys
from typing import Any

import pytest

from benchmark.__main__ import main
from benchmark.errors import BadInput
from benchmark.run import engines
from benchmark.run.engines import parse_engine

GRID = ["--datasets=digits", "--methods=zero_shot", "--dry_run"]


def test_options_are_read_as_those_of_methods_are() -> None:
    ray: Any = parse_engine("ray[address=head:6379,workers=8,gpus=0.5]")
    assert (ray.address, ray.workers, ray.gpus, ray.cpus) == ("head:6379", 8, 0.5, 1.0)
    slurm: Any = parse_engine("slurm[partition=gpu,time=4h,gpus=1,parallel=32,account=lab,mem=16GB]")
    assert slurm._sbatch() == {
        "partition": "gpu", "account": "lab", "mem": "16GB", "gpus_per_node": 1, "time": 240, "cpus_per_task": 1,
        "additional_parameters": {"requeue": True},
    }  # fmt: skip
    assert slurm.planned("auto", small=True) == 32


@pytest.mark.parametrize(("time", "minutes"), [("90m", 90), ("4h", 240), ("2d", 2880)])
def test_a_time_has_a_unit(time: str, minutes: int) -> None:
    engine: Any = parse_engine(f"slurm[time={time}]")
    assert engine.time == minutes


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("slurn", "did you mean 'slurm'?"),
        ("slurm[partiton=gpu]", "did you mean 'partition'?"),
        ("slurm[time=4]", "time=4 should be a number of minutes, hours or days: 90m, 4h, 2d"),
        ("slurm[time=0h]", "time=0h should be a number of minutes"),
        ("slurm[parallel=0]", "parallel=0 should be at least 1"),
        ("slurm[detach=true]", "has no option 'detach'"),
        ("ray[gpus=-1]", "gpus=-1 should be at least 0"),
        ("local[gpus=1]", "engine local has no option 'gpus'; it has no options"),
        ("ray[workers]", "is not written as option=value"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", *GRID, f"--engine={text}"]) == 2
    assert line in capsys.readouterr().err


@pytest.mark.parametrize(("name", "line"), [("local", "nohup"), ("ray", "ray job submit --no-wait")])
def test_an_engine_that_needs_us_cannot_be_left(name: str, line: str) -> None:
    with pytest.raises(BadInput, match=line):
        parse_engine(name, detach=True)
    slurm: Any = parse_engine("slurm", detach=True)
    assert slurm.detach


@pytest.mark.parametrize(("name", "package"), [("ray", "ray"), ("slurm", "submitit")])
def test_a_package_that_is_missing_is_named_with_the_command(
    name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def import_module(asked: str) -> Any:
        if asked == package:
            raise ModuleNotFoundError(asked)
        return builtins.__import__(asked)

    engine = parse_engine(name)
    monkeypatch.setattr(engines, "import_module", import_module)
    with pytest.raises(BadInput, match=rf"engine {name} needs the package {package}: pip install 'promptnoise\[{name}"):
        engine.check("auto")


def test_without_slurm_s_programs_one_of_them_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("submitit", reason="submitit is not installed: pip install 'promptnoise[slurm]'")
    monkeypatch.setattr(shutil, "which", lambda program: None)
    with pytest.raises(BadInput, match="needs the program sbatch; run this on a login node"):
        parse_engine("slurm").check("auto")


@pytest.mark.parametrize(("name", "package"), [("ray", "ray"), ("slurm", "submitit")])
def test_devices_of_this_machine_are_not_those_of_a_cluster(name: str, package: str) -> None:
    pytest.importorskip(package, reason=f"{package} is not installed: pip install 'promptnoise[{name}]'")
    with pytest.raises(BadInput, match=f"--devices=cpu:2 is for engine=local; write --engine={name}"):
        parse_engine(name).check("cpu:2")


def test_the_local_engine_imports_no_other() -> None:
    code = (
        "import sys; from benchmark.__main__ import main; "
        "main(['bench', '--datasets=digits', '--methods=zero_shot', '--dry_run']); "
        "sys.exit(any(name in sys.modules for name in ('ray', 'submitit', 'torch')))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
