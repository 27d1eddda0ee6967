"""The threads of scikit-learn and of the linear algebra behind it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import torch
from threadpoolctl import ThreadpoolController


def threads_of_torch() -> AbstractContextManager[Any]:
    """Gives scikit-learn no more threads than torch has, since workers that share the cores wait for each other.

    On small problems that can take twenty times as long as one thread each.
    """
    limit: AbstractContextManager[Any] = _libraries().limit(limits=torch.get_num_threads())
    return limit


@cache
def _libraries() -> ThreadpoolController:
    import sklearn.mixture  # noqa: F401  loads what is to be limited

    return ThreadpoolController()
