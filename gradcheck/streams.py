"""Random numbers for one purpose: the same for the same words, whatever else is drawn."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.random import PCG64, Generator
from numpy.random.bit_generator import ISeedSequence

__all__ = ["number", "off_zero", "signs", "stream"]

_SIGNS = np.array([-1.0, 1.0])


def stream(seed: int, *purpose: object) -> Generator:
    """Return the generator of a seed and a purpose.

    Args:
        seed: non-negative.
        purpose: what tells one use from another, by the text of each.

    Example:
        >>> stream(0, "cotangent", 1).random() == stream(0, "cotangent", 1).random() != stream(0, "steps", 1).random()
        True
    """
    words = _Digest(_digest(32, seed, *purpose))
    return Generator(PCG64(words))  # type: ignore[arg-type]  # any ISeedSequence does, numpy's manual says


def number(seed: int, *purpose: object) -> float:
    """Return one number in [0, 1) for a seed and a purpose, at a third of the price of a generator."""
    return int.from_bytes(_digest(6, seed, *purpose), "little") / 2.0**48


def signs(rng: Generator, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Return random numbers ±1."""
    return np.asarray(_SIGNS[rng.integers(0, 2, shape)])


def off_zero(rng: Generator, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Return random numbers ±(0.5 … 1.5): none is so small that a direction would not see its entry."""
    z = rng.uniform(-1.0, 1.0, shape)
    return np.asarray(z + np.copysign(0.5, z))


def _digest(size: int, *words: object) -> bytes:
    return blake2b("\0".join(map(str, words)).encode(), digest_size=size).digest()


class _Digest(ISeedSequence):
    """A seed sequence whose words are those of a digest: mixing them once more costs as much as ten generators."""

    def __init__(self, digest: bytes) -> None:
        self.digest = digest

    def generate_state(self, n_words: int, dtype: Any = np.uint64) -> npt.NDArray[Any]:
        """Return the words that PCG64 asks for, four of 64 bits."""
        words = np.frombuffer(self.digest, dtype)
        assert words.size == n_words
        return words
