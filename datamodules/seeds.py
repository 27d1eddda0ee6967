"""Random numbers: one generator per (seed, purpose), never the global state."""

from __future__ import annotations

import hashlib

import numpy as np


def rng(seed: int, purpose: str, *more: int) -> np.random.Generator:
    """A generator that depends on the seed, the purpose and the further numbers, and on nothing else.

    The same arguments give the same stream on every platform; any two different ones give unrelated streams.

    Raises:
        ValueError: a negative seed.
    """
    if seed < 0:
        raise ValueError(f"seed {seed} is negative; seeds are integers from 0")
    words = "|".join([purpose, str(int(seed)), *(str(int(number)) for number in more)])
    entropy = int.from_bytes(hashlib.sha256(words.encode()).digest()[:16], "big")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))
