"""Claim against measurement: a `Comparison` with one of six verdicts, never a bool."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite

from gradcheck.estimate import Estimate

__all__ = ["KINKS", "Comparison", "Verdict", "compare", "compare_kink"]


class Verdict(StrEnum):
    """What one comparison says; ordered by `severity`, the worst first to be read.

    Example:
        >>> max([Verdict.AGREES, Verdict.KINK, Verdict.DISAGREES], key=lambda v: v.severity).name
        'DISAGREES'
    """

    AGREES = "AGREES"
    KINK = "KINK"
    INCONCLUSIVE = "INCONCLUSIVE"
    DISAGREES = "DISAGREES"
    MALFORMED = "MALFORMED"
    RAISED = "RAISED"

    @property
    def severity(self) -> int:
        """0 for AGREES … 5 for RAISED."""
        return _SEVERITY[self]

    @property
    def wrong(self) -> bool:
        """Whether something is wrong (exit code 1)."""
        return self in (Verdict.DISAGREES, Verdict.MALFORMED, Verdict.RAISED)


_SEVERITY = {verdict: place for place, verdict in enumerate(Verdict)}


@dataclass(frozen=True, slots=True)
class Comparison:
    """A claim, a measurement and what follows from them.

    Args:
        verdict: DISAGREES is provisional here: a second probe has to confirm it.
        gap: measured − claimed.
        allowed: error bar of the measurement plus rounding of the claim.
        resolution: smallest relative error that would have been seen, relative to the block's gradient.
        reason: for INCONCLUSIVE, what stands in the way and what would settle it; else "".
        vanishes: AGREES because claim and measurement both lie below what the outputs can show.
    """

    verdict: Verdict
    gap: float
    allowed: float
    resolution: float
    reason: str = ""
    vanishes: bool = False


KINKS = "kinks in the step: left and right slopes differ along this direction; a moved point would settle it"
_REASONS = {
    "noise": "noise: the forward's own rounding or noise hides gaps below {bar:.1e} of the gradient; "
    "give a float64 point, a tighter solver tolerance, or ask for a coarser resolution",
    "truncation": "truncation: the function bends too much within every step that rounding allows (bar {bar:.1e} "
    "of the gradient); a point where it is smoother would settle it",
    "edge": "domain edge: the function could be evaluated on one side only, or hardly at all; "
    "a point further inside its domain would settle it",
    "kink": KINKS,
}


def reason_for(estimate: Estimate, bar: float) -> str:
    """Return what kept an estimate from being sharper, and what would settle it."""
    if estimate.kind == "kink":
        return _REASONS["kink"]
    if estimate.kind == "onesided" or (estimate.kind == "none" and not estimate.curve):
        return _REASONS["edge"]
    key = "noise" if isfinite(estimate.error) and estimate.rounding >= estimate.truncation else "truncation"
    return _REASONS[key].format(bar=bar)


def compare(
    estimate: Estimate,
    *,
    rounding: float,
    resolution: float,
    tolerance: float | None = None,
    whole: float = 0.0,
    reference: float = 0.0,
) -> Comparison:
    """Judge a claim that was measured along one line.

    Args:
        estimate: the measurement.
        rounding: what rounding of the claim itself may amount to, in the unit of the gap.
        resolution: largest relative error that AGREES may leave unseen.
        tolerance: gap, relative to the measured scale, that is of no interest; None for none.
        whole: ‖u ∘ y‖₂ over all outputs, what a vanishing gradient is compared with.
        reference: what errors are relative to, if larger than the estimate's own scale.
    Returns:
        The comparison. A gap between one and three times what is allowed is INCONCLUSIVE.
    """
    gap, scale = estimate.gap, max(estimate.scale, reference)
    allowed = estimate.error + rounding
    if not isfinite(allowed) or estimate.kind in ("none", "kink"):
        return Comparison(Verdict.INCONCLUSIVE, gap, allowed, inf, reason_for(estimate, inf))
    relative = allowed / scale if scale > 0 else inf
    if abs(gap) <= allowed:
        if relative <= resolution:
            return Comparison(Verdict.AGREES, gap, allowed, relative)
        # what a claim has lost says nothing of the slopes that the function has farther away
        secant = estimate.secant if rounding <= estimate.error else 0.0
        vanishes = estimate.scale <= allowed <= resolution * max(whole, estimate.magnitude, secant)
        if vanishes or (scale == 0 and estimate.kind == "flat"):
            # of a gradient below what the outputs can show nothing was seen but that: said relative to it, as always
            unseen = relative if scale > 0 else allowed / whole if whole > 0 else 0.0
            return Comparison(Verdict.AGREES, gap, allowed, unseen, vanishes=True)
        if tolerance is not None and relative <= tolerance:
            return Comparison(Verdict.AGREES, gap, allowed, relative)
        return Comparison(Verdict.INCONCLUSIVE, gap, allowed, relative, reason_for(estimate, relative))
    if tolerance is not None and abs(gap) + allowed <= tolerance * max(scale, abs(estimate.measured)):
        return Comparison(Verdict.AGREES, gap, allowed, relative)
    if abs(gap) > 3 * allowed:
        return Comparison(Verdict.DISAGREES, gap, allowed, relative)
    reason = f"the gap is {abs(gap) / allowed:.1f} times what is allowed: too much to agree, too little to disagree"
    return Comparison(Verdict.INCONCLUSIVE, gap, allowed, relative, reason)


def compare_kink(claimed: float, low: float, high: float, *, bar: float) -> Comparison:
    """Judge a claim at a kink: a valid subgradient lies between the one-sided slopes.

    Args:
        claimed: the claimed derivative with respect to one entry.
        low: least slope of the branches that meet there.
        high: greatest slope.
        bar: error of the slopes and rounding of the claim.
    """
    excess = max(low - claimed, claimed - high, 0.0)
    gap = low - claimed if claimed < low else high - claimed if claimed > high else 0.0
    width = high - low
    relative = bar / width if width > 0 else inf
    if excess <= bar:
        return Comparison(Verdict.KINK, gap, bar, relative)
    if excess > 3 * bar:
        return Comparison(Verdict.DISAGREES, gap, bar, relative)
    return Comparison(Verdict.INCONCLUSIVE, gap, bar, relative, _REASONS["kink"])
