"""A start of Python, done by a copy of the process behind a socket.

Stands for the copy: has its files, passes signals on to it, and ends as it ends; where this process is killed, so is
the copy. Imports next to nothing.
"""

import array
import contextlib
import json
import os
import signal
import socket

FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT)
#: What the server says instead of a status where only a real start will do.
REAL = 1 << 20


def main(path: str, python: str, arguments: list[str]) -> None:
    server = socket.socket(socket.AF_UNIX)
    files = [number for number in range(200) if number != server.fileno() and is_open(number)]
    try:
        server.connect(path)
    except OSError:
        os.execv(python, [python, *arguments])
    umask = os.umask(0o22)
    os.umask(umask)
    ignored = [int(number) for number in signal.Signals if signal.getsignal(number) == signal.SIG_IGN]
    asked = json.dumps(
        {"arguments": arguments, "folder": os.getcwd(),  # noqa: PTH109
         "environment": dict(os.environ), "files": files,
         "umask": umask, "ignored": ignored},
    ).encode("utf-8", "surrogateescape")  # fmt: skip
    server.sendmsg([len(asked).to_bytes(8)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))])
    for number in FORWARDED:
        if number not in ignored:
            signal.signal(number, lambda number, frame: _send(server, number))
    server.sendall(asked)
    answer = b""
    while len(answer) < 8:
        part = server.recv(8 - len(answer))
        if not part:
            os.write(2, b"the process that starts of Python are copied from has ended\n")
            os._exit(70)
        answer += part
    status = int.from_bytes(answer)
    if status == REAL:
        server.close()
        for number in FORWARDED:
            if number not in ignored:
                signal.signal(number, signal.SIG_DFL)
        os.execv(python, [python, *arguments])
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        with contextlib.suppress(OSError):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status))


def is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _send(server: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):
        server.send(bytes([number]))
