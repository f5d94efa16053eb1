"""Is it noise? Values at close equal steps, after what a parabola explains has been taken away.

Source: the idea of Moré and Wild, "Estimating computational noise", SIAM J. Sci. Comput. 33 (2011), with
the residual of a quadratic fit in place of their difference table, which refuses more often.
"""

from __future__ import annotations

import numpy as np

from gradcheck.norms import norm
from gradcheck.probes.line import Line

__all__ = ["confirm_noise"]

_POINTS = 7
_T = np.arange(_POINTS) - (_POINTS - 1) / 2
_PROJECTION = np.eye(_POINTS) - (_V := np.vander(_T, 3)) @ np.linalg.pinv(_V)


def confirm_noise(line: Line, spacing: float, noise: float) -> float | None:
    """Return the standard deviation of φ's noise, or None if its values vary too smoothly for that.

    Args:
        line: what is evaluated, seven times, up to four rounds.
        spacing: distance of the points, in units of t.
        noise: standard deviation that is to be confirmed; less than a twentieth of it refutes it.
    """
    for _ in range(8):
        samples = [line(float(t) * spacing) for t in _T]
        if not all(sample.finite for sample in samples):
            return None
        raw = np.array([sample.raw for sample in samples])
        if np.count_nonzero(np.diff(raw) == 0) < 3:
            break
        spacing *= 8
    magnitude = max(line.whole_magnitude, line.largest)  # outputs may cancel to nothing at the point itself
    if np.ptp(raw) > 0.1 * max(magnitude, float(np.max(np.abs(raw)))) and magnitude > 0:
        return None
    measured = norm(_PROJECTION @ np.array([sample.psi for sample in samples])) / 2  # 4 degrees
    return measured if measured >= noise / 20 else None
