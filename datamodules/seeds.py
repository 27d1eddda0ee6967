"""Random number generators, one per (seed, purpose), independent of global state."""

from __future__ import annotations

import hashlib

import numpy as np


def rng(seed: int, purpose: str, *more: int) -> np.random.Generator:
    """Generator determined by the seed, the purpose and the further numbers alone.

    The same arguments give the same stream on every platform; different ones give independent streams.

    Raises ValueError: a negative seed.

    >>> rng(1, "views", 3).integers(0, 1000, 3).tolist()
    [977, 269, 637]
    """
    if seed < 0:
        raise ValueError(f"seed {seed} is negative; seeds are integers from 0")
    words = "|".join([purpose, str(int(seed)), *(str(int(number)) for number in more)])
    entropy = int.from_bytes(hashlib.sha256(words.encode()).digest()[:16], "big")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))
