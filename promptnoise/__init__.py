"""promptnoise as a library: what the program's commands do, as functions that return tables.

>>> from promptnoise import list_methods
>>> list_methods().loc["coop", "name"]
'CoOp'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from promptnoise import _packages as _packages

# isort: split
from benchmark import version

if TYPE_CHECKING:
    from datamodules.errors import UserError
    from datamodules.torch_data import NoisyDataset, from_torch, noisy_labels
    from promptnoise.library import Leaderboard, audit, bench, list_methods, load, report

__all__ = [
    "Leaderboard", "NoisyDataset", "UserError", "audit", "bench", "from_torch", "list_methods", "load", "noisy_labels",
    "report",
]  # fmt: skip
__version__ = version()

_HOMES = {"UserError": "datamodules.errors"} | dict.fromkeys(
    ("NoisyDataset", "from_torch", "noisy_labels"), "datamodules.torch_data"
)


def __getattr__(name: str) -> Any:
    """Imports what is asked for: the program starts from here, too, and needs neither pandas nor torch at once."""
    if name in __all__:
        return getattr(importlib.import_module(_HOMES.get(name, "promptnoise.library")), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """What a notebook completes."""
    return sorted([*__all__, "__version__"])
