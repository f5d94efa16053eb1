"""An elementwise function has the real line for its domain: its claim is checked along all of it.

One array of typical, tiny, large and nearly saturated numbers of both signs is put in place of the point;
its numbers are no round ones, so that thresholds (20 for a softplus, 6 for a clipped relu) lie beside them,
but for zero, where most kinks are: any subgradient will do there, and a vertical tangent is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gradcheck.checks.entries import Entry, measure_entries
from gradcheck.checks.precision import stage_for
from gradcheck.checks.prober import Prober
from gradcheck.checks.trial import Trial
from gradcheck.compare import Verdict
from gradcheck.point import Array, Point
from gradcheck.report import Finding
from gradcheck.report.text import pair

__all__ = ["gradient_points"]

_SIZES = (
    *(2.7e-5, 3.1e-3, 0.0817, 0.237, 0.393, 0.713, 0.931, 1.117, 1.41, 1.71, 2.39, 2.77, 3.07, 3.71, 4.83),
    *(5.73, 6.43, 7.19, 12.7, 21.3, 33.7),
)


def gradient_points(trial: Trial) -> Iterator[Finding]:
    """An elementwise derivative holds at tiny, typical, large and nearly saturated numbers of both signs."""
    x = trial.value("x")
    if x.dtype.kind == "c":
        return
    with np.errstate(all="ignore"):
        points = np.array([*(sign * size for size in _SIZES for sign in (1.0, -1.0)), 0.0], dtype=x.dtype)
        y = np.asarray(trial.target.forward(points.copy()))
    if y.shape != points.shape:
        return
    points = points[np.isfinite(y)]
    if points.size == 0:
        return
    grid = _grid(trial, points)
    gradient = grid.gradients(0)["x"]
    if points[-1] == 0 and not np.isfinite(gradient[-1]) and points.size > 1:
        points = points[:-1]
        grid = _grid(trial, points)
        gradient = grid.gradients(0)["x"]
    bad = ~np.isfinite(gradient)
    if bad.any():
        where = float(points[bad][0])
        message = f"the derivative is not finite at x = {where:g}, where the function is"
        yield trial.finding("gradient.points", "x", Verdict.MALFORMED, message, wrong=int(bad.sum()))
        return
    prober = Prober(grid, stage_for(grid), "x")
    start = prober.evaluations
    entries = measure_entries(prober, [(i,) for i in range(points.size)])
    wrong = [entry for entry in entries if entry.verdict is Verdict.DISAGREES]
    kinked = any(entry.verdict is Verdict.KINK and points[entry.index] != 0 for entry in entries)
    verdict = Verdict.DISAGREES if wrong else Verdict.KINK if kinked else Verdict.AGREES
    worst: Entry = max(wrong or entries, key=lambda entry: abs(entry.comparison.gap))
    u = float(prober.cotangent(0)[worst.index[0]])
    place, claimed, measured = float(points[worst.index]), worst.claimed / u, worst.measured / u
    message = ""
    if wrong:
        one, other = pair(claimed, measured)
        message = (
            f"{trial.target.name}: the derivative disagrees at x = {place:g}: claimed {one}, measured "
            f"{other} ± {abs(worst.error / u):.1g} ({len(wrong)} of {len(entries)} points)"
        )
    settled = [entry.comparison.resolution for entry in entries if entry.verdict is not Verdict.INCONCLUSIVE]
    yield trial.finding(
        "gradient.points",
        "x",
        verdict,
        message,
        claimed=claimed,
        measured=measured,
        error=abs(worst.error / u),
        gap=measured - claimed,
        allowed=worst.comparison.allowed,
        resolution=max((r for r in settled if np.isfinite(r)), default=None),
        wrong=len(wrong),
        entries=len(entries),
        evaluations=prober.evaluations - start,
        curve=worst.estimate.curve,
    )


def _grid(trial: Trial, points: Array) -> Trial:
    return Trial(replace(trial.target, point=Point(("x",), (points,))), trial.settings)
