"""Pseudo-random numbers that are functions of a key: the same key gives the same number everywhere.

Only integer arithmetic, sums and products are used, so every machine gives the same bits.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
_GOLDEN = 0x9E3779B97F4A7C15
_MASK = 2**64 - 1


def key(*parts: object) -> int:
    """A 64-bit key of the parts, a hash of their texts."""
    import hashlib  # not at the top: it loads OpenSSL, which few imports of the package need

    text = "\0".join(map(str, parts))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def mixed(keys: Any) -> Keys:
    """The keys after the finalizer of splitmix64: keys that differ in one bit become unrelated."""
    z = np.array(keys, np.uint64, ndmin=1)
    z ^= z >> np.uint64(30)
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return z


def derived(keys: Any, stream: int) -> Keys:
    """A new key for each key; different streams give unrelated ones."""
    return mixed(np.atleast_1d(np.asarray(keys, np.uint64)) + np.uint64((stream + 1) * _GOLDEN & _MASK))


def _bits(keys: Any, count: int) -> Keys:
    """For each key a row of `count` random 64-bit integers."""
    steps = (np.arange(1, count + 1, dtype=np.uint64) * np.uint64(_GOLDEN))[None, :]
    return mixed(np.asarray(keys, np.uint64).reshape(-1, 1) + steps)


def uniform(keys: Any, count: int) -> NDArray[np.float64]:
    """For each key a row of `count` numbers in [0, 1)."""
    return (_bits(keys, count) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normal(keys: Any, count: int) -> NDArray[np.float64]:
    """For each key a row of `count` sums of four uniforms: nearly normal, mean 0, standard deviation 1."""
    bits = _bits(keys, count)
    total = (bits & np.uint64(0xFFFF)).astype(np.float64)
    for shift in (16, 32, 48):
        total += (bits >> np.uint64(shift)) & np.uint64(0xFFFF)
    total -= 2.0 * 0xFFFF
    total *= 3.0**0.5 / 0x10000
    return total
