"""Slopes from one side: what a kink's two branches claim, and all that a domain's edge allows."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isfinite, sqrt

from gradcheck.estimate import Slope
from gradcheck.probes.constants import Constants, weights
from gradcheck.probes.line import Line, rms

__all__ = ["differ", "one_sided"]


def one_sided(line: Line, step: Callable[[int], float], side: int, noise: float, constants: Constants) -> Slope | None:
    """Return the slope of ψ on one side of t = 0, from the levels that were evaluated there.

    Args:
        line: where to read; only levels that it has seen are used, and it is not evaluated again.
        step: level ↦ step.
        side: +1 for t ↓ 0, −1 for t ↑ 0.
        noise: standard deviation of φ.
        constants: of the ladder.
    Returns:
        Slope relative to the claim, or None where no window of three levels is admissible.
    """

    eps = line.spacing
    seen: list[tuple[int, float, float]] = []
    for k in range(constants.coarsest, constants.finest + 1):
        sample = line.seen(side * step(k))
        if sample is not None and sample.finite:
            seen.append((k, step(k), side * sample.psi / step(k)))
    best: Slope | None = None
    for i in range(len(seen) - 2):
        (a, ha, sa), (b, hb, sb), (c, hc, sc) = seen[i : i + 3]
        if c > constants.window:
            break
        w, wf, wc = weights((a, b, c), 1, eps)
        floor = line.floor(ha)
        slope = w[0] * sa + w[1] * sb + w[2] * sc
        fine, coarse = wf[0] * sb + wf[1] * sc, wc[0] * sa + wc[1] * sb
        residuals = [(sq - slope) * hq / sqrt(2) for _, hq, sq in seen[i + 3 :]]
        sigma = max(noise, floor, rms(*residuals))
        if len(residuals) > 1:
            finest = residuals[-2:] if len(residuals) > 2 else residuals[-1:]
            others = [abs(r) for r in residuals[: len(residuals) - len(finest)]]
            if others and max(others) > constants.structure * max(3 * floor, rms(*finest)):
                continue
        total = sum(wi / hi for wi, hi in zip(w, (ha, hb, hc), strict=True))
        squares = sum((wi / hi) ** 2 for wi, hi in zip(w, (ha, hb, hc), strict=True))
        rounding = constants.noise * sigma * sqrt(squares + total**2)
        truncation = 2 * max(abs(slope - fine), min(abs(slope - coarse), abs(fine - coarse)))
        first, second = abs(sb - sa), abs(sc - sb)
        if second > max(first / (hb / hc) ** 0.7, constants.noise * sigma / hc):
            truncation = max(truncation, first + second)
        error = truncation + rounding
        if isfinite(slope + error) and (best is None or error < best.error):
            best = Slope(slope, error)
    return best


def differ(left: Slope, right: Slope, central: float | None) -> bool:
    """Say whether two one-sided slopes tell a kink at t = 0.

    Args:
        left: slope for t ↑ 0.
        right: slope for t ↓ 0.
        central: bar of the central estimate, or None where there is none.
    """
    jump, bars = abs(left.value - right.value), left.error + right.error
    bar = inf if central is None else central
    return jump > 2 * bars and (bars < bar or bar > 0.2 * jump)
