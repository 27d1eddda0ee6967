"""One file per command of `promptnoise`."""

from importlib.util import find_spec
from pathlib import Path

#: What a wheel lacks, since it is for the repository alone, and what is said of it there.
OF_A_CHECKOUT = {
    "speed": "speed needs benchmark.speed, which is in the repository alone: run it in a checkout",
    "pretrain": "pretrain is no command: `make embedded` runs it, in a checkout of the repository",
}
#: The file of each command that there is, by its name.
COMMANDS = {
    path.stem: path
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py"))
    if path.stem not in OF_A_CHECKOUT or find_spec(f"benchmark.{path.stem}")
}
