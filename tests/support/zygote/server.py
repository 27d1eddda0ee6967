"""`server.py SOCKET PROGRAM` imports what the project imports, and copies itself for who asks, until stdin ends."""

from __future__ import annotations

import array
import atexit
import contextlib
import gc
import json
import multiprocessing.process
import multiprocessing.spawn
import os
import pkgutil
import selectors
import signal
import socket
import sys
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).parents[3]
OURS = ("benchmark", "methods", "datamodules", "promptnoise")
#: Variables that are read when Python starts or a library is loaded: where they differ, only a real start will do.
AT_START = ("PYTHON", "LC_", "LANG", "LD_", "OMP_", "MKL_", "OPENBLAS_", "CUDA_", "TORCH", "HF_", "MPL", "MALLOC_")
READ_LATER = ("PYTHONPATH", "PYTHONBREAKPOINT", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
#: As in client.py: the answer where only a real start will do, and a number above those of all files that are sent.
REAL = 1 << 20
_ABOVE_ALL = 200


def import_all() -> None:
    """Everything, then forgets what is ours: a module of ours that is broken fails in what imports it, as ever."""
    path = list(sys.path)
    sys.path.insert(0, str(ROOT))
    for package in OURS:
        for module in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            if not module.name.endswith("__main__"):
                with contextlib.suppress(Exception):
                    import_module(module.name)
    for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
        del sys.modules[name]
    sys.path[:] = path
    sys.path_importer_cache.clear()
    multiprocessing.spawn.set_executable(sys.argv[2])
    if media := getattr(sys.modules.get("wandb.sdk.data_types._private"), "MEDIA_TMP", None):
        atexit.unregister(media.cleanup)


class Server:
    """Copies that run, by the connections of those who asked for them."""

    def __init__(self, path: str) -> None:
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(64)
        self.woken, waker = os.pipe()
        for end in (self.woken, waker):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(waker)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        self.selector = selectors.DefaultSelector()
        for source in (self.listener, self.woken, 0):
            self.selector.register(source, selectors.EVENT_READ)
        self.copies: dict[int, socket.socket] = {}
        self.environment = dict(os.environ)  # imports change it
        self.ready = False

    def serve(self) -> tuple[dict[str, Any], list[int]] | None:
        """Returns in every copy, with what was asked for and its files; None in the server, at the end."""
        while True:
            for key, _ in self.selector.select():
                if key.fileobj == 0:
                    for pid in self.copies:
                        os.kill(pid, signal.SIGKILL)
                    return None
                if key.fileobj == self.woken:
                    with contextlib.suppress(BlockingIOError):
                        os.read(self.woken, 4096)
                    self.reap()
                elif key.fileobj is self.listener:
                    asked = self.start(self.listener.accept()[0])
                    if asked:
                        return asked
                else:
                    assert isinstance(key.fileobj, socket.socket)
                    self.forward(key.fileobj, key.data)

    def start(self, connection: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
        try:
            asked, files = receive(connection)
        except (EOFError, OSError):
            connection.close()
            return None
        if not self.ready:
            import_all()
            gc.freeze()
            self.ready = True
        pid = None if needs_real(asked, self.environment) else os.fork()
        if pid == 0:
            self.let_go(connection)
            return asked, files
        for number in files:
            os.close(number)
        if pid is None:
            connection.sendall(REAL.to_bytes(8))
            connection.close()
            return None
        self.copies[pid] = connection
        self.selector.register(connection, selectors.EVENT_READ, pid)
        return None

    def let_go(self, connection: socket.socket) -> None:
        """In a copy: what is open here is closed by number, and must not be closed again by the objects."""
        for opened in (self.listener, connection, *self.copies.values()):
            opened.detach()
        self.selector.close()

    def forward(self, connection: socket.socket, pid: int) -> None:
        """Signals that come in; the end of the connection is that of who asked."""
        try:
            numbers = connection.recv(64)
        except OSError:
            numbers = b""
        if pid in self.copies:
            for number in numbers or bytes([signal.SIGKILL]):
                os.kill(pid, number)
        if not numbers:
            self.selector.unregister(connection)

    def reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                connection = self.copies.pop(pid)
                with contextlib.suppress(OSError):
                    connection.sendall(status.to_bytes(8))
                with contextlib.suppress(KeyError):
                    self.selector.unregister(connection)
                connection.close()


def receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    size, [(*_, rights)], *_ = connection.recvmsg(8, socket.CMSG_LEN(253 * array.array("i").itemsize))
    files = array.array("i", rights)
    left, text = int.from_bytes(size), b""
    while left > len(text):
        part = connection.recv(min(left - len(text), 65536))
        if not part:
            for number in files:
                os.close(number)
            raise EOFError
        text += part
    asked = json.loads(text.decode("utf-8", "surrogateescape"))
    asked["unbuffered"] = asked["arguments"][:1] == ["-u"]
    asked["arguments"] = asked["arguments"][asked["unbuffered"] :]
    return asked, list(files)


def needs_real(asked: dict[str, Any], ours: dict[str, str]) -> bool:
    """Whether a copy could differ from a start."""
    given = asked["environment"]
    names = {name for name in {*given, *ours} if name.startswith(AT_START) and name not in READ_LATER}
    how = asked["arguments"][:1]
    known = bool(how) and (how[0] in ("-m", "-c") or how[0].endswith(".py"))
    return not known or any(given.get(name) != ours.get(name) for name in names)


def become(asked: dict[str, Any], files: list[int], path: list[str]) -> NoReturn:
    """Runs what was asked for in this process, and ends it as Python would."""
    import fcntl
    import runpy
    import threading
    import types
    import weakref

    weakref.finalize._registry.clear()  # type: ignore[attr-defined]  # temporary folders are of all copies

    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in asked["ignored"]:
        with contextlib.suppress(OSError):
            signal.signal(number, signal.SIG_IGN)
    high = [fcntl.fcntl(number, fcntl.F_DUPFD, _ABOVE_ALL) for number in files]
    os.closerange(0, _ABOVE_ALL)
    for number, target in zip(high, asked["files"], strict=True):
        os.dup2(number, target)
        os.close(number)
    os.umask(asked["umask"])
    os.chdir(asked["folder"])
    multiprocessing.process.ORIGINAL_DIR = os.getcwd()  # type: ignore[attr-defined]  # noqa: PTH109
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = None
        if number in asked["files"]:
            stream = open(number, "w" if number else "r", buffering=1 if number == 2 else -1, closefd=False,  # noqa: SIM115
                          errors="backslashreplace" if number == 2 else None)  # fmt: skip
            if number and asked["unbuffered"]:
                stream.reconfigure(write_through=True)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    how, what, *rest = asked["arguments"] if asked["arguments"][0] in ("-m", "-c") else ["", *asked["arguments"]]
    given = os.environ.get("PYTHONPATH")
    folder = str(Path.cwd())
    added = [str(Path(part).absolute()) if part else folder for part in given.split(os.pathsep)] if given else []
    sys.path[:] = [{"-m": folder, "-c": ""}.get(how, str(Path(what).absolute().parent)), *added, *path]
    invalidate_caches()
    sys.argv[:] = [how or what, *rest]
    code = 1
    try:
        if how == "-m":
            runpy.run_module(what, run_name="__main__", alter_sys=True)
        elif not how:
            runpy.run_path(what, run_name="__main__")
        else:
            module = types.ModuleType("__main__")
            sys.modules["__main__"] = module
            exec(compile(what, "<string>", "exec"), module.__dict__)
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        if error.code is not None and not isinstance(error.code, int):
            sys.stderr.write(f"{error.code}\n")
    except KeyboardInterrupt as error:
        tell(error)
        code = -signal.SIGINT
    except BaseException as error:
        tell(error)
    end(code, threading)


def tell(error: BaseException) -> None:
    """The traceback, without this file's frame."""
    trace = error.__traceback__ and error.__traceback__.tb_next
    sys.excepthook(type(error), error.with_traceback(trace), trace)


def end(code: int, threading: Any) -> NoReturn:
    """What Python does last, without taking all modules apart."""
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except OSError:
            code = 120
    if code == -signal.SIGINT:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(code & 0xFF)


if __name__ == "__main__":
    sys.path[:] = [entry for entry in sys.path if entry not in ("", str(Path(__file__).parent))]
    gc.disable()
    before = list(sys.path)
    asked = Server(sys.argv[1]).serve()
    if asked is not None:
        gc.enable()
        become(*asked, before)
    atexit._run_exitfuncs()
    os._exit(0)
