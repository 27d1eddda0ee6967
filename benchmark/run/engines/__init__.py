"""What trains packs: the local pool, Ray or Slurm. Each is imported where it is asked for, and none imports torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, get_type_hints

from benchmark.errors import BadInput
from benchmark.plan.packs import Pack
from datamodules.errors import nearest
from datamodules.names import parse_spec
from methods.options.check import values_of
from methods.options.option import Option

if TYPE_CHECKING:
    from benchmark.run.worker import Runner

KNOWN = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))

#: How to leave an engine alone that needs the process which started it.
DETACHED = {
    "local": "start this command with nohup or in tmux",
    "ray": "submit this command to the cluster: ray job submit --no-wait -- promptnoise bench --engine=ray",
}


class Engine(Protocol):
    """Workers somewhere, each of which trains one pack at a time; a frozen dataclass whose fields are its options."""

    def check(self, devices: str) -> None:
        """Raises BadInput where its package is missing, or where it does not take these `--devices`."""

    def planned(self, devices: str, small: bool) -> int:
        """How many workers there would be, without asking a cluster and without torch."""

    def prepare(self) -> None:
        """Starts what takes long, while other things are done."""

    def devices(self, asked: str, small: bool, packs: int) -> list[str]:
        """The device of each worker, "cpu" or "cuda:N" as the worker calls it; no more than there are packs."""

    def map_packs(
        self,
        runner: Runner,
        packs: Sequence[Pack],
        devices: Sequence[str],
        on_event: Callable[[int, Any], None],
        lost: Callable[[Pack, str], None],
        timeout: float,
    ) -> None:
        """Trains every pack, as `benchmark.run.pool.map_packs` says."""


def parse_engine(text: str, detach: bool = False) -> Engine:
    """The engine that `name` or `name[option=value,...]` asks for; with `detach`, one that works on without us.

    Raises:
        BadInput: an unknown engine or option, a value that the option does not take, or an engine that needs us.
    """
    name, given = parse_spec(text)
    if name not in KNOWN:
        raise BadInput(f"unknown engine {name!r}: {nearest(name, KNOWN)}")
    kind = import_module(f"benchmark.run.engines.{name}").Options
    hints = get_type_hints(kind, include_extras=True)
    known = {field.name: Option(field.name, hints[field.name], field.default) for field in fields(kind)}
    if detach and "detach" not in known:
        raise BadInput(f"--detach is for engine=slurm; {DETACHED[name]}")
    known.pop("detach", None)  # an option of the command, not of the engine
    values = values_of(f"engine {name}", known, given, BadInput)
    engine: Engine = kind(**values, **({"detach": True} if detach else {}))
    return engine


def import_package(engine: str, package: str) -> Any:
    """The package that an engine needs.

    Raises:
        BadInput: it is not installed.
    """
    try:
        return import_module(package)
    except ImportError:
        raise BadInput(f"engine {engine} needs the package {package}: pip install 'promptnoise[{engine}]'") from None
