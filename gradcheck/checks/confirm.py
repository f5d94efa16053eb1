"""Whether a probe that disagrees is to be believed: other steps, and every other cause that a gap may have."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import isfinite

import numpy as np

from gradcheck.checks.beside import touches_few
from gradcheck.checks.doubt import (
    DIGITS,
    NARROW,
    flickering,
    gap_in_wider,
    most,
    narrow_throughout,
    narrowing,
    spread,
    spread_at_most,
    trembling,
)
from gradcheck.checks.hidden import among_larger, rounding_of_larger
from gradcheck.checks.prober import Probe, Prober
from gradcheck.checks.solvers import STOPS, inexactness, wavering
from gradcheck.checks.ties import around
from gradcheck.checks.uneven import UNEVEN, on_stairs, uneven
from gradcheck.compare import Comparison, Verdict
from gradcheck.norms import norm
from gradcheck.pieces import extremes, is_large
from gradcheck.probes.stairs import jumps_here

__all__ = ["JUMPS", "confirm", "explained"]

_TINY = 3e-2  # a relative gap below this may be the forward's own inexactness
_TALLER = 1e3  # jump over the gap that it explains: the derivative of such a forward errs by more than it jumps
_SOLVED = 3e-2  # a relative gap above this is no solver's
_LARGE = 10_000  # entries
_AGAIN = (400, 500, 600)  # other draws of a direction
_UNCONFIRMED = (
    "a gap was seen that other steps, or the rounding of the claim itself, do not confirm; another seed may settle it"
)
JUMPS = "the function jumps at this point: no derivative exists there; a point beside it would settle it"


def explained(prober: Prober, probe: Probe) -> Probe:
    """Return an inconclusive probe with the reason that fits.

    A gap a little too wide AGREES where it is rounding, and DISAGREES where wider numbers show it as well.
    """
    unmeasured = probe.estimate.scale == 0 or not isfinite(probe.comparison.allowed)
    if probe.verdict is Verdict.INCONCLUSIVE and unmeasured and jumps_here(probe.line):
        return _open(probe, JUMPS)
    if probe.verdict is Verdict.INCONCLUSIVE and probe.comparison.allowed < abs(probe.comparison.gap):
        if prober.stage.lifted and (rounded := _right_in_wider(prober, probe)) is not None:
            return rounded
        known = confirm(prober, probe, full=False, beside=False, jumps=False)
        return known if known.verdict in (Verdict.AGREES, Verdict.DISAGREES) else probe
    return probe


def confirm(prober: Prober, probe: Probe, *, full: bool = True, beside: bool = True, jumps: bool = True) -> Probe:
    """Return a probe that DISAGREES with its final verdict.

    Args:
        probe: what disagrees.
        full: learn the noise anew for the second measurement.
        beside: where claims differ too much from point to point, ask whether they are wrong there as well.
        jumps: where the gap is tiny, look for jumps of the forward, at a hundred evaluations a block.

    Other steps on the same line must see the same gap, and neither the claim's measured rounding nor jumps
    of the forward may explain it; else it is INCONCLUSIVE, or AGREES up to the forward's own inexactness.
    A gap within the rounding of the block's large gradients is a mistake of a small one only where that stands alone.
    """
    ask = partial(_confirmed, prober, probe, full=full, beside=beside, jumps=jumps)
    block = rounding_of_larger(prober, probe)
    return ask() if block is None else among_larger(prober, probe, block, ask)


def _confirmed(prober: Prober, first: Probe, *, full: bool, beside: bool, jumps: bool) -> Probe:
    v, number, size = first.v, first.number, first.size
    second = prober.probe(
        number, v, attempt=1, full=full, reference=first.reference, reach=first.line.reach, repeats=first.repeats
    )
    if jumps_here(first.line):
        return _open(first, JUMPS)
    narrowed, wrong = narrowing(prober, first)
    if narrowed and (rounded := _right_in_wider(prober, first, narrowed)) is not None:
        return rounded
    if on_stairs(prober, first) or uneven(prober, first):
        return _open(first, UNEVEN)
    beyond = _of_the_forward(prober, first, jumps)
    known, least = max(narrowed, flickering(prober, first)), prober.claim_rounding * size
    bars = first.estimate.error + second.estimate.error
    if wrong and is_large(v) and not touches_few(v):
        # a bound may settle it, for which fewer gradients are there at a time
        doubt = 8 * max(spread_at_most(prober, number, v), most(prober, number, v))
        a, b = (_judged(prober, probe, max(least + doubt, known) + beyond) for probe in (first, second))
        if _both(a, b) and abs(a.gap - b.gap) <= bars + max(least, known) + beyond:
            return replace(first, comparison=a) if a.allowed <= b.allowed else replace(second, comparison=b)
    gap, other = first.estimate.gap, second.estimate.gap
    stays = abs(gap) > 3 * (bars + beyond) and abs(gap - other) <= bars + beyond
    if wrong and stays and abs(gap_in_wider(prober, first)) > 0.5 * abs(gap):
        return replace(first, comparison=replace(first.comparison, verdict=Verdict.DISAGREES, reason=""))
    trembles = trembling(prober, number, v)
    rounding = max(least + 8 * max(spread(prober, number, v), trembles), known) + beyond
    a, b = (_judged(prober, probe, rounding) for probe in (first, second))
    agree = abs(a.gap - b.gap) <= bars + rounding
    if not wrong and Verdict.AGREES not in (a.verdict, b.verdict):
        return _open(replace(first, comparison=a), DIGITS)
    if _both(a, b) and agree:
        if wrong and narrow_throughout(prober, first):
            return _open(replace(first, comparison=a), NARROW)
        return replace(first, comparison=a) if a.allowed <= b.allowed else replace(second, comparison=b)
    if a.verdict is Verdict.AGREES or b.verdict is Verdict.AGREES:
        return replace(first, comparison=a) if a.verdict is Verdict.AGREES else replace(second, comparison=b)
    tie = rounding > max(0.1 * size, 1e3 * trembles)
    if beside and tie and agree and around(prober, number)[0]:
        return first  # what the claims beside differ by is no rounding: they are wrong as well
    return _open(replace(first, comparison=a), _UNCONFIRMED)


def _right_in_wider(prober: Prober, probe: Probe, narrowed: float | None = None) -> Probe | None:
    """Return a probe whose claim in wider numbers is what was measured: neither stairs nor noise made its gap."""
    lost = narrowing(prober, probe)[0] if narrowed is None else narrowed
    told = _judged(prober, probe, max(prober.claim_rounding * probe.size, lost))
    return replace(probe, comparison=told) if lost and told.verdict is Verdict.AGREES else None


def _judged(prober: Prober, probe: Probe, rounding: float) -> Comparison:
    return prober.judge(probe.estimate, probe.number, probe.reference, rounding)


def _both(a: Comparison, b: Comparison) -> bool:
    """Whether two measurements disagree, and to the same side."""
    return a.verdict is b.verdict is Verdict.DISAGREES and a.gap * b.gap > 0


def _open(probe: Probe, reason: str) -> Probe:
    return replace(probe, comparison=replace(probe.comparison, verdict=Verdict.INCONCLUSIVE, reason=reason))


def _of_the_forward(prober: Prober, first: Probe, jumps: bool) -> float:
    """Return what of a gap the forward may not show: moves that outputs rest under, and what a solver stops at."""
    estimate, line, trial = first.estimate, first.line, prober.trial
    scale = max(estimate.scale, abs(estimate.measured))
    if jumps and abs(estimate.gap) < _TINY * scale and trial.inexact is None:
        trial.inexact = _inexact(prober, first)
    loudest = prober.stage.trial.loudest
    beyond = line.unseen(loudest, estimate.gap, max(1.0, prober.scale / extremes(first.v)[1]))
    if abs(estimate.measured) <= 3 * estimate.error:
        # nothing moves here; how far it would have to, is known from where something did
        beyond += estimate.rounding * max(1.0, loudest * line.floor() / max(estimate.noise, 1e-300))
    if abs(estimate.gap) < _SOLVED * scale:
        beyond += STOPS * wavering(trial, first.number) * norm(first.v) / prober.scale
    return beyond


def _inexact(prober: Prober, first: Probe) -> float:
    """Return the size of the jumps of a forward that stops at a tolerance, 0 where they do not explain a tiny gap."""
    longer = prober.scale / extremes(first.v)[1]  # of a short direction the line itself, as far as the block is large
    lines = [first.line if longer < 2 else prober.line(first.number, first.v * longer)]
    if prober.x.size <= _LARGE:  # in a large block its own line has to do
        names = [name for name in prober.trial.claimed_blocks() if name != prober.name]
        others = [Prober(prober.trial, prober.stage, name) for name in names]
        lines += [other.line(first.number, other.direction(first.number)) for other in others]
        # where it takes another step may be far off along one line, and near along another
        lines += [prober.line(first.number, prober.direction(first.number + again)) for again in _AGAIN]
    elif np.count_nonzero(first.v) == 1:
        lines = [prober.line(first.number, prober.direction(first.number))]
    jump = inexactness(lines, far=prober.x.size <= _LARGE)
    # the size of the gap, were the step as long as the block is large
    gap = abs(first.estimate.gap) * prober.scale / float(np.max(np.abs(first.v)))
    return jump if jump <= _TALLER * gap else 0.0
