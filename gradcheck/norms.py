"""Sizes of arrays whose squares leave the range of floating point: a norm of 1e200 is no infinity."""

from __future__ import annotations

from math import hypot, inf, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["LEAST", "all_finite", "norm"]

LEAST = float(np.finfo(np.float64).tiny) ** 0.8  # of a sum of squares whose terms have all their digits
_FEW = 24  # entries: their scaled sum is cheaper in Python's own numbers


def all_finite(x: npt.NDArray[Any]) -> bool:
    """Whether no entry is NaN or infinite."""
    return bool(np.count_nonzero(np.isfinite(x)) == x.size)


def norm(x: npt.NDArray[Any]) -> float:
    """Return ‖x‖₂ over all entries, scaled first where the squares would overflow or vanish.

    Args:
        x: any shape and dtype, real or complex; a NaN or an infinity is kept.
    Error: rounding of one sum of squares, ≤ size · eps relative.

    Example:
        >>> norm(np.array([[3e200], [4e200]])) / 1e200, norm(np.array([3e-200, 4e-200])) * 1e200
        (5.0, 5.0)
    """
    if x.dtype == np.float64:
        numbers = x.ravel()
        if x.size <= _FEW:
            size = hypot(*numbers.tolist())
            if size < inf:
                return size
        elif LEAST < (squares := float(numbers.dot(numbers))) < inf:
            return sqrt(squares)
    # squares of what is below √tiny lose digits, then vanish: 1e-154 in float64, 1e-19 in float32
    least = float(np.finfo(x.dtype).tiny) ** 0.4 if x.dtype.kind in "fc" else 0.0
    with np.errstate(over="ignore", under="ignore"):
        size = float(np.linalg.norm(x.ravel()))
        if least < size < np.inf or not x.size:
            return size
        largest = float(np.max(np.abs(x)))
        if largest == 0.0 or not np.isfinite(largest):
            return largest
        return largest * float(np.linalg.norm((x / largest).ravel()))
