"""Slurm: an array of tasks, each of which trains packs until none is left; the results folder is shared."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from benchmark.errors import BadInput
from benchmark.run.engines import Engine
from benchmark.run.workload import Workload

if TYPE_CHECKING:
    from benchmark.run.worker import Runner

MINUTES = {"m": 1, "h": 60, "d": 24 * 60}


def _minutes(text: Any) -> Any:
    match = re.fullmatch(r"(\d+)([mhd])", str(text))
    if isinstance(text, int):
        return text
    if match is None or not int(match[1]):
        raise PydanticCustomError("duration", "a number of minutes, hours or days: 90m, 4h, 2d")
    return int(match[1]) * MINUTES[match[2]]


@dataclass(frozen=True)
class Options(Engine):
    """Tasks of a Slurm array: `parallel` of them, each with `gpus` GPUs and `cpus` cores for at most `time` (minutes).

    What is empty is left to the cluster. `detach` submits and leaves.
    """

    package: ClassVar[str] = "submitit"
    example: ClassVar[str] = "gpus=1,parallel=16"
    partition: str = ""
    account: str = ""
    qos: str = ""
    constraint: str = ""
    reservation: str = ""
    exclude: str = ""
    mem: str = ""
    time: Annotated[int, BeforeValidator(_minutes)] = 240
    gpus: Annotated[int, Field(ge=0)] = 0
    cpus: Annotated[int, Field(ge=1)] = 1
    parallel: Annotated[int, Field(ge=1)] = 16
    detach: bool = False

    def check(self, devices: str) -> None:
        """Looks for the package and for Slurm's programs.

        Raises BadInput: they are missing, or `--devices` is given.
        """
        super().check(devices)
        if missing := [program for program in ("sbatch", "squeue", "scancel", "srun") if not shutil.which(program)]:
            raise BadInput(f"engine slurm needs the program {missing[0]}; run this on a login node of the cluster")

    def planned(self, devices: str, small: bool) -> int:
        """The devices of all tasks."""
        return self.parallel * max(1, self.gpus)

    def devices(self, asked: str, small: bool, packs: int) -> list[str]:
        """The devices of all tasks."""
        return (["cuda:0"] if self.gpus else ["cpu"]) * min(self.planned(asked, small), packs)

    def train(self, work: Workload[Runner]) -> None:
        """Submits the array, or finds the one that an earlier call submitted, and follows it to the end."""
        from benchmark.run.engines._array import Array

        Array(work, min(self.parallel, len(work.packs)), self._sbatch()).train(self.detach)

    def _sbatch(self) -> dict[str, Any]:
        named = ("partition", "account", "qos", "constraint", "exclude", "mem")
        given = {name: value for name in named if (value := getattr(self, name))}
        more = {"requeue": True} | ({"reservation": self.reservation} if self.reservation else {})
        gpus = {"gpus_per_node": self.gpus} if self.gpus else {}
        return {**given, **gpus, "time": self.time, "cpus_per_task": self.cpus, "additional_parameters": more}
