"""The command line, `promptnoise COMMAND --option=value`; every file of `benchmark/commands` is a command.

Only the chosen command is imported, and none imports torch before there is something to train.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import io
import os
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmark import PROTOCOL, version
from benchmark.commands import COMMANDS, OF_A_CHECKOUT
from benchmark.errors import BadInput, Interrupted
from datamodules.errors import UserError, nearest
from datamodules.foreign import one_line, warn_in_one_line

#: Faults of what was asked for, not of the machine: names that are too long, links in a circle.
_OF_INPUT = (errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL, errno.EFBIG)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command.

    Returns 0 if all went well, 1 if runs failed or a file could not be written, 2 for bad input, 130 after Ctrl-C,
    143 after SIGTERM.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    warn_in_one_line()
    try:
        with _interruptible(), _printable():
            code = _run(given)
            sys.stdout.flush()
            return code
    except UserError as error:
        return _end(2, str(error))
    except Interrupted as error:
        how = "ended by SIGTERM" if error.number == signal.SIGTERM else "stopped"
        kept = (
            "; finished runs are kept, run the same command again to resume"
            if given[:1] in (["bench"], ["paper"])
            else ""
        )
        return _end(128 + error.number, how + kept)
    except OSError as error:
        _let_go_of_stdout()
        place = "" if error.filename is None else f"{error.filename}: "
        return _end(2 if error.errno in _OF_INPUT else 1, f"{place}{error.strerror or error}")
    except Exception as error:
        return _end(1, _unexpected(error))


def run() -> None:
    """Runs a command and ends the process with its code, at once: to take apart what torch has loaded takes seconds."""
    code = main()
    atexit._run_exitfuncs()
    if sys.stdout is not None:  # it was closed
        _let_go_of_stdout()
    os._exit(code)


def _run(given: list[str]) -> int:
    if not given or given[0] in ("-h", "--help"):
        from benchmark.commands._overview import overview

        sys.stdout.write(overview())
        return 0
    if given[0] in ("-V", "--version"):
        sys.stdout.write(f"promptnoise {version()}, protocol {PROTOCOL}\n")
        return 0
    name, rest = given[0], given[1:]
    if name not in COMMANDS:
        raise BadInput(OF_A_CHECKOUT.get(name) or f"unknown command {name!r}: {nearest(name, COMMANDS)}")
    try:
        Path.home()
    except RuntimeError:
        raise BadInput("the home folder of this user is not known; set HOME, for example HOME=/tmp") from None
    command = import_module(f"benchmark.commands.{name}")
    from benchmark.commands._app import app_of, parse

    if "-h" in rest or "--help" in rest:
        app_of(name, command.Options, explained=True).help_print()
        return 0
    return int(command.main(parse(name, command.Options, rest)))


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Turns SIGINT and SIGTERM into one `Interrupted`, in this process alone; a second one is ignored."""
    process, numbers = os.getpid(), (signal.SIGINT, signal.SIGTERM)

    def interrupt(number: int, frame: Any) -> None:
        if os.getpid() != process:
            os._exit(128 + number)
        if getattr(getattr(sys.modules.get("torch"), "__spec__", None), "_initializing", False):
            threading.Timer(0.1, os.kill, (process, number)).start()  # raised through C++ it would abort; try again
            return
        for other in numbers:
            signal.signal(other, signal.SIG_IGN)
        raise Interrupted(number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = [signal.signal(number, interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


@contextlib.contextmanager
def _printable() -> Iterator[None]:
    """Prints what the output's encoding lacks as question marks."""
    stream = sys.stdout
    if not isinstance(stream, io.TextIOWrapper) or stream.errors != "strict":
        yield
        return
    stream.reconfigure(errors="replace")
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            stream.reconfigure(errors="strict")


def _let_go_of_stdout() -> None:
    """After a write failed, so that Python does not try again when it ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _unexpected(error: Exception) -> str:
    """A line for a fault that is ours, with the file that its traceback was written to."""
    trace = "".join(traceback.format_exception(error))
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", errors="backslashreplace", prefix="promptnoise-", suffix=".txt", delete=False
        ) as file:
            file.write(trace)
        where = f"its traceback is in {file.name}"
    except OSError:
        where = f"it arose in {traceback.extract_tb(error.__traceback__)[-1]}"
    why = one_line(f"{type(error).__name__}: {error}", 500)
    return f"this should not have happened, and is a fault of promptnoise: {why}; {where}"


def _end(code: int, line: str) -> int:
    with contextlib.suppress(OSError):
        sys.stderr.write(f"promptnoise: {one_line(line)}\n")
        sys.stderr.flush()
    return code


if __name__ == "__main__":
    run()
