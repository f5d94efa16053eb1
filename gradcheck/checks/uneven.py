"""Functions that go by stairs, or swing faster than the steps: gaps that steps of other lengths deny."""

from __future__ import annotations

from gradcheck.checks.doubt import TALL, denied, fades, rests
from gradcheck.checks.precision import short_spacing
from gradcheck.checks.prober import Probe, Prober
from gradcheck.pieces import extremes
from gradcheck.probes.stairs import saws, stair, stands_still_nearby

__all__ = ["ORDINARY", "UNEVEN", "on_stairs", "uneven"]

ORDINARY = 100.0  # noise over its floor that is taken for rounding without confirmation
_STAIRS = 4.0  # spacings that a stair of a short format may be tall
_NOTHING = 1e-6  # of a gap: a claim of zero, but for its rounding
UNEVEN = (
    "structure in the step: the function is a staircase, or swings faster than most steps, and steps of different "
    "lengths contradict each other; a better conditioned forward would settle it"
)


def on_stairs(prober: Prober, probe: Probe) -> bool:
    """Whether a claim of zero holds on short steps, and longer ones meet stairs far taller than any rounding.

    The derivative of floor(x) is zero wherever x is no integer, and steps longer than a stair see a slope of one.
    """
    nothing = abs(probe.estimate.claimed) <= _NOTHING * abs(probe.estimate.gap)
    return nothing and stair(probe.line) > TALL * prober.magnitude(probe.number)


def uneven(prober: Prober, probe: Probe) -> bool:
    """Whether a gap rests on what may be stairs, a saw, or a swing too fast for the steps, and others deny it."""
    estimate, line = probe.estimate, probe.line
    noisy = estimate.noise > ORDINARY * line.floor()
    if estimate.kind == "flat" and prober.trial.stairs:
        return True  # this function is known to stand still where it should not
    coarse = max(1.0, _STAIRS * short_spacing(prober.claim(probe.number)) / TALL)  # computed in bfloat16 throughout
    if rests(estimate, coarse * prober.magnitude(probe.number)):
        prober.trial.stairs = True
        return True
    faded = fades(estimate, prober.magnitude(probe.number))
    still = stands_still_nearby(line) or faded
    if not noisy and not still and not saws(line, estimate.gap):
        return False
    if noisy and abs(estimate.gap) * 64 * prober.stage.eps > estimate.noise:
        return True  # such a slope would swing through the noise within a few neighbouring numbers
    factor = max(1.0, prober.scale / extremes(probe.v)[1])
    # 1 + x stands still for tiny x and moves on steps of x's own size; floor(x) has stairs as long as they are
    first = -3 if prober.scale < 1e-2 else 0
    long = prober.line(probe.number, probe.v * factor, line.reach / factor)
    contradicted = denied(long, estimate.gap * factor, range(-2, 13) if noisy else range(first, 3))
    # of p log p + (1 − p) log(1 − p) at 1e-9 the second half stands still on short steps, and the first does not
    contradicted = contradicted or (faded and factor > 1 and denied(line, estimate.gap, range(4)))
    prober.trial.stairs = prober.trial.stairs or contradicted
    return contradicted
