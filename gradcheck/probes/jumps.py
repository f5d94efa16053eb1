"""Does a forward jump? Iterations that stop at a tolerance do, by about that tolerance.

Between two jumps such a forward is smooth to the last digit, and its derivative differs from that of the limit
by many times the jump: a gap that is real, and nobody's mistake. The eighth difference of values on a fine grid
shows a jump J as 70 J where a smooth function leaves its rounding only (the classical check of printed tables).

Source: the difference table as in Miller, "Checking by differences", Math. Tables and Other Aids to Comp. 4 (1950).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["jump_size"]

_ORDER = 8
_PEAK = 70.0  # the largest binomial coefficient of order 8
_COARSE = 33
_ZOOMS = 4
_LEFT = 0.2  # of a peak that is a jump, on grids up to 4096 times as fine
_GROWN = 30.0  # times as high as at first: no jump, which stays as high as it is
_SHARP = 30.0  # how many spacings of φ a jump has to exceed
_ALIKE = 0.05  # of the largest difference: where half of all exceed it, what they show is noise


def jump_size(
    phi: Callable[[float], float | None], *, span: float = 0.25, points: int = 257, rounding: float = 0.0
) -> float:
    """Return the size of the largest jump of φ on (−span, span), 0 where there is none to be seen.

    Args:
        phi: t ↦ φ(t), None where it cannot be evaluated.
        span: half the interval.
        points: evaluations on the finest grid, a power of two and one; 65 more on each finer one around a peak tell a
            jump from a kink. 33 settle it where the function does not bend, 65 where it bends gently: each grid holds
            the points of the one before.
        rounding: of φ, where it is more than the spacing of its values: that of a long sum.
    """
    # a jump shows on any grid, since it lies between two neighbours of each; only what bends needs a fine one
    size, where, half = 1.0, 0, (_COARSE - 1) // 2
    while size > 0.0 and 2 * half < points:
        grid = span * (np.arange(-half, half + 1) / half)
        size, where, _ = _peak([phi(float(t)) for t in grid], rounding)
        half *= 2
    sizes: list[float] = []
    for _ in range(_ZOOMS):
        if size == 0.0:
            return 0.0
        spacing = float(grid[1] - grid[0])
        grid = grid[where] + _ORDER / 2 * spacing + 2 * spacing * np.linspace(-1, 1, 65)
        size, where, noisy = _peak([phi(float(t)) for t in grid], rounding)
        sizes.append(size)
        # what is smooth shrinks with the spacing, a kink by 16 each time and a cusp √|t| by four, more or less: at the
        # end of a grid only a part of either is seen. Several jumps in one part become one
        if size < _LEFT * sizes[0]:
            return 0.0
    grows = max(sizes) > _GROWN * min(sizes)  # rounding near a pole: of (1 − cos x)/x² it grows by 1/t² on the way to 0
    return 0.0 if noisy or grows else min(sizes)


def _peak(values: list[float | None], rounding: float) -> tuple[float, int, bool]:
    """Return the largest eighth difference, as the jump that it would be, where, and whether the others are like it."""
    if any(value is None for value in values):
        return 0.0, 0, False
    table = np.array(values, dtype=float)
    differences = np.abs(np.diff(table, n=_ORDER))
    peak = int(np.argmax(differences))
    least = _SHARP * max(rounding, float(np.spacing(np.max(np.abs(table)))))
    size = float(differences[peak]) / _PEAK if differences[peak] > _PEAK * least else 0.0  # no more than rounding
    return size, peak, bool(np.median(differences) > _ALIKE * differences[peak])
