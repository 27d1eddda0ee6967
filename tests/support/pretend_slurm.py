"""sbatch, squeue, scancel and srun of one machine, for submitit: tasks are processes, what Slurm refuses is refused.

Run as a program (`pretend_slurm.py NAME ARGUMENTS`) it is the program NAME; state lies in the folder PRETEND_SLURM.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

#: Options that sbatch of Slurm 22 to 25 has, of those that we or submitit could write.
KNOWN = {
    "account", "array", "constraint", "cpus-per-task", "error", "exclude", "gpus-per-node", "job-name", "mem", "nodes",
    "ntasks-per-node", "open-mode", "output", "partition", "qos", "requeue", "reservation", "signal", "time", "wckey",
}  # fmt: skip
PARTITIONS = ("", "main")


def install(folder: Path) -> dict[str, str]:
    """Writes the programs into a folder; returns the environment in which they are found."""
    (folder / "bin").mkdir(parents=True)
    for name in ("sbatch", "squeue", "scancel", "srun"):
        program = folder / "bin" / name
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -I -S {__file__} {name} "$@"\n')
        program.chmod(0o755)
    return {"PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}", "PRETEND_SLURM": str(folder)}


def sbatch(state: Path, script: str) -> None:
    """Starts the tasks of an array, or one."""
    if (state / "down").exists():
        sys.exit("sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)")
    given = dict(re.findall(r"^#SBATCH --([a-z-]+)=?(.*)$", Path(script).read_text(), re.MULTILINE))
    given = {name: "".join(shlex.split(value)) for name, value in given.items()}
    if unknown := given.keys() - KNOWN:
        sys.exit(f"sbatch: unrecognized option '--{min(unknown)}'")
    if given.get("partition", "") not in PARTITIONS:
        sys.exit(f"sbatch: error: invalid partition specified: {given['partition']}")
    job = 1 + len(list(state.glob("job-*")))
    (state / f"job-{job}").write_text(given["job-name"])
    count = int(re.match(r"0-(\d+)", given["array"])[1]) + 1 if "array" in given else 0  # type: ignore[index]
    for number in range(max(1, count)):
        name = f"{job}_{number}" if count else str(job)
        array = {"SLURM_ARRAY_JOB_ID": str(job), "SLURM_ARRAY_TASK_ID": str(number)} if count else {}
        number_of_task = str(100 * job + number if count else job)
        where = {f"SLURM_{name}": "0" for name in ("PROCID", "LOCALID", "NODEID")}
        own = {**where, **array, "SLURM_JOB_ID": number_of_task, "SLURMD_NODENAME": f"node{number}"}
        own |= {"SLURM_NTASKS": "1", "SLURM_NNODES": "1"}
        with Path(given["output"].replace("%A_%a", name).replace("%j", name)).open("ab") as log:
            task = subprocess.Popen(
                ["bash", script], env={**os.environ, **own}, stdout=log, stderr=log, start_new_session=True
            )
        (state / f"task-{name}").write_text(f"{task.pid} {given['job-name']}")
    print(f"Submitted batch job {job}")


def srun(state: Path, *words: str) -> None:
    """The command of a task, its output in the file that is named."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--unbuffered", action="store_true", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    command = parser.parse_args(words).command
    os.execvp(command[0], command)


def tasks(state: Path, name: str) -> dict[str, int]:
    """The tasks of this name that run, with the numbers of their processes."""
    found = {}
    for path in state.glob("task-*"):
        number, own = path.read_text().split()
        with suppress(OSError):
            status = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
            if own == name and status != "Z":
                found[path.name.removeprefix("task-")] = int(number)
    return found


def squeue(state: Path, *words: str) -> None:
    """The tasks of a name that wait or run."""
    if (state / "down").exists():
        sys.exit("slurm_load_jobs error: Unable to contact slurm controller (connect failure)")
    parser = argparse.ArgumentParser()
    for option in ("--name", "--user", "--format"):
        parser.add_argument(option, required=True)
    for option in ("--noheader", "--array"):
        parser.add_argument(option, action="store_true", required=True)
    given = parser.parse_args(words)
    assert given.format == "%i"
    print("\n".join(tasks(state, given.name)))


def scancel(state: Path, *words: str) -> None:
    """Ends the tasks of a name."""
    parser = argparse.ArgumentParser()
    for option in ("--name", "--user"):
        parser.add_argument(option, required=True)
    for number in tasks(state, parser.parse_args(words).name).values():
        with suppress(ProcessLookupError):
            os.killpg(number, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(globals()[sys.argv[1]](Path(os.environ["PRETEND_SLURM"]), *sys.argv[2:]))
