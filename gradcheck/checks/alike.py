"""Whether two gradients are the same up to the rounding of their numbers."""

from __future__ import annotations

import numpy as np

from gradcheck.norms import norm
from gradcheck.pieces import distance, identical, same
from gradcheck.point import Array

__all__ = ["close", "loose"]


def loose(eps: float) -> float:
    """Return the relative gap that rounding in numbers of spacing eps may cause between two equal gradients."""
    return 1e4 * eps if eps < 1e-5 else 16 * eps


def close(a: Array, b: Array, relative: float, floor: float = 0.0) -> bool:
    """Whether two gradients are equal up to a fraction of the first one's norm (coarser below float64), or `floor`."""
    if identical(a, b):
        return True
    eps = max(float(np.finfo(x.dtype).eps) if x.dtype.kind in "fc" else 0.0 for x in (a, b))
    allowed = max(relative, loose(eps)) * norm(a) + floor
    with np.errstate(all="ignore"):
        gap = distance(a, b)
    return gap <= allowed or same(a, b)
