"""A start by the zygote is a start of Python: what it prints, how it ends, what it sees and what it leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.zygote import python

SEEN = """
import os, sys
print(sys.argv, sys.path, __name__, os.getcwd(), sys.stdin.read(), sys.flags.interactive, sys.executable)
print(sorted((name, value) for name, value in os.environ.items() if name.startswith(("P", "H", "N"))))
print(sorted(name for name in sys.modules if name.split(".")[0] in ("benchmark", "methods", "datamodules")))
print(*sorted(os.listdir("/proc/self/fd"))[:3], file=sys.stderr)
os.umask(0o77)
"""
ENDS = [
    "", "import sys; sys.exit(3)", "import sys; sys.exit('a word')", "raise ValueError('four')",
    "import os; os._exit(5)",
    "import os; os.abort()", "import os, signal; os.kill(os.getpid(), signal.SIGTERM)", "raise KeyboardInterrupt",
    "import atexit; atexit.register(print, 'last'); print('first')", "import torch; print(torch.ones(2).sum())",
    "def broken(:", "import threading; threading.Timer(0.1, print, ['later']).start()",
    "import sys; sys.stdout.write('no end of line'); raise SystemExit", "import sys; sys.exit(-1)",
]  # fmt: skip


def both(words: list[str], **options: object) -> tuple[subprocess.CompletedProcess[str], ...]:
    started = {"capture_output": True, "text": True, "check": False, "timeout": 120, **options}
    return tuple(subprocess.run([program, *words], **started) for program in (python(), sys.executable))  # type: ignore[call-overload]


@pytest.mark.parametrize("code", ENDS)
def test_code_ends_as_it_does_in_python_itself(code: str) -> None:
    ours, theirs = both(["-c", code])
    assert (ours.returncode, ours.stdout, ours.stderr) == (theirs.returncode, theirs.stdout, theirs.stderr)


def test_code_sees_what_it_was_given_and_nothing_else(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:relative", "NEW": "\u00e4", "HOME": str(tmp_path)}
    ours, theirs = both(["-c", SEEN, "a", "-b"], cwd=tmp_path, env=environment, input="given")
    assert ours.stdout == theirs.stdout
    assert (ours.returncode, ours.stderr) == (theirs.returncode, theirs.stderr)


@pytest.mark.parametrize("words", [["list", "noise"], ["bench", "--nonsense"], ["show", "nothing", "--out=here"], []])
def test_a_command_says_the_same(words: list[str], tmp_path: Path) -> None:
    ours, theirs = both(["-m", "benchmark", *words], cwd=tmp_path)
    assert (ours.returncode, ours.stdout, ours.stderr) == (theirs.returncode, theirs.stdout, theirs.stderr)


def test_a_module_of_the_folder_comes_before_ours(tmp_path: Path) -> None:
    (tmp_path / "benchmark").mkdir()
    (tmp_path / "benchmark/__main__.py").write_text("print(__file__)")
    assert both(["-m", "benchmark"], cwd=tmp_path)[0].stdout == f"{tmp_path}/benchmark/__main__.py\n"


def test_what_is_read_when_python_starts_is_read() -> None:
    ours, _ = both(["-c", "print(hash('a'))"], env={**os.environ, "PYTHONHASHSEED": "1"})
    assert ours.stdout == both(["-c", "print(hash('a'))"], env={**os.environ, "PYTHONHASHSEED": "1"})[1].stdout


def test_two_copies_draw_different_numbers() -> None:
    code = "import random, numpy; print(random.random(), numpy.random.rand())"
    numbers = [both(["-c", code])[0].stdout.split() for _ in range(2)]
    assert all(one != other for one, other in zip(*numbers, strict=True))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_arrives(number: signal.Signals, tmp_path: Path) -> None:
    code = "import os, sys, time; print(os.getpid(), flush=True); time.sleep(60)"
    # A shell's background ignores Ctrl-C, and so do its children.
    with subprocess.Popen(
        [python(), "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as one:  # fmt: skip
        assert one.stdout
        copy = int(one.stdout.readline())
        one.send_signal(number)
        assert one.wait(30) == -number
    for _ in range(200):
        if not Path(f"/proc/{copy}").exists():
            return
        time.sleep(0.05)
    pytest.fail("the copy goes on")


def test_workers_of_a_command_are_copies_that_see_its_folder(tmp_path: Path) -> None:
    (tmp_path / "ours.py").write_text("here = __file__")
    code = """
import multiprocessing, sys
from multiprocessing import forkserver
def say(seen):
    import os, ours
    seen.put((ours.here, "torch" in sys.modules))
if __name__ == "__main__":
    forkserver.set_forkserver_preload(["ours"])
    context = multiprocessing.get_context("forkserver")
    seen = context.Queue()
    process = context.Process(target=say, args=(seen,))
    process.start()
    print(seen.get())
    process.join()
"""
    (tmp_path / "started.py").write_text(code)
    ours, theirs = both([str(tmp_path / "started.py")])
    assert (ours.stdout, ours.stderr) == (f"{(str(tmp_path / 'ours.py'), True)}\n", "")
    assert theirs.stdout == f"{(str(tmp_path / 'ours.py'), False)}\n"
