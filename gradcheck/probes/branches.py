"""Slopes of the branches that meet at or near a kink, output by output.

The three-level fit has a free intercept, so that a kink at a distance δ ≪ h to one side shifts the fit and
not the slope: a point at 1e-9 from a corner is treated as one in the corner. Slopes are kept for each
output, because with a random cotangent the valid subgradients of ⟨u, f⟩ are the sums of u_j s_j with every
s_j between its own left and right slope, which is wider than between the left and right sums.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradcheck.pieces import dot, moved, pieces
from gradcheck.point import Array

__all__ = ["Branches", "branches"]


@dataclass(frozen=True, slots=True)
class Branches:
    """Valid subgradients of ⟨u, f⟩ along one direction: low … high, each ± error.

    Args:
        low: Σ_j min(u_j left_j, u_j right_j).
        high: Σ_j max(u_j left_j, u_j right_j).
        error: bar on both.
        jump: largest |right_j − left_j| · |u_j|; 0 where the function has no kink here.
        kinked: outputs that have a kink here.
        evaluations: what it cost.
    """

    low: float
    high: float
    error: float
    jump: float
    kinked: int
    evaluations: int


def branches(
    evaluate: Callable[[Array], Array | None],
    x: Array,
    v: Array,
    u: Array,
    y0: Array,
    *,
    eps: float,
    reach: float,
) -> Branches | None:
    """Measure the one-sided slopes at x along v, output by output.

    Args:
        evaluate: block ↦ flat outputs.
        x: the point, v: direction, u: flat cotangent, y0: flat outputs at x.
        eps: spacing of the numbers that f is evaluated in.
        reach: smallest step, in units of v; structure closer than this counts as at the point.
    Returns:
        The interval, or None where f cannot be evaluated on both sides, or v is too short to be squared.
    """
    sides, bars = [], []
    length = dot(v, v)
    if length == 0.0:  # of numbers below 1e-160 the square is gone
        return None
    evaluations = 0
    for sign in (-1.0, 1.0):
        values, steps = [], []
        for factor in (1.0, 2.0, 4.0):
            there = moved(x, v, sign * factor * reach)
            y = evaluate(there)
            evaluations += 1
            if y is None:
                return None
            values.append(y)
            # the step that rounding left
            steps.append(sum(float(np.vdot(p, b - a).real) for p, a, b in pieces(v, x, there)) / length)
            del there  # before the next one is made
        near = (values[1] - values[0]) / (steps[1] - steps[0])
        far = (values[2] - values[1]) / (steps[2] - steps[1])
        sides.append(2 * near - far)  # mid-points at 1.5 and 3 steps, extrapolated to 0
        noise = 8 * eps * np.maximum(np.abs(values[0]), np.abs(values[2])) / reach
        bars.append(np.abs(near - far) + noise)
    a, b = (u.conj() * sides[0]).real, (u.conj() * sides[1]).real
    weights = np.abs(u)
    error = float(np.sum(weights * np.maximum(bars[0], bars[1])))
    jumps = np.abs(a - b)
    real = jumps > 4 * weights * (bars[0] + bars[1])  # outputs with a kink; the others are smooth here
    middle = (a + b) / 2
    low = float(np.sum(np.where(real, np.minimum(a, b), middle)))
    high = float(np.sum(np.where(real, np.maximum(a, b), middle)))
    jump = float(np.max(np.where(real, jumps, 0.0), initial=0.0))
    return Branches(low, high, error, jump, int(np.count_nonzero(real)), evaluations)
