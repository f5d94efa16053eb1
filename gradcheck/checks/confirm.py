"""Whether a probe that disagrees is to be believed: other steps, and every other cause that a gap may have."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite

import numpy as np

from gradcheck.checks.beside import touches_few
from gradcheck.checks.doubt import (
    DIGITS,
    TALL,
    denied,
    fades,
    flickering,
    kept,
    mixed,
    most,
    narrowing,
    rests,
    spread,
    spread_at_most,
    trembling,
)
from gradcheck.checks.prober import Probe, Prober
from gradcheck.checks.solvers import STOPS, inexactness, wavering
from gradcheck.checks.ties import around
from gradcheck.compare import Verdict
from gradcheck.norms import norm
from gradcheck.pieces import extremes, is_large
from gradcheck.probes.stairs import jumps_here, saws, stair, stands_still_nearby

__all__ = ["HIDDEN", "JUMPS", "UNEVEN", "confirm", "explained", "on_stairs"]

_ORDINARY = 100.0  # noise over its floor that is taken for rounding without confirmation
_SHARP = 1e4  # error bars that a slope is to be, to be none that rounding has left over
_NOTHING = 1e-6  # of a gap: a claim of zero, but for its rounding
_TINY = 3e-2  # a relative gap below this may be the forward's own inexactness
_TALLER = 1e3  # jump over the gap that it explains: the derivative of such a forward errs by more than it jumps
_SOLVED = 3e-2  # a relative gap above this is no solver's
_LARGE = 10_000  # entries
_AGAIN = (400, 500, 600)  # other draws of a direction
_DIGIT = 1e-10  # of gradients within the rounding of larger ones: a mistake in one of many of them
_LARGER = 4.0  # times the rounding of a large gradient that a small one may be off by: 1 + erf(−8) has no digit
_ULPS = 4.0  # spacings of a large gradient that a small one of zero may be off by
_FAR = 100.0  # times what the claim differs by from point to point, where no rounding is thought of any more
UNEVEN = (
    "structure in the step: the function is a staircase, or swings faster than most steps, and steps of different "
    "lengths contradict each other; a better conditioned forward would settle it"
)
_UNCONFIRMED = (
    "a gap was seen that other steps, or the rounding of the claim itself, do not confirm; another seed may settle it"
)
HIDDEN = (
    "rounding: far below the rest of its block, and all that it changes on the steps is less than a number of size one "
    "is rounded by; where none is met inside, the gradient is wrong. A point with entries of one size would settle it"
)
JUMPS = "the function jumps at this point: no derivative exists there; a point beside it would settle it"


def on_stairs(prober: Prober, probe: Probe) -> bool:
    """Whether a claim of zero holds on short steps, and longer ones meet stairs far taller than any rounding.

    The derivative of floor(x) is zero wherever x is no integer, and steps longer than a stair see a slope of one.
    """
    nothing = abs(probe.estimate.claimed) <= _NOTHING * abs(probe.estimate.gap)
    return nothing and stair(probe.line) > TALL * prober.magnitude(probe.number)


def _uneven(prober: Prober, probe: Probe) -> bool:
    """Whether a gap rests on what may be stairs, a saw, or a swing too fast for the steps, and others deny it."""
    estimate, line = probe.estimate, probe.line
    noisy = estimate.noise > _ORDINARY * line.floor()
    if estimate.kind == "flat" and prober.trial.stairs:
        return True  # this function is known to stand still where it should not
    if rests(estimate, prober.magnitude(probe.number)):
        prober.trial.stairs = True
        return True
    still = stands_still_nearby(line) or fades(estimate, prober.magnitude(probe.number))
    if not noisy and not still and not saws(line, estimate.gap):
        return False
    if noisy and abs(estimate.gap) * 64 * prober.stage.eps > estimate.noise:
        return True  # such a slope would swing through the noise within a few neighbouring numbers
    factor = max(1.0, prober.scale / extremes(probe.v)[1])
    # 1 + x stands still for tiny x and moves on steps of x's own size; floor(x) has stairs as long as they are
    first = -3 if prober.scale < 1e-2 else 0
    long = prober.line(probe.number, probe.v * factor, line.reach / factor)
    contradicted = denied(long, estimate.gap * factor, range(-2, 13) if noisy else range(first, 3))
    prober.trial.stairs = prober.trial.stairs or contradicted
    return contradicted


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


def explained(prober: Prober, probe: Probe) -> Probe:
    """Return an inconclusive probe with the reason that fits; AGREES where a gap a little too wide is rounding."""
    unmeasured = probe.estimate.scale == 0 or not isfinite(probe.comparison.allowed)
    if probe.verdict is Verdict.INCONCLUSIVE and unmeasured and jumps_here(probe.line):
        return replace(probe, comparison=replace(probe.comparison, reason=JUMPS))
    if probe.verdict is Verdict.INCONCLUSIVE and probe.comparison.allowed < abs(probe.comparison.gap):
        known = confirm(prober, probe, full=False, beside=False, jumps=False)
        return known if known.verdict is Verdict.AGREES else probe
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
    # what moves the outputs by less than their rounding, for a move of the block by its own size, is a small one too
    outputs = prober.claim_rounding * prober.magnitude(probe.number) * min(1.0, extremes(probe.v)[1] / prober.scale)
    block = max(_LARGER * prober.claim_rounding * probe.reference, outputs)
    larger = block > prober.claim_rounding * probe.size
    within = larger and abs(probe.estimate.gap) <= block + probe.estimate.error
    if not within:
        return _confirmed(prober, probe, full=full, beside=beside, jumps=jumps)
    forgiven = replace(probe, comparison=prober.judge(probe.estimate, probe.number, probe.reference, block))
    if not _alive(probe):
        return forgiven
    same = kept(prober, probe)
    # or the forward did not feel it: the sum of a softmax is the same with 1e-21 in it
    if _absorbed(prober, probe, same) or mixed(prober, probe):
        return forgiven
    if abs(probe.estimate.gap) > 0.1 * abs(probe.estimate.claimed) and saws(probe.line, probe.estimate.gap):
        if not same or abs(probe.estimate.measured) <= _SHARP * probe.estimate.error:
            return forgiven  # 1 + erf(−8) has some digits of a slope, and they are wrong
        return replace(probe, comparison=replace(probe.comparison, verdict=Verdict.INCONCLUSIVE, reason=HIDDEN))
    found = _confirmed(prober, probe, full=full, beside=beside, jumps=jumps)
    unsure = found.verdict is Verdict.INCONCLUSIVE or not _stands_out(prober, found)
    return forgiven if unsure and not same else found


def _absorbed(prober: Prober, probe: Probe, same: bool) -> bool:
    """Whether what is claimed is zero, and what is missing the rounding of one large gradient: 1 − σ(40) is zero.

    Where it is the same in wider numbers, their rounding.
    """
    stage = prober.stage
    wider = stage.eps if stage.lifted else float(np.finfo(np.longdouble).eps)
    rounding = _ULPS * (wider if same else stage.claim_eps) * probe.reference
    return probe.estimate.claimed == 0 and abs(probe.estimate.gap) <= rounding


def _stands_out(prober: Prober, probe: Probe) -> bool:
    """Whether a gap is far larger than what the claim differs by beside the point, and no last digit of its own."""
    if is_large(probe.v) and not touches_few(probe.v):
        lost = spread_at_most(prober, *probe.along) + most(prober, *probe.along)
    else:
        lost = spread(prober, *probe.along) + trembling(prober, *probe.along)
    return abs(probe.estimate.gap) > max(_DIGIT * probe.size, _FAR * lost)


def _alive(probe: Probe) -> bool:
    """Whether a line shows a slope of its own to some digits, on short steps too."""
    estimate, line = probe.estimate, probe.line
    loud = estimate.noise > _ORDINARY * line.floor()
    seen = estimate.kind == "smooth" and abs(estimate.measured) > 10 * estimate.error
    return seen and not loud and not stands_still_nearby(line)


def _confirmed(prober: Prober, probe: Probe, *, full: bool, beside: bool, jumps: bool) -> Probe:
    first = probe
    second = prober.probe(
        first.number,
        first.v,
        attempt=1,
        full=full,
        reference=first.reference,
        reach=first.line.reach,
        repeats=first.repeats,
    )
    if jumps_here(first.line):
        comparison = replace(first.comparison, verdict=Verdict.INCONCLUSIVE, reason=JUMPS)
        return replace(first, comparison=comparison)
    size = first.size
    narrowed, wrong = narrowing(prober, first)
    if narrowed:  # the claim in wider numbers is what was measured: neither stairs nor noise made the gap
        told = prober.judge(first.estimate, first.number, first.reference, max(prober.claim_rounding * size, narrowed))
        if told.verdict is Verdict.AGREES:
            return replace(first, comparison=told)
    if on_stairs(prober, first) or _uneven(prober, first):
        comparison = replace(first.comparison, verdict=Verdict.INCONCLUSIVE, reason=UNEVEN)
        return replace(first, comparison=comparison)
    scale = max(first.estimate.scale, abs(first.estimate.measured))
    if jumps and abs(first.estimate.gap) < _TINY * scale and prober.trial.inexact is None:
        prober.trial.inexact = _inexact(prober, first)
    unit = max(1.0, prober.scale / extremes(first.v)[1])
    least, loudest = prober.claim_rounding * size, prober.stage.trial.loudest
    beyond = first.line.unseen(loudest, first.estimate.gap, unit)
    if abs(first.estimate.measured) <= 3 * first.estimate.error:
        # nothing moves here; how far it would have to, is known from where something did
        louder = loudest * first.line.floor() / max(first.estimate.noise, 1e-300)
        beyond += first.estimate.rounding * max(1.0, louder)
    known = max(narrowed, flickering(prober, first))
    if abs(first.estimate.gap) < _SOLVED * scale:
        beyond += STOPS * wavering(prober.trial, first.number) * norm(first.v) / prober.scale
    bars = first.estimate.error + second.estimate.error
    if wrong and is_large(first.v) and not touches_few(first.v):
        # a bound may settle it, for which fewer gradients are there at a time
        doubt = 8 * max(spread_at_most(prober, *first.along), most(prober, *first.along))
        rounding = max(least + doubt, known) + beyond
        a, b = (prober.judge(p.estimate, p.number, p.reference, rounding) for p in (first, second))
        agree = abs(a.gap - b.gap) <= bars + max(least, known) + beyond
        if a.verdict is b.verdict is Verdict.DISAGREES and agree and a.gap * b.gap > 0:
            return replace(first, comparison=a) if a.allowed <= b.allowed else replace(second, comparison=b)
    trembles = trembling(prober, *first.along)
    rounding = max(least + 8 * max(spread(prober, *first.along), trembles), known) + beyond
    a, b = (prober.judge(p.estimate, p.number, p.reference, rounding) for p in (first, second))
    agree = abs(a.gap - b.gap) <= bars + rounding
    if not wrong and Verdict.AGREES not in (a.verdict, b.verdict):
        return replace(first, comparison=replace(a, verdict=Verdict.INCONCLUSIVE, reason=DIGITS))
    if a.verdict is b.verdict is Verdict.DISAGREES and agree and a.gap * b.gap > 0:
        return replace(first, comparison=a) if a.allowed <= b.allowed else replace(second, comparison=b)
    if a.verdict is Verdict.AGREES or b.verdict is Verdict.AGREES:
        return replace(first, comparison=a) if a.verdict is Verdict.AGREES else replace(second, comparison=b)
    tie = rounding > max(0.1 * size, 1e3 * trembles)
    if beside and tie and agree and around(prober, first.number)[0]:
        return first  # what the claims beside differ by is no rounding: they are wrong as well
    return replace(first, comparison=replace(a, verdict=Verdict.INCONCLUSIVE, reason=_UNCONFIRMED))
