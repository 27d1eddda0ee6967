"""Ray: an actor for each device, anywhere in a cluster. What they learn travels to this process, which writes it."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from benchmark.errors import BadInput
from benchmark.plan.axes import all_small
from benchmark.run.devices import SIDE_BY_SIDE
from benchmark.run.engines import Engine
from benchmark.run.pool import keep_busy
from benchmark.run.workload import Workload

if TYPE_CHECKING:
    from benchmark.run.worker import Runner

NoLess = Field(ge=0)
#: Packages that nodes get from here; what these import has to be installed there.
CODE = ("benchmark", "methods", "datamodules")


@dataclass(frozen=True)
class Options(Engine):
    """Actors in a Ray cluster: its address, how many of them (0: as many as there is room for), and what each takes.

    `gpus` of none is one GPU where the cluster has some, and a quarter of one for small models.
    """

    package: ClassVar[str] = "ray"
    example: ClassVar[str] = "workers=8,gpus=1"
    leaving: ClassVar[str] = (
        "submit this command to the cluster: ray job submit --no-wait -- promptnoise bench --engine=ray"
    )
    address: str = "auto"
    workers: Annotated[int, NoLess] = 0
    gpus: Annotated[float, NoLess] | None = None
    cpus: Annotated[float, NoLess] = 1.0

    def planned(self, devices: str, small: bool) -> int:
        """The number that is asked for, else 1."""
        return self.workers or 1

    def devices(self, asked: str, small: bool, packs: int) -> list[str]:
        """As many as are asked for, else as many as the nodes have room for.

        Raises BadInput: there is no cluster, or no room in it.
        """
        ray = _connected(self.address)
        gpus = self._gpus(ray, small)
        if not (count := self.workers or sum(self._room(ray, gpus))):
            there = ", ".join(f"{ray.cluster_resources().get(name, 0):g} {name}s" for name in ("CPU", "GPU"))
            raise BadInput(
                f"no node of the Ray cluster has {self.cpus:g} CPUs and {gpus:g} GPUs for a worker; all nodes together "
                f"have {there}; a cluster that grows needs ray[workers=N]"
            )
        return (["cuda:0"] if gpus else ["cpu"]) * min(count, packs)

    def train(self, work: Workload[Runner]) -> None:
        """Trains the packs in actors, and writes their records here."""
        from benchmark.run.engines._actors import Actors

        ray = _connected(self.address)
        gpus = self._gpus(ray, all_small(run for pack in work.packs for run in pack.runs))
        together = max(1, int(1 / gpus) if gpus else max(self._room(ray, gpus), default=1))
        threads = 0 if gpus else max(1, int(self.cpus))
        runner = replace(work.job, threads=threads, sharing=dict.fromkeys(work.devices, together))
        try:
            keep_busy(Actors(runner, self.cpus, gpus), work)
        finally:
            ray.shutdown()

    def _gpus(self, ray: Any, small: bool) -> float:
        if self.gpus is not None:
            return self.gpus
        return (1 / SIDE_BY_SIDE if small else 1.0) if ray.cluster_resources().get("GPU") else 0.0

    def _room(self, ray: Any, gpus: float) -> list[int]:
        needs = {name: need for name, need in (("CPU", self.cpus), ("GPU", gpus)) if need}
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        return [int(min((node.get(name, 0) / need for name, need in needs.items()), default=1)) for node in nodes]


def _connected(address: str) -> Any:
    """The package `ray`, connected to the cluster at this address; `local` starts one on this machine.

    The nodes get the code of the project from here, unless this process is a job of the cluster that brought its own.
    Raises BadInput: there is no cluster.
    """
    ray = Options.imported()
    if ray.is_initialized():
        return ray
    code = (
        [] if "RAY_JOB_CONFIG_JSON_ENV_VAR" in os.environ else [str(Path(import_module(p).__path__[0])) for p in CODE]
    )
    environment = {"py_modules": code, "excludes": ["__pycache__"]} if code else {}
    try:
        with _handlers_kept():
            ray.init(
                None if address == "local" else address,
                runtime_env=environment,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
    except Exception as error:  # Ray raises that very class where a node does not start in time
        line = str(error).split("\n")[0]
        raise BadInput(
            f"no Ray cluster at {address!r} ({line}); start one with `ray start --head`, or write ray[address=local]"
        ) from None
    return ray


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Takes back the handler of SIGTERM that Ray sets."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
