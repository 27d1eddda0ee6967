"""What trains packs: the local pool, Ray or Slurm. Each is imported where it is asked for, and none imports torch."""

from __future__ import annotations

from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, get_type_hints

from benchmark.errors import BadInput
from benchmark.run.workload import Workload
from datamodules.errors import nearest
from datamodules.names import parse_spec
from methods.options.check import values_of
from methods.options.option import Option

if TYPE_CHECKING:
    from benchmark.run.worker import Runner

KNOWN = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


@dataclass(frozen=True)
class Engine:
    """Workers somewhere, each of which trains one pack at a time; the fields of a subclass `Options` are its options.

    `package` is what it needs, `example` options to write in the place of `--devices`, and `leaving` says how to leave
    it alone where it needs the process that started it.
    """

    package: ClassVar[str] = ""
    example: ClassVar[str] = ""
    leaving: ClassVar[str] = ""

    def check(self, devices: str) -> None:
        """Looks for the package. Raises BadInput: it is missing, or the engine does not take these `--devices`."""
        self.imported()
        if devices != "auto":
            raise BadInput(f"--devices={devices} is for engine=local; write --engine={self.name()}[{self.example}]")

    @classmethod
    def name(cls) -> str:
        """What the command line calls it."""
        return cls.__module__.rpartition(".")[2]

    @classmethod
    def imported(cls) -> Any:
        """The package that it needs. Raises BadInput: it is not installed."""
        try:
            return import_module(cls.package)
        except ImportError:
            line = f"engine {cls.name()} needs the package {cls.package}: pip install 'promptnoise[{cls.name()}]'"
            raise BadInput(line) from None

    def planned(self, devices: str, small: bool) -> int:
        """How many workers there would be, without asking a cluster and without torch."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Starts what takes long, while other things are done; nothing where workers are elsewhere."""

    def devices(self, asked: str, small: bool, packs: int) -> list[str]:
        """The device of each worker, "cpu" or "cuda:N" as the worker calls it; no more than there are packs.

        Raises BadInput: there are none.
        """
        raise NotImplementedError

    def train(self, work: Workload[Runner]) -> None:
        """Trains every pack, as `benchmark.run.pool.map_packs` says."""
        raise NotImplementedError


def parse_engine(text: str, detach: bool = False) -> Engine:
    """The engine that `name` or `name[option=value,...]` asks for; with `detach`, one that works on without us.

    Raises BadInput: an unknown engine or option, a value that the option does not take, or an engine that needs us.
    """
    name, given = parse_spec(text)
    if name not in KNOWN:
        raise BadInput(f"unknown engine {name!r}: {nearest(name, KNOWN)}")
    options = import_module(f"benchmark.run.engines.{name}").Options
    hints = get_type_hints(options, include_extras=True)
    known = {field.name: Option(field.name, hints[field.name], field.default) for field in fields(options)}
    if detach and "detach" not in known:
        raise BadInput(f"--detach is for engine=slurm; {options.leaving}")
    known.pop("detach", None)  # an option of the command, not of the engine
    values = values_of(f"engine {name}", known, given, BadInput)
    engine: Engine = options(**values, **({"detach": True} if detach else {}))
    return engine
