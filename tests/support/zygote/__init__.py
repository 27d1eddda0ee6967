"""A Python in which everything of others that the project imports is imported already: commands start in milliseconds.

`python()` is a program that takes the arguments of Python. One process a test session has torch, Lightning and the rest
in memory and is copied for every start; the project's own modules are not in it, so a command imports those of its
folder, with its environment. What a copy cannot show (other options of Python, variables that are read when a library
is loaded) is started as ever.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_HERE = Path(__file__).parent
_VARIABLE = "PROMPTNOISE_TESTS_PYTHON"
#: Characters of a path that the first line of a program may name on any Linux.
LONGEST = 100


def open_zygote() -> None:
    """Makes the program, in the process that starts the others; it imports once it is first asked for a start."""
    if _VARIABLE in os.environ or sys.platform != "linux" or " " in sys.executable or len(sys.executable) > LONGEST:
        return
    folder = Path(tempfile.mkdtemp(prefix="zygote-"))
    program, socket = folder / "python", folder / "socket"
    words = f"import sys; sys.path.insert(0, {str(_HERE)!r})\nfrom client import main\n"
    program.write_text(f"#!{sys.executable} -IS\n{words}main({str(socket)!r}, {sys.executable!r}, sys.argv[1:])\n")
    program.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    server = subprocess.Popen(
        [sys.executable, str(_HERE / "server.py"), str(socket), str(program)], env=environment,
        stdin=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    os.environ[_VARIABLE] = str(program)
    atexit.register(_close, server, folder)


def _close(server: subprocess.Popen[bytes], folder: Path) -> None:
    assert server.stdin
    server.stdin.close()
    try:
        server.wait(30)
    except subprocess.TimeoutExpired:
        server.kill()
    shutil.rmtree(folder, ignore_errors=True)


def python() -> str:
    """The program, or Python itself where there is none."""
    return os.environ.get(_VARIABLE, sys.executable)
