"""One block along random directions: as many as it takes, and faint entries apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from math import isfinite, prod

import numpy as np

from gradcheck.checks.along import settled, slight
from gradcheck.checks.faint import faint, strata, unseen
from gradcheck.checks.prober import Probe, Prober
from gradcheck.compare import Verdict
from gradcheck.pieces import is_large
from gradcheck.point import Array

__all__ = ["BRIEF", "directions"]

BRIEF = 7  # evaluations: three levels of known noise; what is faint in a large block needs no last digit
_FLOAT64 = 1e-15  # spacings above are of something coarser
_THREE = 3  # directions of a block at standard effort; who asks for more gets them
_MOST = 16  # directions of a block whose bars are about as large as the resolution
_LUCK = 1e-3  # chance that a mistake of the resolution's size hides within the bars of all
_SURE = 1e-6  # the same: what two directions leave is not worth a third
_UNSEEN = 1e-5  # of the longest move along a direction: what moves by less hides a mistake behind a resolution of 1e-6


def directions(prober: Prober, count: int, affordable: bool) -> tuple[list[Probe], list[Probe]]:
    """Probe a block along random directions, and its faint entries apart.

    In a large block faint entries take the place of the last of three directions, and nothing more is asked once one
    disagrees: its entries are looked for next. In a small one two directions are enough where each has shown all that
    a third would.

    Returns:
        The probes of the block, with those of faint entries that disagree, and the other ones of faint entries.
    """
    first = settled(prober, 0, affordable)
    if prober.one_signed and affordable and slight(first.v, _UNSEEN):
        first = replace(first, doubted=True)
    bar = first.comparison.allowed if affordable else 0.0
    masks = list(strata(prober, bar if isfinite(bar) else 0.0))
    numbers = range(1, count - (bool(masks) and not affordable and count > 2))
    others: list[Callable[[], Probe]] = [partial(settled, prober, number, affordable) for number in numbers]
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
            probes.append(settled(prober, number, affordable))
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
