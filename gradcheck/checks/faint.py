"""Entries whose gradient is so small that those of large ones would hide a mistake in them: probed apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import hypot, sqrt

import numpy as np

from gradcheck.checks.confirm import confirm
from gradcheck.checks.hidden import HIDDEN
from gradcheck.checks.prober import Probe, Prober
from gradcheck.checks.ties import TIE, at_tie
from gradcheck.compare import Verdict
from gradcheck.norms import norm
from gradcheck.pieces import norm_along, pieces
from gradcheck.point import Array

__all__ = ["AWAY", "faint", "strata", "unseen"]

AWAY = 0.5  # longest step along a few entries: none of them moves as far as the block is large
_SEEN = 4.0  # bars that a gap is to be: directions are half as long in some entries, and a gap may be half covered
_HIDDEN = 1e-4  # of the block's typical gradient: what is smaller is probed apart
_LEVELS = 12  # masks one within the other, of four decades or more each


def strata(prober: Prober, bar: float) -> Iterator[Array]:
    """Yield masks of entries whose claimed gradient is so small that large ones would hide them.

    Args:
        prober: of the block.
        bar: of a direction of the whole block: what it hides is a mistake in the last digits that one entry shows.
    """
    claim, size = prober.claim(0), prober.trial.size_of(0, prober.name)
    if size is not None and size.least > 0.1 * size.largest:
        return  # all are as large as the typical one
    inside = np.ones(claim.shape, dtype=bool)
    for _ in range(_LEVELS):
        count = int(np.count_nonzero(inside))
        typical = hypot(*(norm(g[at]) for g, at in pieces(claim, inside))) / sqrt(count) if count else 0.0
        hidden = _SEEN * bar / (prober.resolution * prober.scale)
        limit = max(_HIDDEN * typical, min(hidden, 0.1 * typical))
        bar, small = 0.0, np.zeros(claim.shape, dtype=bool)
        for g, at, out in pieces(claim, inside, out=small):
            out[...] = at & (np.abs(g) <= limit)
        if typical == 0 or not 0 < np.count_nonzero(small) < small.size:
            break
        yield small
        inside = small


def unseen(prober: Prober, probes: Sequence[Probe]) -> Array | None:
    """Return a mask of entries in which a mistake as large as the resolution is within every bar; None if none."""
    if all(probe.comparison.vanishes for probe in probes):
        return None  # below all that the outputs show
    hidden = np.asarray(prober.claim(0) != 0)
    for probe in probes:
        if probe.comparison.reason == HIDDEN:
            hidden |= probe.v != 0
        elif probe.verdict is Verdict.AGREES:
            sizes = prober.resolution * np.abs(prober.claim(probe.number) * probe.v)
            hidden &= ~(sizes > 2 * probe.comparison.allowed)  # less may be covered by half
    return hidden if np.count_nonzero(hidden) else None


def faint(
    prober: Prober, level: int, small: Array, most: int | None = None, factor: float = 1.0, repeats: int = 1
) -> Probe:
    """Probe entries of small claimed gradient alone.

    Args:
        prober: of the block.
        level: which direction.
        small: mask of the entries.
        most: evaluations; None for as many as sharpen it.
        factor: length of the direction; an ordinary one is as long as the block is large.
        repeats: measurements whose mean is taken.
    """
    whole = np.asarray(factor * prober.direction(1000 + level))
    # the claims' rounding is that of the sums they come from: relative to the block, not to the small ones
    reference = norm_along(prober.claim(0), whole)
    whole[~small] = 0.0
    # what hardly moves the outputs is no reason for steps beyond all that was given: an iteration may never end there
    probe = prober.probe(0, whole, reference=reference, most=most, reach=AWAY, repeats=repeats)
    if probe.verdict is Verdict.DISAGREES:
        probe = confirm(prober, probe)
        if probe.verdict is Verdict.DISAGREES and at_tie(prober, 0, probe.v, probe.estimate.gap):
            undecided = replace(probe.comparison, verdict=Verdict.INCONCLUSIVE, reason=TIE)
            probe = replace(probe, comparison=undecided)
    return probe
