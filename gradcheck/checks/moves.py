"""Changes of an input, entry by entry, and what a row of claims along one of them trembles by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcheck.point import Array
from gradcheck.streams import off_zero, signs

__all__ = ["Ordered", "in_proportion", "rounded", "tremor_of"]


def rounded(rng: np.random.Generator, step: float, x: Array) -> Array:
    """Return each entry times 1 ± step."""
    return np.asarray(x * (1 + step * signs(rng, np.shape(x))))


def in_proportion(rng: np.random.Generator, step: float, size: float, x: Array) -> Array:
    """Return each entry moved at random by up to 1.5 steps of itself; a zero by those of the block's size."""
    each = np.where(x == 0, size, np.abs(x))
    return np.asarray(x + step * (off_zero(rng, np.shape(x)) * each))


class Ordered:
    """Moves entries apart in their order, also where they come piece by piece.

    Args:
        total: entries of the whole.
        length: of the move from one entry to the next, in units.
        unit: what a length is told in.
    """

    def __init__(self, total: int, length: float, unit: float) -> None:
        self.total, self.length, self.unit, self.start = total, length, unit, 0

    def __call__(self, x: Array) -> Array:
        """Return the next entries, moved."""
        order = np.arange(self.start, self.start + np.size(x)).reshape(np.shape(x)) - self.total // 2 + 0.5
        self.start += np.size(x)
        return np.asarray(x + self.unit * (self.length * order))


def tremor_of(claims: Sequence[Array]) -> Array:
    """Return the rms of third differences of six claims in a row, as their rounding."""
    wide = np.stack([np.asarray(g, np.complex128 if g.dtype.kind == "c" else float) for g in claims])
    trembles: Array = np.sqrt(np.mean(np.abs(np.diff(wide, n=3, axis=0)) ** 2, axis=0) / 20)
    return trembles
