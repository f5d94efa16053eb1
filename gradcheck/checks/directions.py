"""One block along random directions: drawn again where a domain is narrow, confirmed where they disagree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from math import inf, isfinite, prod

import numpy as np

from gradcheck.checks.confirm import confirm, explained
from gradcheck.checks.doubt import denied, gap_in_wider
from gradcheck.checks.faint import faint, strata, unseen
from gradcheck.checks.prober import Probe, Prober
from gradcheck.checks.ties import TIE, at_tie
from gradcheck.checks.uneven import on_stairs
from gradcheck.compare import KINKS, Verdict
from gradcheck.pieces import extremes, is_large, norm_along
from gradcheck.point import Array
from gradcheck.probes.branches import branches
from gradcheck.probes.stairs import saws, stands_still_nearby

__all__ = ["BRIEF", "directions"]

BRIEF = 7  # evaluations: three levels of known noise; what is faint in a large block needs no last digit
_FLOAT64 = 1e-15  # spacings above are of something coarser
_THREE = 3  # directions of a block at standard effort; who asks for more gets them
_MOST = 16  # directions of a block whose bars are about as large as the resolution
_LUCK = 1e-3  # chance that a mistake of the resolution's size hides within the bars of all
_SURE = 1e-6  # the same: what two directions leave is not worth a third
_FINE = 1e-9  # of the gradient along a direction: a thousandth of the resolution that is asked for

_SLIGHT = 1e-3  # of the longest move along a direction in each entry's own size
_UNSEEN = 1e-5  # of it: what moves by less hides a mistake of its own size behind a resolution of 1e-6

# (other draw, each entry's own scale, factor): a domain may be narrower than the size of its numbers
_ATTEMPTS = ((0, True, 1.0), (100, False, 1.0), (200, True, 1e-3), (300, True, 1e-6))


def directions(prober: Prober, count: int, affordable: bool) -> tuple[list[Probe], list[Probe]]:
    """Probe a block along random directions, and its faint entries apart.

    In a large block faint entries take the place of the last of three directions, and nothing more is asked once one
    disagrees: its entries are looked for next. In a small one two directions are enough where each has shown all that
    a third would.

    Returns:
        The probes of the block, with those of faint entries that disagree, and the other ones of faint entries.
    """
    first = _settled(prober, 0, affordable)
    if prober.one_signed and affordable and _slight(first.v, _UNSEEN):
        first = replace(first, doubted=True)
    bar = first.comparison.allowed if affordable else 0.0
    masks = list(strata(prober, bar if isfinite(bar) else 0.0))
    numbers = range(1, count - (bool(masks) and not affordable and count > 2))
    others: list[Callable[[], Probe]] = [partial(_settled, prober, number, affordable) for number in numbers]
    apart: list[Callable[[], Probe]] = [
        partial(faint, prober, level, small, None if affordable else BRIEF) for level, small in enumerate(masks)
    ]

    def kept(probe: Probe) -> Probe:
        needed = affordable or probe.doubted or probe.verdict is not Verdict.AGREES
        return probe if needed else probe.told()

    probes = [kept(first)]
    silent: list[Probe] = []
    del first
    # of a large block one gradient is there at a time: first all that the first cotangent is for
    for ask in (*apart, *others) if is_large(prober.x) else (*others, *apart):
        if not affordable and probes[-1].verdict is Verdict.DISAGREES:
            return probes, silent
        if affordable and count == _THREE and ask in others and _seen_by(prober, probes, masks):
            continue
        probe = kept(ask())
        (probes if ask in others or probe.verdict is Verdict.DISAGREES else silent).append(probe)
        del probe
    if affordable:
        for number in range(count, _MOST):
            if any(probe.verdict is not Verdict.AGREES for probe in probes) or _by_luck(prober, probes) < _LUCK:
                break
            probes.append(_settled(prober, number, affordable))
    return probes, silent


def _seen_by(prober: Prober, probes: Sequence[Probe], apart: Sequence[Array]) -> bool:
    """Whether two directions that agree show a mistake of the resolution's size in any entry alone, and in any few.

    Args:
        prober: of the block.
        probes: of its directions so far.
        apart: masks of the entries that are probed apart.
    """
    if len(probes) < 2 or any(probe.verdict is not Verdict.AGREES for probe in probes):
        return False
    if not 0 < _by_luck(prober, probes) < _SURE:
        return False
    hidden = unseen(prober, probes)
    return hidden is None or (bool(apart) and not np.any(hidden & ~apart[0]))


def _by_luck(prober: Prober, probes: Sequence[Probe]) -> float:
    """Return the chance that a gap of the resolution's size lies within every bar: ⟨g, v⟩ may cancel along any.

    0 where no gradient was seen, so that more directions would see as little, and where claims are not of float64.
    """
    bars = [
        probe.estimate.error / (prober.resolution * probe.estimate.scale)
        for probe in probes
        if probe.estimate.scale > 0 and not probe.comparison.vanishes
    ]
    known = bars and prober.stage.claim_eps < _FLOAT64
    return prod(min(1.0, 0.8 * bar) for bar in bars) if known else 0.0


def _vanishes(prober: Prober, probe: Probe, factor: float) -> bool:
    """Whether what vanishes along a direction that was made shorter does so for moves of the point's own size."""
    return probe.comparison.allowed / factor <= prober.resolution * prober.magnitude(probe.number)


def _shows_little(probe: Probe) -> bool:
    """Whether steps of the block's own size, which is small, show nothing of its slope: longer ones may."""
    if probe.verdict is not Verdict.DISAGREES:
        return probe.estimate.scale <= 1e3 * probe.comparison.allowed
    line = probe.line
    return probe.estimate.kind == "flat" or stands_still_nearby(line) or saws(line, probe.estimate.gap)


def _slight(v: Array, share: float) -> bool:
    """Whether some entry moves by less than a share of what another does."""
    return bool(np.min(np.abs(v)) < share * extremes(v)[1])


def _between_branches(prober: Prober, probe: Probe) -> bool:
    """Whether single outputs have kinks along a line that cancel in their sum, and the claim lies between branches."""
    eps, u = prober.stage.eps, prober.cotangent(probe.number)
    found = branches(prober.evaluate, prober.x, probe.v, u, prober.y0, eps=eps, reach=1.3 * eps**0.375)
    if found is None or found.jump <= 0:
        return False
    return found.low - found.error <= probe.estimate.claimed <= found.high + found.error


def _settled(prober: Prober, number: int, affordable: bool) -> Probe:
    """Probe one direction; where it is inconclusive, try each entry's own scale and fresh draws."""
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
                probe = replace(other, doubted=other.doubted or (relative and _slight(other.v, _SLIGHT)))
            if probe.verdict is not Verdict.INCONCLUSIVE:
                break
    probe = explained(prober, probe)
    if probe.verdict is Verdict.DISAGREES:
        if on_stairs(prober, probe):
            flats = (prober.probe(number, factor * probe.v, full=True) for factor in (1e-3, 1e-6, 1e-9))
            found = next((flat for flat in flats if flat.verdict is Verdict.AGREES), None)
            if found is not None:
                return replace(found, doubted=True)
        probe = confirm(prober, probe, jumps=affordable)  # a large block's entries will tell
        if probe.verdict is Verdict.DISAGREES and prober.stage.eps > _FLOAT64 and _between_branches(prober, probe):
            probe = replace(probe, comparison=replace(probe.comparison, verdict=Verdict.INCONCLUSIVE, reason=KINKS))
        if probe.verdict is Verdict.DISAGREES and at_tie(prober, number, probe.v, probe.estimate.gap):
            undecided = replace(probe.comparison, verdict=Verdict.INCONCLUSIVE, reason=TIE)
            probe = replace(probe, comparison=undecided)  # single entries tell
    doubted = first.doubted or (probe.verdict is Verdict.AGREES and gap_in_wider(prober, probe) != 0.0)
    return replace(probe, doubted=True) if doubted and not probe.doubted else probe
