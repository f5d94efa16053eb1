"""A second opinion on the oracle: how the gap moves with the step tells a wrong formula from a poor measurement."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isfinite, log
from typing import Literal

__all__ = ["Trend", "trend_of"]

Trend = Literal["", "flat", "noise", "truncation"]

_FLAT = 0.02  # relative spread of gaps that counts as standing still
_RUN = 3  # levels in a row


def trend_of(curve: Sequence[tuple[float, float]]) -> tuple[Trend, str]:
    """Return how the gap moves with the step, in a word and in a sentence; ("", "") where it does neither.

    Args:
        curve: (step, gap), coarsest first.

    Example:
        >>> trend_of([(1e-1, 0.51), (1e-2, 0.5001), (1e-3, 0.5), (1e-4, 0.5)])[0]
        'flat'
        >>> trend_of([(1e-1, 1e-2), (1e-2, 1e-4), (1e-3, 1e-6)])[0]
        'truncation'
    """
    points = [(h, g) for h, g in curve if isfinite(g) and h > 0]
    if len(points) < _RUN:
        return "", ""
    best: list[tuple[float, float]] = []
    for start in range(len(points)):
        run = [points[start]]
        for step, gap in points[start + 1 :]:
            gaps = [g for _, g in run] + [gap]
            if max(gaps) - min(gaps) > _FLAT * max(map(abs, gaps)):
                break
            run.append((step, gap))
        if len(run) > len(best):
            best = run
    if len(best) >= _RUN and any(g for _, g in best):
        steps = f"{best[0][0]:.1g} to {best[-1][0]:.1g} of the point's scale"
        told = f"the gap stays at {best[-1][1]:.4g} for steps from {steps}"
        return "flat", f"{told}: the formula is wrong, not the measurement"
    powers = [
        log(abs(b) / abs(a)) / log(h / k) for (h, a), (k, b) in pairwise(points) if a and b
    ]  # gap ∝ h^(−power) between two levels
    if len(powers) >= 2 and all(0.6 < p < 1.5 for p in powers[-2:]):
        return "noise", "the gap grows as the step shrinks, like 1/h: noise of the forward"
    if len(powers) >= 2 and all(-2.6 < p < -1.4 for p in powers[:2]):
        return "truncation", "the gap shrinks with the step, like h²: the function bends within the step"
    return "", ""
