"""Im f(x + i h v) / h: no subtraction, so no cancellation, where f is analytic and takes complex numbers.

Never an oracle alone: at |x|, and wherever code takes a real part, a modulus or a comparison of its own, it is
silently wrong. It refines a measurement whose bar already covers the claim, and is believed only where both
the measurement and the claim agree with it.

Source: Squire and Trapp, "Using complex variables to estimate derivatives of real functions", SIAM Review 40 (1998).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.norms import all_finite, norm
from gradcheck.point import Array

__all__ = ["complex_slope"]

_STEP = 2.0**-100  # squares to less than any rounding; a power of two, so that dividing by it is exact


def complex_slope(call: Callable[[Array], Any], x: Array, v: Array, u: Array, y0: Array) -> float | None:
    """Return ⟨u, f'(x) v⟩ by the complex step, or None where f does not carry complex numbers through.

    Args:
        call: block ↦ flat outputs, complex where it was given complex numbers.
        x: (…) real block; v: direction, same shape; u: (n,) real cotangent; y0: (n,) outputs at x.
    Error: rounding of f alone, a few spacings of the result, where f is analytic at x; unbounded elsewhere.
    """
    if x.dtype.kind == "c" or u.dtype.kind == "c" or y0.dtype.kind == "c":
        return None
    y = call(x + 1j * (_STEP * v))
    if y is None or y.dtype.kind != "c" or y.shape != y0.shape or not all_finite(y):
        return None
    if norm(y.real - y0) > 1e-9 * norm(y0) + 1e-300:
        return None
    return float(np.vdot(u, y.imag)) / _STEP
