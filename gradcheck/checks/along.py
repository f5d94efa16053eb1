"""One direction of a block: drawn again where a domain is narrow, confirmed where it disagrees."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np

from gradcheck.checks.confirm import confirm, explained
from gradcheck.checks.doubt import denied, gap_in_wider
from gradcheck.checks.prober import Probe, Prober
from gradcheck.checks.ties import TIE, at_tie
from gradcheck.checks.uneven import on_stairs
from gradcheck.compare import KINKS, Verdict
from gradcheck.pieces import extremes, is_large, norm_along
from gradcheck.point import Array
from gradcheck.probes.branches import branches
from gradcheck.probes.stairs import saws, stands_still_nearby

__all__ = ["settled", "slight"]

_FLOAT64 = 1e-15  # spacings above are of something coarser
_FINE = 1e-9  # of the gradient along a direction: a thousandth of the resolution that is asked for
_SLIGHT = 1e-3  # of the longest move along a direction in each entry's own size

# (other draw, each entry's own scale, factor): a domain may be narrower than the size of its numbers
_ATTEMPTS = ((0, True, 1.0), (100, False, 1.0), (200, True, 1e-3), (300, True, 1e-6))


def settled(prober: Prober, number: int, affordable: bool) -> Probe:
    """Return the probe of one direction of a block, settled as far as its steps and draws go.

    Args:
        prober: of the block.
        number: which direction, with a cotangent of its own.
        affordable: whether single entries can be measured where it stays open.
    """
    v = prober.direction(number)
    # of a large block the first direction has the last digit; the others are for what cancels there
    enough = _FINE * norm_along(prober.claim(number), v) if number > 0 and is_large(v) else 0.0
    probe = first = prober.probe(number, v, full=number == 0, enough=enough)
    if prober.scale < 1e-2 and _shows_little(probe):
        other = prober.probe(number, prober.direction(number) / prober.scale, full=True)
        if other.verdict in (Verdict.AGREES, Verdict.DISAGREES):
            probe = other
    if probe.verdict is Verdict.INCONCLUSIVE and prober.stage.lifted:  # what float64 shows as well needs no other draw
        known = explained(prober, probe)
        probe = known if known.verdict is Verdict.DISAGREES else probe
    if probe.verdict is Verdict.INCONCLUSIVE and probe.estimate.kind != "kink":
        probe = _drawn_again(prober, probe)
    probe = explained(prober, probe)
    if probe.verdict is Verdict.DISAGREES:
        probe = _confirmed(prober, probe, affordable)
    doubted = first.doubted or (probe.verdict is Verdict.AGREES and gap_in_wider(prober, probe) != 0.0)
    return replace(probe, doubted=True) if doubted and not probe.doubted else probe


def _drawn_again(prober: Prober, probe: Probe) -> Probe:
    """Return an inconclusive probe, or what another draw of its direction shows: shorter, or each entry to its size."""
    number = probe.number
    covered = abs(probe.estimate.gap) <= probe.comparison.allowed < inf
    for again, relative, factor in _ATTEMPTS:
        other = prober.probe(number, factor * prober.direction(number + again, relative=relative), full=True)
        if factor < 1 and other.verdict is Verdict.DISAGREES:
            long = prober.line(number, other.v / factor)
            if covered or denied(long, other.estimate.gap / factor):
                continue
        seen = probe.comparison.allowed < inf
        if factor < 1 and other.comparison.vanishes and (seen or not _vanishes(prober, other, factor)):
            continue  # longer steps saw more, or nothing
        if other.verdict.severity < probe.verdict.severity or other.verdict is Verdict.DISAGREES:
            # what hardly moves is looked at by itself
            probe = replace(other, doubted=other.doubted or (relative and slight(other.v, _SLIGHT)))
        if probe.verdict is not Verdict.INCONCLUSIVE:
            break
    return probe


def _confirmed(prober: Prober, probe: Probe, affordable: bool) -> Probe:
    """Return what disagrees if nothing explains it: stairs, kinks of single outputs, a tie of branches."""
    if on_stairs(prober, probe):
        flats = (prober.probe(probe.number, factor * probe.v, full=True) for factor in (1e-3, 1e-6, 1e-9))
        found = next((flat for flat in flats if flat.verdict is Verdict.AGREES), None)
        if found is not None:
            return replace(found, doubted=True)
    probe = confirm(prober, probe, jumps=affordable)  # a large block's entries will tell
    if probe.verdict is Verdict.DISAGREES and prober.stage.eps > _FLOAT64 and _between_branches(prober, probe):
        probe = replace(probe, comparison=replace(probe.comparison, verdict=Verdict.INCONCLUSIVE, reason=KINKS))
    if probe.verdict is Verdict.DISAGREES and at_tie(prober, probe.number, probe.v, probe.estimate.gap):
        undecided = replace(probe.comparison, verdict=Verdict.INCONCLUSIVE, reason=TIE)
        probe = replace(probe, comparison=undecided)  # single entries tell
    return probe


def _vanishes(prober: Prober, probe: Probe, factor: float) -> bool:
    """Whether what vanishes along a direction that was made shorter does so for moves of the point's own size."""
    return probe.comparison.allowed / factor <= prober.resolution * prober.magnitude(probe.number)


def _shows_little(probe: Probe) -> bool:
    """Whether steps of the block's own size, which is small, show nothing of its slope: longer ones may."""
    if probe.verdict is not Verdict.DISAGREES:
        return probe.estimate.scale <= 1e3 * probe.comparison.allowed
    line = probe.line
    return probe.estimate.kind == "flat" or stands_still_nearby(line) or saws(line, probe.estimate.gap)


def slight(v: Array, share: float) -> bool:
    """Whether some entry moves by less than a share of what another does."""
    return bool(np.min(np.abs(v)) < share * extremes(v)[1])


def _between_branches(prober: Prober, probe: Probe) -> bool:
    """Whether single outputs have kinks along a line that cancel in their sum, and the claim lies between branches."""
    eps, u = prober.stage.eps, prober.cotangent(probe.number)
    found = branches(prober.evaluate, prober.x, probe.v, u, prober.y0, eps=eps, reach=1.3 * eps**0.375)
    if found is None or found.jump <= 0:
        return False
    return found.low - found.error <= probe.estimate.claimed <= found.high + found.error
