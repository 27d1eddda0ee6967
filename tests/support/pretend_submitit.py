"""The little of submitit that the Slurm engine's modules name, so that they are tested where it is not installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any


class JobPaths:
    """Where a task's output goes, as in submitit 1.5."""

    def __init__(self, folder: Path, job_id: str) -> None:
        self.stdout = folder / f"{job_id}_0_log.out"


class NotHere:
    """What talks to a cluster."""

    def __init__(self, *inputs: Any, **named: Any) -> None:
        raise AssertionError("submitit is not installed: this test needs it")


class FailedJobError(RuntimeError):
    """What submitit raises."""


@contextmanager
def importable_submitit() -> Iterator[None]:
    """Inside, submitit can be imported: the real one where there is one."""
    if find_spec("submitit"):
        yield
        return
    names: dict[str, dict[str, type]] = {
        "submitit": dict.fromkeys(("JobEnvironment", "SlurmExecutor", "SlurmJob"), NotHere),
        "submitit.core": {},
        "submitit.core.utils": {"FailedJobError": FailedJobError, "JobPaths": JobPaths},
        "submitit.helpers": {"DelayedSubmission": NotHere},
    }
    for name, content in names.items():
        sys.modules[name] = ModuleType(name)
        vars(sys.modules[name]).update(content)
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
