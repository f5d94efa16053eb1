"""scipy.optimize.check_grad's signature."""

from __future__ import annotations

from collections.abc import Callable
from math import nan, sqrt
from typing import Any

import numpy as np

from gradcheck import adapt
from gradcheck.audit import check
from gradcheck.compare import Verdict
from gradcheck.errors import InputError
from gradcheck.report import Report

__all__ = ["CheckedError", "scipy_check_grad"]


class CheckedError(float):
    """The gap between claimed and measured gradient, a float as scipy returns, with the report behind it.

    NaN where nothing could be said: no comparison with it passes.
    """

    report: Report

    def __new__(cls, value: float, report: Report) -> CheckedError:
        """Attach the report to the number."""
        made = super().__new__(cls, value)
        made.report = report
        return made


def scipy_check_grad(
    func: Callable[..., Any],
    grad: Callable[..., Any],
    x0: Any,
    *args: Any,
    epsilon: float | None = None,
    direction: str = "all",
    rng: Any = None,
) -> CheckedError:
    """Return the gap of a gradient, as `scipy.optimize.check_grad(func, grad, x0)` does.

    Args:
        func: (x, *args) -> number.
        grad: (x, *args) -> array of x's shape.
        x0: (n,) the point.
        args: handed on to both.
        epsilon: taken and not used: the step follows from the function's own rounding.
        direction: "all" measures entry by entry where that is affordable, "random" along directions only.
        rng: seed of the directions where it is an integer; else taken and not used.
    Returns:
        Norm of measured − claimed where the gradient disagrees; 0 where it agrees within its error bars, kinks
        included; NaN where it raised, is malformed or stayed inconclusive. Its `report` has everything.
    Raises:
        InputError: a ValueError, as scipy raises: direction is neither, or x0 or what func returns cannot be checked.
    """
    if direction not in ("all", "random"):
        raise InputError(f'Expected direction to be "all" or "random" but got direction={direction!r}')
    x = np.array(x0, dtype=float)
    target = adapt.gradient(lambda x: func(x, *args), lambda x: grad(x, *args), x, names=("x",), name="check_grad")
    seed = rng if isinstance(rng, int) and rng >= 0 else 0
    report = check(target, effort="quick" if direction == "random" else "standard", seed=seed)
    verdicts = {finding.verdict for finding in report.findings}
    if verdicts & {Verdict.RAISED, Verdict.MALFORMED}:
        return CheckedError(nan, report)
    if Verdict.DISAGREES in verdicts:
        return CheckedError(_gap(report, np.asarray(grad(x, *args))), report)
    return CheckedError(nan if Verdict.INCONCLUSIVE in verdicts else 0.0, report)


def _gap(report: Report, gradient: Any) -> float:
    """Return the norm of the gaps entry by entry, or the greatest along a direction, per unit of the function."""
    for finding in report.findings:
        if finding.check == "gradient.entries" and finding.table is not None:
            table = finding.table
            own = [float(gradient[index]) for index in table.index]
            # measured with a random cotangent: both sides carry it as a factor
            factor = sqrt(sum(c * c for c in table.claimed)) / (sqrt(sum(g * g for g in own)) or 1.0) or 1.0
            return sqrt(sum((m - c) ** 2 for c, m in zip(table.claimed, table.measured, strict=True))) / factor
        if finding.check == "gradient.entries" and finding.worst is not None and finding.gap is not None:
            at = float(gradient[finding.worst])
            return abs(finding.gap) / (abs((finding.claimed or 0.0) / at) if at else 1.0)
    return max(abs(f.gap) for f in report.findings if f.gap is not None and f.verdict is Verdict.DISAGREES)
