"""A real Slurm of two one-core nodes on this machine, started for tests and ended after them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("munged", "munge", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel")

CONF = """
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
AuthType=auth/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
SlurmdTimeout=20
MpiDefault=none
ReturnToService=2
KillWait=2
NodeName=one NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1 RealMemory=1000
NodeName=two NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1 RealMemory=1000
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str:
    """Why Slurm cannot be started here; empty where it can."""
    absent = [program for program in PROGRAMS if not shutil.which(program)]
    if absent:
        return f"Slurm is not installed (no {absent[0]}); on Debian: apt-get install slurm-wlm munge"
    return "" if os.geteuid() == 0 else "Slurm's daemons need root"


@dataclass(frozen=True)
class Slurm:
    """A running Slurm; `environment` lets its clients find it."""

    folder: Path
    environment: dict[str, str]

    def start_node(self, name: str) -> None:
        subprocess.run(["slurmd", "-N", name], check=True, env=self.environment)

    def kill_node(self, name: str) -> None:
        """Kills a node's daemon and whatever it started, as if the machine had lost its power."""
        daemon = _pid(self.folder / f"{name}.pid")
        steps = [number for number in _processes() if f"SLURMD_NODENAME={name}" in _environment(number)]
        assert steps, f"nothing runs on node {name}"
        for number in [daemon, *steps]:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)


@contextmanager
def two_nodes(folder: Path) -> Iterator[Slurm]:
    """Starts the daemons in a folder, and ends them by their numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "state").mkdir()
    conf = folder / "slurm.conf"
    conf.write_text(CONF.format(folder=folder, host=socket.gethostname().split(".")[0], ports=_free_ports(3)))
    slurm = Slurm(folder, {**os.environ, "SLURM_CONF": str(conf)})
    munged = None
    if subprocess.run("munge -n | unmunge", shell=True, capture_output=True, check=False).returncode:
        Path("/run/munge").mkdir(parents=True, exist_ok=True)
        shutil.chown("/run/munge", "munge")
        munged = subprocess.Popen(["runuser", "-u", "munge", "--", "munged", "--foreground"])
    try:
        subprocess.run(["slurmctld"], check=True, env=slurm.environment)
        for name in ("one", "two"):
            slurm.start_node(name)
        _wait_for_idle_nodes(slurm)
        yield slurm
    finally:
        subprocess.run(["scancel", "--user=root"], capture_output=True, check=False, env=slurm.environment)
        steps = [n for n in _processes() if f"SLURM_CONF={conf}" in _environment(n) and n != os.getpid()]
        time.sleep(3)  # KillWait
        for number in steps:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        for name in ("slurmctld", "one", "two"):
            with suppress(ProcessLookupError, FileNotFoundError, ValueError):
                os.kill(_pid(folder / f"{name}.pid"), signal.SIGTERM)
        if munged is not None:
            munged.terminate()
            munged.wait()


def _wait_for_idle_nodes(slurm: Slurm) -> None:
    for _ in range(60):
        states = subprocess.run(
            ["sinfo", "-h", "-N", "-o", "%t"], capture_output=True, text=True, check=False, env=slurm.environment
        )
        if states.stdout.split() == ["idle", "idle"]:
            return
        time.sleep(0.5)
    raise RuntimeError(f"Slurm did not come up; see {slurm.folder}")


def _free_ports(count: int) -> list[int]:
    with closing(socket.socket()) as first, closing(socket.socket()) as second, closing(socket.socket()) as third:
        sockets = (first, second, third)[:count]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _pid(path: Path) -> int:
    return int(path.read_text())


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def _environment(number: int) -> list[str]:
    try:
        return Path(f"/proc/{number}/environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []
