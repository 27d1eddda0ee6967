"""Stops make where a variable is nearly one of its own: names of ours as arguments, those given in GIVEN.

Run by the Makefile with any Python, before the project is installed.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterable

#: Variables of make itself and of wandb that resemble one of ours; wandb's reach it through the environment.
OF_OTHERS = ("SHELL", "WANDB_API_KEY", "WANDB_BASE_URL", "WANDB_MODE", "WANDB_RUN_GROUP", "WANDB_NOTES")


def meant(name: str, ours: Iterable[str]) -> str:
    """The variable of ours that `name` is nearly, else an empty text."""
    near = difflib.get_close_matches(name.upper().replace("-", "_"), list(ours), n=1)
    return near[0] if near and name not in OF_OTHERS else ""


def main() -> int:
    """Returns 2, and says what was meant, if one of the names given is nearly ours."""
    for name in os.environ.get("GIVEN", "").split():
        if other := meant(name, sys.argv[1:]):
            sys.stderr.write(f"make: there is no variable {name}; did you mean {other}?\n")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
