"""Bad surroundings of any command: one line on standard error, the right exit code, and no traceback."""

from __future__ import annotations

import os
import subprocess
import tempfile
from importlib import metadata
from pathlib import Path

import pytest

from benchmark.__main__ import main
from benchmark.commands import COMMANDS
from tests.support.zygote import python

ROOT = Path(__file__).parents[2]


def test_a_fault_of_ours_is_one_line_that_names_the_file_with_its_traceback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(options: object) -> int:
        raise KeyError("a\nb\x1b[31m")

    monkeypatch.setattr("benchmark.commands.list.main", fail)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert main(["list"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "a fault of promptnoise: KeyError" in said and "\x1b" not in said
    file = Path(said.rpartition(" is in ")[2].strip())
    assert file.parent == tmp_path and "in fail" in file.read_text()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    assert main(["list"]) == 1
    assert "it arose in" in capsys.readouterr().err


def test_a_checkout_that_is_not_installed_works(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("promptnoise (not installed), protocol")
    assert main(["bench", "--dry-run"]) == 0


def promptnoise(
    *words: str, code: str = "", environment: dict[str, str] | None = None, output: str | None = None
) -> subprocess.CompletedProcess[str]:
    """A process of the command line, after `code` has run in it."""
    program = f"import sys\nfrom benchmark.__main__ import run\n{code}\nsys.argv[1:] = {list(words)!r}\nrun()"
    with open(output or os.devnull, "w") as file:  # noqa: PTH123
        return subprocess.run(
            [python(), "-c", program], cwd=ROOT, env={**os.environ, **(environment or {})}, text=True,
            check=False, stdout=file if output else subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
        )  # fmt: skip


def test_a_command_ends_at_once_but_what_is_printed_or_waits_for_the_end_is_not_lost() -> None:
    code = "import atexit\natexit.register(print, 'waited')\n"
    code += "class Slow:\n    def __del__(self): print('taken apart')\nkept = Slow()"
    done = promptnoise("--version", code=code)
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["promptnoise", "waited"]
    assert promptnoise("nothing", code=code).returncode == 2


@pytest.mark.parametrize(("signal", "code", "word"), [("SIGINT", 130, "stopped"), ("SIGTERM", 143, "SIGTERM")])
@pytest.mark.parametrize("command", ["list", "report", "bench"])
def test_a_signal_ends_any_command_with_one_line(command: str, signal: str, code: int, word: str) -> None:
    kill = f"import signal, benchmark.commands.{command} as command\n"
    kill += f"command.main = lambda options: signal.raise_signal(signal.{signal})"
    done = promptnoise(command, code=kill)
    assert done.returncode == code
    assert done.stderr == f"promptnoise: {done.stderr[13:-1]}\n"
    assert word in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_signal_while_planning_ends_with_one_line() -> None:
    kill = "import signal\nfrom benchmark.plan.grid import Grid\n"
    kill += "Grid.runs = lambda self: signal.raise_signal(signal.SIGINT)"
    done = promptnoise("bench", "--dry-run", code=kill)
    assert done.returncode == 130
    assert len(done.stderr.splitlines()) == 1


def test_a_signal_while_torch_is_imported_ends_with_one_line_when_it_is_there() -> None:
    code = "import signal, time, types, benchmark.commands.list as command\n"
    code += "torch = sys.modules['torch'] = types.SimpleNamespace(__spec__=types.SimpleNamespace(_initializing=True))\n"
    code += "def load(options):\n    signal.raise_signal(signal.SIGINT)\n    print('imported', flush=True)\n"
    code += "    torch.__spec__._initializing = False\n    time.sleep(60)\ncommand.main = load"
    done = promptnoise("list", code=code)
    assert (done.returncode, done.stdout) == (130, "imported\n")
    assert len(done.stderr.splitlines()) == 1


def test_what_the_terminal_cannot_show_is_replaced(tmp_path: Path) -> None:
    done = promptnoise("bench", "--dry-run", f"--out={tmp_path}", environment={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert "digits ? 90 runs" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("words", [["list"], ["bench", "--dry-run"], ["--help"], ["--version"], ["bench", "--help"]])
def test_a_full_disk_behind_the_output_is_one_line(words: list[str]) -> None:
    done = promptnoise(*words, output="/dev/full")
    assert done.returncode == 1
    assert done.stderr == "promptnoise: No space left on device\n"


def test_a_user_without_a_home_folder_learns_what_to_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unknown() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", unknown)
    assert main(["list"]) == 2
    assert "set HOME" in capsys.readouterr().err


def test_what_is_in_the_repository_alone_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(COMMANDS, "speed")
    assert main(["speed"]) == 2
    said = capsys.readouterr().err
    assert said == "promptnoise: speed needs benchmark.speed, which is in the repository alone: run it in a checkout\n"
