"""Small gradients beside large ones: whether a gap within the rounding of the large is a mistake of the small."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gradcheck.checks.beside import touches_few
from gradcheck.checks.doubt import kept, mixed, most, spread, spread_at_most, trembling
from gradcheck.checks.prober import Probe, Prober
from gradcheck.checks.uneven import ORDINARY
from gradcheck.compare import Verdict
from gradcheck.pieces import extremes, is_large
from gradcheck.probes.stairs import saws, stands_still_nearby

__all__ = ["HIDDEN", "among_larger", "rounding_of_larger"]

_SHARP = 1e4  # error bars that a slope is to be, to be none that rounding has left over
_DIGIT = 1e-10  # of gradients within the rounding of larger ones: a mistake in one of many of them
_LARGER = 4.0  # times the rounding of a large gradient that a small one may be off by: 1 + erf(−8) has no digit
_ULPS = 4.0  # spacings of a large gradient that a small one of zero may be off by
_LOST = 1e-3  # of a slope: what a term leaves, of many, that is absorbed by a one: one in |log p| of an entropy
_FAR = 100.0  # times what the claim differs by from point to point, where no rounding is thought of any more
HIDDEN = (
    "rounding: far below the rest of its block, and all that it changes on the steps is less than a number of size one "
    "is rounded by; where none is met inside, the gradient is wrong. A point with entries of one size would settle it"
)


def rounding_of_larger(prober: Prober, probe: Probe) -> float | None:
    """Return what the larger gradients of the block are rounded by, None where a gap is more than that anyway."""
    # what moves the outputs by less than their rounding, for a move of the block by its own size, is a small one too
    outputs = prober.claim_rounding * prober.magnitude(probe.number) * min(1.0, extremes(probe.v)[1] / prober.scale)
    block = max(_LARGER * prober.claim_rounding * probe.reference, outputs)
    larger = block > prober.claim_rounding * probe.size
    return block if larger and abs(probe.estimate.gap) <= block + probe.estimate.error else None


def among_larger(prober: Prober, probe: Probe, block: float, ask: Callable[[], Probe]) -> Probe:
    """Return a probe whose gap is within the rounding of larger gradients, forgiven or with what a second look says.

    Args:
        prober: of the block.
        probe: what disagrees.
        block: rounding of the larger gradients.
        ask: confirms the gap by itself.
    """
    forgiven = replace(probe, comparison=prober.judge(probe.estimate, probe.number, probe.reference, block))
    if not _alive(probe):
        return forgiven
    same = kept(prober, probe)
    # or the forward did not feel it: the sum of a softmax is the same with 1e-21 in it
    if _absorbed(prober, probe, same) or mixed(prober, probe):
        return forgiven
    if abs(probe.estimate.gap) > _LOST * abs(probe.estimate.claimed) and saws(probe.line, probe.estimate.gap):
        if not same or abs(probe.estimate.measured) <= _SHARP * probe.estimate.error:
            return forgiven  # 1 + erf(−8) has some digits of a slope, and they are wrong
        return replace(probe, comparison=replace(probe.comparison, verdict=Verdict.INCONCLUSIVE, reason=HIDDEN))
    found = ask()
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
    loud = estimate.noise > ORDINARY * line.floor()
    seen = estimate.kind == "smooth" and abs(estimate.measured) > 10 * estimate.error
    return seen and not loud and not stands_still_nearby(line)
