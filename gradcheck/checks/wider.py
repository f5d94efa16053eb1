"""Extended precision for a block whose forward's own rounding in float64 hides what single entries may be off by.

(1 − cos x)/x² keeps ten digits of sixteen at 1e-3, and a step along it shows five; in the 64 bits of extended
precision it shows nine. The claim stays that of float64: a formula that loses digits there is asked for in wider
numbers as well before anything is said to be wrong, as it is for float32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from math import inf, sqrt

import numpy as np

from gradcheck.checks.directions import directions
from gradcheck.checks.doubt import mixed, rounded_off
from gradcheck.checks.extended import EXTENDED, extended_trial
from gradcheck.checks.faint import faint, unseen
from gradcheck.checks.hidden import HIDDEN
from gradcheck.checks.precision import Stage
from gradcheck.checks.prober import Probe, Prober
from gradcheck.compare import Verdict
from gradcheck.norms import norm
from gradcheck.point import Array

__all__ = ["sharpened"]

_SHARP = 0.1  # of the resolution, relative to an ordinary entry: what a bar may hide of a mistake in that alone
_SHARPER = 0.1  # of a bar: what is worth to be measured again
_FLOAT64 = 1e-15  # spacings above are of something coarser
_STILL = 1e-3  # of a claimed slope: less is none
_MISSING = 0.1  # of a claimed slope
_REPEATS = (8, 64)  # measurements whose mean is taken, where two single ones are not sharp
_LOST = 2.0**-42  # of the outputs: a thousand spacings, which no sum of ordinary condition loses


def sharpened(prober: Prober, probes: list[Probe], apart: Sequence[Probe]) -> tuple[Prober, list[Probe]]:
    """Return what measures in wider numbers, and its directions; what was given, where that shows no more.

    Asked where a bar would hide a mistake in one ordinary entry, or where a forward of few digits seems to disagree:
    it may have been a staircase of its own rounding. Where bars hide mistakes in faint entries only, those are.

    Args:
        prober: of the block in float64.
        probes: what it measured of the block.
        apart: what it measured of faint entries, the masks one within the other.
    """
    suspected = any(map(_suspected, probes))
    blunt = not _wrong(probes) and any(_blunt(prober, probe) for probe in probes)
    if not (suspected or blunt) and (_settled(prober, probes, apart) or unseen(prober, [*probes, *apart]) is None):
        return prober, probes
    wide = _in_extended(prober)
    if wide is None:
        return prober, [*probes, *(probe for probe in apart if probe.comparison.reason == HIDDEN)]
    loses = suspected and norm(wide.y0 - prober.y0) > _LOST * norm(prober.y0)
    if loses or blunt:
        found, fainter = directions(wide, prober.trial.settings.budget.probes, affordable=True)
        if (loses and _explained(probes, found)) or (not _wrong(probes) and _sharper(probes, found)):
            if any(probe.doubted for probe in probes) and not _wrong(probes):  # its entries are looked at in any case
                found[0] = replace(found[0], doubted=True)
            prober, probes, apart, suspected = wide, found, fainter, False
    if suspected:
        return prober, probes
    faded = unseen(prober, [*probes, *apart])
    hidden = [probe for probe in (*probes, *apart) if probe.comparison.reason == HIDDEN]
    told = None if faded is None else _in_faint(wide, faded, hidden)
    return (prober, probes) if told is None else (wide, [*probes, told])


def _settled(prober: Prober, probes: Sequence[Probe], apart: Sequence[Probe]) -> bool:
    """Whether directions ended early, because a mistake in any entry was seen to show."""
    return not apart and len(probes) < prober.trial.settings.budget.probes


def _in_extended(prober: Prober) -> Prober | None:
    """Return what measures the block in extended precision, None where that is no float64 or nothing carries it."""
    stage = prober.stage
    shadow = extended_trial(stage.trial) if EXTENDED < stage.eps <= _FLOAT64 else None
    if shadow is None:
        return None
    eps = float(np.finfo(np.longdouble).eps)
    return Prober(prober.trial, Stage(shadow, eps, stage.claim_eps, stage.resolution, lifted=True), prober.name)


def _wrong(probes: Sequence[Probe]) -> bool:
    return any(probe.verdict is Verdict.DISAGREES for probe in probes)


def _explained(probes: Sequence[Probe], found: Sequence[Probe]) -> bool:
    """Whether digits that the forward loses in float64 explain a gap that was seen, by what was found without them."""
    return _denied(probes, found) or _stood_still(probes, found)


def _suspected(probe: Probe) -> bool:
    """Whether a gap was seen that nothing explains, one that steps of other lengths contradict included."""
    unsure = probe.verdict is Verdict.INCONCLUSIVE and probe.doubted and probe.estimate.kind != "kink"
    return unsure or probe.verdict is Verdict.DISAGREES


def _denied(probes: Sequence[Probe], found: Sequence[Probe]) -> bool:
    """Whether what was found sharply agrees where probes disagree."""
    seen = max(_relative(probe, probe.comparison.gap) for probe in probes)
    denied = all(abs(probe.comparison.gap) <= probe.comparison.allowed for probe in found)
    return denied and max(map(_bar, found)) <= _SHARPER * seen


def _stood_still(probes: Sequence[Probe], found: Sequence[Probe]) -> bool:
    """Whether what disagrees is the zero slope of a stair, and in wider numbers nothing disagrees."""
    wrong = [probe.estimate for probe in probes if _suspected(probe)]
    still = all(abs(estimate.measured) <= _STILL * abs(estimate.claimed) for estimate in wrong)
    return still and not _wrong(found)


def _sharper(probes: Sequence[Probe], found: Sequence[Probe]) -> bool:
    """Whether bars of what was found are far shorter."""
    bars = [max(probe.comparison.allowed for probe in some) for some in (found, probes)]
    return bars[0] <= _SHARPER * bars[1]


def _blunt(prober: Prober, probe: Probe) -> bool:
    """Whether a direction's bar would hide a mistake, as large as the resolution, in one ordinary entry."""
    if probe.estimate.kind == "kink" or probe.comparison.vanishes:
        return False  # below all that the outputs show; in wider numbers it may be a staircase
    sizes = np.abs(prober.claim(probe.number) * probe.v)
    # whether the median of those that are not zero is less: nine of ten times none is
    less = np.count_nonzero(sizes < probe.estimate.error / (_SHARP * prober.resolution))
    return bool(less and 2 * (less - np.count_nonzero(sizes == 0)) > np.count_nonzero(sizes))


def _in_faint(wide: Prober, faded: Array, hidden: Sequence[Probe]) -> Probe | None:
    """Return the first of some faint entries that disagrees, each asked alone and the larger ones first; None if none.

    What wider numbers do not show either is passed over; what they show by half is returned as well, and what was
    found hidden before and is not right on its own scale now.
    """
    enough = wide.evaluations + wide.trial.settings.budget.budget
    sizes = np.where(faded, np.abs(wide.claim(0)), -1.0).ravel()  # one that is claimed zero may be unseen, too
    for level, place in enumerate(np.argsort(-sizes, kind="stable")[: np.count_nonzero(faded)]):
        alone = np.zeros(sizes.shape, dtype=bool)
        alone[place] = True
        probe = _alone(partial(faint, wide, level, alone.reshape(faded.shape)), 0.5 * wide.resolution)
        stands = abs(probe.estimate.measured) <= _STILL * abs(probe.estimate.claimed)  # on a stair, it may be
        if (probe.verdict is Verdict.DISAGREES and not stands) or probe.comparison.reason == HIDDEN:
            return probe
        if _half_seen(probe) and not rounded_off(wide, probe) and not mixed(wide, probe):
            return probe
        found = next((before for before in hidden if before.v.flat[place] != 0), None)
        if found is not None and probe.doubted:
            return found
        if wide.evaluations > enough:
            return next(iter(hidden), None)
    return None


def _alone(ask: Callable[..., Probe], enough: float) -> Probe:
    """Return the sharpest probe of one entry: at two lengths, for steps between two of the ladder, then repeated."""
    tried: list[tuple[Probe, float]] = []
    for repeats in (1, 1, *_REPEATS):
        length = (1.0, 0.3)[len(tried)] if repeats == 1 else min(tried, key=lambda t: _left(t[0], repeats))[1]
        tried.append((ask(factor=length, repeats=repeats), length))
        if tried[-1][0].verdict is Verdict.DISAGREES:
            return tried[-1][0]
        best = min((probe for probe, _ in tried), key=_bar)
        hopeless = len(tried) > 1 and min(_left(probe, max(_REPEATS)) for probe, _ in tried) > 2 * enough
        if (_bar(best) <= enough or hopeless) and not any(_half_seen(probe) for probe, _ in tried):
            break
    return best


def _left(probe: Probe, repeats: int) -> float:
    """Return what a mean of so many measurements is expected to leave of a bar: rounding averages out."""
    estimate = probe.estimate
    mean = estimate.rounding * sqrt(min(1.0, probe.repeats / repeats))
    return _relative(probe, probe.comparison.allowed - estimate.rounding + mean)


def _half_seen(probe: Probe) -> bool:
    """Whether a small gap is longer than its bar; where all of a claim is missing, outputs stand still on a stair."""
    return probe.doubted and abs(probe.estimate.gap) <= _MISSING * abs(probe.estimate.claimed)


def _bar(probe: Probe) -> float:
    return _relative(probe, probe.comparison.allowed)


def _relative(probe: Probe, size: float) -> float:
    return abs(size) / probe.estimate.scale if probe.estimate.scale > 0 else inf
