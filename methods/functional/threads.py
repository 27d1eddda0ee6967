"""The threads of scikit-learn and of the linear algebra behind it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import sklearn.mixture  # noqa: F401  loads what is to be limited
import torch
from threadpoolctl import ThreadpoolController

LIBRARIES = ThreadpoolController()


def threads_of_torch() -> AbstractContextManager[Any]:
    """Gives scikit-learn no more threads than torch has: workers that share cores wait, up to twenty times as long."""
    limit: AbstractContextManager[Any] = LIBRARIES.limit(limits=torch.get_num_threads())
    return limit
