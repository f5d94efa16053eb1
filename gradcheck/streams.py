"""Random numbers for one purpose: the same for the same words, whatever else is drawn."""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.random import PCG64, Generator, SeedSequence
from numpy.random.bit_generator import ISeedSequence

__all__ = ["off_zero", "signs", "stream"]

_SIGNS = np.array([-1.0, 1.0])


def stream(seed: int, *purpose: object) -> Generator:
    """Return the generator of a seed and a purpose: that of `np.random.default_rng([seed, *words])`.

    Args:
        seed: non-negative.
        purpose: what tells one use from another, by the text of each.

    Example:
        >>> stream(0, "cotangent", 1).random() == stream(0, "cotangent", 1).random() != stream(0, "steps", 1).random()
        True
    """
    words = _Remembered(seed, *[zlib.crc32(str(word).encode()) for word in purpose])
    return Generator(PCG64(words))  # type: ignore[arg-type]  # any ISeedSequence does, numpy's manual says


def signs(rng: Generator, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Return random numbers ±1."""
    return np.asarray(_SIGNS[rng.integers(0, 2, shape)])


def off_zero(rng: Generator, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Return random numbers ±(0.5 … 1.5): none is so small that a direction would not see its entry."""
    return np.asarray(signs(rng, shape) * rng.uniform(0.5, 1.5, shape))


class _Remembered(ISeedSequence):
    """A seed sequence whose words are kept: mixing them anew costs ten times the generator itself."""

    def __init__(self, seed: int, *words: int) -> None:
        self.words = _mixed(seed, *words)

    def generate_state(self, n_words: int, dtype: Any = np.uint64) -> npt.NDArray[Any]:
        """Return the words that PCG64 asks for."""
        assert n_words == self.words.size
        assert dtype == np.uint64
        return self.words


@lru_cache(maxsize=1 << 14)
def _mixed(seed: int, *words: int) -> npt.NDArray[Any]:
    return SeedSequence([seed, *words]).generate_state(4, np.uint64)
