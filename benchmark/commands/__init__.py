"""One file per command of `promptnoise`."""

from pathlib import Path

#: The file of each command, by its name.
COMMANDS = {path.stem: path for path in sorted(Path(__file__).parent.glob("[a-z]*.py"))}
