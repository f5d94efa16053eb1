"""Entry by entry: the derivative with respect to single numbers, kinks told from faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite, sqrt

import numpy as np

from gradcheck.checks.confirm import confirm, explained
from gradcheck.checks.doubt import DIGITS, NARROW, denied, fades, narrowing, trembling
from gradcheck.checks.hidden import HIDDEN
from gradcheck.checks.prober import Prober
from gradcheck.checks.support import bends_both_ways
from gradcheck.checks.ties import TIE, around, at_tie
from gradcheck.checks.uneven import UNEVEN
from gradcheck.compare import Comparison, Verdict, compare_kink
from gradcheck.estimate import Estimate
from gradcheck.norms import norm
from gradcheck.pieces import is_large
from gradcheck.point import Array
from gradcheck.probes.branches import branches

__all__ = ["Entry", "measure_entries"]

_AT = 0.45  # power of the spacing: a kink as near as that, 1e-7 in float64, is at the point
_SHARP = 0.1  # of the distance between two slopes: an error that would show them


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: where, what is claimed, what was measured, what follows; unit: derivative per unit of x.

    At a kink `ends` are the least and the greatest slope that meet there, and what was measured is their middle.
    """

    index: tuple[int, ...]
    claimed: float
    measured: float
    error: float
    comparison: Comparison
    estimate: Estimate
    ends: tuple[float, float] | None = None

    @property
    def verdict(self) -> Verdict:
        """What the comparison says."""
        return self.comparison.verdict


def measure_entries(
    prober: Prober, indices: Sequence[tuple[int, ...]], number: int = 0, *, reach: float = inf
) -> list[Entry]:
    """Measure single entries of a block against the `number`-th claim; every DISAGREES is confirmed.

    Args:
        prober: of the block.
        indices: which entries.
        number: which cotangent.
        reach: longest step, in units of the block's size or the entry's, whichever is larger.

    Returns:
        One entry an index, two where the block is complex; fewer where the effort's budget is used up.
    """
    claim = prober.claim(number)
    typical = norm(claim) / sqrt(claim.size)
    start, found = prober.evaluations, []
    if is_large(claim):
        prober.watched = [int(np.ravel_multi_index(index, claim.shape)) for index in indices]
    for index in indices:
        if prober.evaluations - start > prober.trial.settings.budget.budget:
            break
        found += _entry(prober, index, number, claim, typical, reach)
    return found


def _entry(
    prober: Prober, index: tuple[int, ...], number: int, claim: Array, typical: float, reach: float
) -> list[Entry]:
    own = abs(complex(prober.x[index]))
    units: list[complex] = [1.0, 1j] if prober.x.dtype.kind == "c" else [1.0]
    found = []
    for unit in units:
        best: Entry | None = None
        uneven = False
        small = own or 1e-3 * prober.scale
        for scale in dict.fromkeys((max(own, prober.scale), small, 1e-3 * small, 1e-6 * small)):
            kind = claim.dtype
            if is_large(claim) and kind == np.float64 and 1e-20 < scale < 1e20:
                kind, scale = np.dtype(np.float32), float(np.float32(scale))  # half the memory, and exact
            v = np.zeros(prober.x.shape, dtype=kind)
            v[index] = scale * unit
            entry = _measured(prober, index, number, v, scale, typical, reach)
            uneven = uneven or (entry.comparison.reason == UNEVEN and fades(entry.estimate, prober.magnitude(number)))
            if entry.verdict is Verdict.DISAGREES and scale < small:
                if uneven or (best is not None and (_covered(best) or best.comparison.reason == HIDDEN)):
                    continue  # on shorter steps it is only harder to see noise through, and stairs look flat
                gap = (entry.measured - entry.claimed) * small
                if denied(prober.line(number, v * (small / scale)), gap):
                    continue
            if entry.comparison.vanishes and best is not None and best.comparison.allowed < inf:
                continue  # longer steps saw more
            if best is None or entry.verdict.severity < best.verdict.severity or entry.verdict is Verdict.DISAGREES:
                best = entry
            if entry.verdict is not Verdict.INCONCLUSIVE:
                break
        if best is not None:
            found.append(best)
    return found


def _measured(
    prober: Prober, index: tuple[int, ...], number: int, v: Array, scale: float, typical: float, reach: float
) -> Entry:
    probe = prober.probe(number, v, reference=typical * scale, reach=reach)
    if probe.verdict in (Verdict.INCONCLUSIVE, Verdict.DISAGREES):
        sharp = probe.verdict is Verdict.DISAGREES and probe.estimate.kind == "smooth"
        kink = _kink(prober, number, v, (0.375,) if sharp else (0.5, 0.375, 0.25), probe.line.moves)
        if kink is not None:
            comparison, low, high, bar, kinked = kink
            ends = low / scale, high / scale
            if comparison.verdict is Verdict.DISAGREES:
                comparison = _at_tie(prober, index, number, comparison, comparison.allowed / scale, kinked, ends)
            if comparison.verdict is Verdict.DISAGREES:
                few = abs(comparison.gap) <= 3 * comparison.allowed + 8 * trembling(prober, number, v)
                if few or not narrowing(prober, probe)[1]:
                    comparison = replace(comparison, verdict=Verdict.INCONCLUSIVE, reason=DIGITS)
            comparison = _per_unit(comparison, scale)
            middle, width = (ends[0] + ends[1]) / 2, (ends[1] - ends[0]) / 2 + bar / scale
            return Entry(index, probe.estimate.claimed / scale, middle, width, comparison, probe.estimate, ends)
    if probe.verdict is Verdict.DISAGREES:
        probe = confirm(prober, probe, full=False)
        untold = probe.verdict is not Verdict.AGREES and probe.comparison.reason != NARROW
        if untold and at_tie(prober, number, v, probe.estimate.gap):
            probe = replace(probe, comparison=replace(probe.comparison, verdict=Verdict.KINK, gap=0.0))
    probe = explained(prober, probe)
    estimate, comparison = probe.estimate, _per_unit(probe.comparison, scale)
    return Entry(
        index, estimate.claimed / scale, estimate.measured / scale, estimate.error / scale, comparison, estimate
    )


def _covered(entry: Entry) -> bool:
    """Whether an entry is inconclusive because of noise that is larger than its gap."""
    told, estimate = entry.comparison, entry.estimate
    return abs(told.gap) <= told.allowed < inf and estimate.rounding >= estimate.truncation


def _per_unit(comparison: Comparison, scale: float) -> Comparison:
    """Return a comparison along scale · eᵢ in the unit of the derivative."""
    return replace(comparison, gap=comparison.gap / scale, allowed=comparison.allowed / scale)


def _at_tie(
    prober: Prober,
    index: tuple[int, ...],
    number: int,
    comparison: Comparison,
    bar: float,
    kinked: int,
    ends: tuple[float, float],
) -> Comparison:
    """Judge a claim outside the one-sided slopes (`ends`) by the verified gradients of the smooth points around.

    Inside their hull it is a subgradient, if that is wider than the slopes are apart. Outside it disagrees, unless more
    than two branches were met there: then not all of them may have been, and nothing is said.
    """
    wrong, claims = around(prober, number)
    if wrong or (claims is None and kinked == 1):
        return comparison
    if claims is None:
        return replace(comparison, verdict=Verdict.INCONCLUSIVE, reason=TIE)
    flat = int(np.ravel_multi_index(index, prober.x.shape))
    values, claimed = claims.reshape(len(claims), -1)[:, flat], prober.claim(number)[index]
    low, high = values.real.min(), values.real.max()
    slack = bar + 1e-4 * (high - low)
    several = np.unique(np.round((values.real - low) / max(slack, 1e-3 * (high - low), 1e-300))).size > 2
    wide = max(high - low, ends[1] - ends[0])
    if not several and low >= ends[0] - 10 * slack and high <= ends[1] + 10 * slack:
        return comparison  # the points around show the same branches, and from farther away
    if not np.iscomplexobj(values) and low - slack <= claimed <= high + slack:
        return replace(comparison, verdict=Verdict.KINK, gap=0.0)
    near = min(low, ends[0]) - wide <= claimed.real <= max(high, ends[1]) + wide
    if several and near and bends_both_ways(prober, number, index):
        return replace(comparison, verdict=Verdict.INCONCLUSIVE, reason=TIE)
    return comparison


def _kink(
    prober: Prober, number: int, v: Array, reaches: Sequence[float], moves: Array
) -> tuple[Comparison, float, float, float, int] | None:
    """Judge a claim by the branches that meet at this entry; None where there is no kink.

    Returns:
        The comparison, least and greatest slope, their error, and how many outputs have a kink.
    """
    u, y0, eps = prober.cotangent(number), prober.y0, prober.stage.eps
    step = max(eps, 2.0**-52)
    claimed = float(np.vdot(prober.claim(number), v).real)
    scale = norm(v)
    best: tuple[Comparison, float, float, float, int] | None = None
    for exponent in reaches:
        found = branches(prober.evaluate, prober.x, v, u, y0, eps=eps, reach=1.3 * step**exponent)
        if found is None or found.jump <= 0 or not isfinite(found.error):
            continue
        rounding = 64 * prober.stage.claim_eps * max(abs(claimed), abs(found.low), abs(found.high))
        comparison = compare_kink(claimed, found.low, found.high, bar=found.error + rounding)
        if comparison.verdict is Verdict.DISAGREES:
            # noise looks like a kink once, but never like the same one at another length
            again = branches(prober.evaluate, prober.x, v, u, y0, eps=eps, reach=3.7 * step**exponent)
            slack = found.error + (again.error if again is not None else 0.0) + 0.1 * (found.high - found.low)
            if denied(prober.line(number, v), comparison.gap, range(13)) or again is None:
                continue
            if max(abs(again.low - found.low), abs(again.high - found.high)) > slack:
                continue
        if best is None or comparison.allowed < best[0].allowed:
            best = comparison, found.low, found.high, found.error, found.kinked
    if best is None or not scale > 0:
        return None
    if best[0].verdict is Verdict.KINK:
        # between slopes that meet some way off lies no subgradient of this point; what never moves is no noise
        u = np.where(moves, u, 0.0)
        here = branches(prober.evaluate, prober.x, v, u, y0, eps=eps, reach=step**_AT / max(1.0, scale))
        if here is not None and here.jump <= 0 and here.error < _SHARP * (best[2] - best[1]):
            return None
    return best
