"""What may explain a gap other than a mistake: asked before anything is said to be wrong.

Rounding of the claim, digits lost below float64, outputs that stood still because their change is below their
spacing. Ties of several branches are in `ties`, what stops at a tolerance in `solvers`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from math import hypot, inf
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcheck.checks.beside import follows_closely, gathered, touches_few, wide_at, wide_slope
from gradcheck.checks.cotangents import masked
from gradcheck.checks.extended import EXTENDED
from gradcheck.checks.moves import tremor_of
from gradcheck.checks.nearby import flicker, flicker_of, looked_along, looked_at, neighbours, tremor
from gradcheck.estimate import Estimate
from gradcheck.norms import all_finite, norm
from gradcheck.pieces import dot, norm_along, pieces
from gradcheck.point import Array
from gradcheck.probes.line import Line

if TYPE_CHECKING:
    from gradcheck.checks.prober import Probe, Prober

__all__ = [
    "DIGITS",
    "NARROW",
    "TALL",
    "denied",
    "fades",
    "flickering",
    "gap_in_wider",
    "kept",
    "mixed",
    "most",
    "narrow_throughout",
    "narrowing",
    "rests",
    "rounded_off",
    "spread",
    "spread_at_most",
    "trembling",
]

TALL = 2.0**-20  # of the outputs: eight spacings of float32, in which a function may compute inside
_SINGLE = 2.0**-24  # of the outputs: half a spacing of float32
_STILL = 1e-3  # of what is claimed: what moves by less, rests
_ULPS = 64  # spacings that a claim in float64 of ordinary condition may be rounded by
_SPACINGS = 100  # of the outputs: what moves them by less is nothing but rounding
_NARROW = 1e-3  # relative; what a claim of float32 or less may tremble

DIGITS = (
    "lost digits: the same backward is right in wider numbers, and in the precision of this point it has lost "
    "too many digits to cancellation; a better conditioned backward, or a point of float64, would settle it"
)
NARROW = (
    "lost digits: in wider numbers the backward has no more of them, or refuses, and the gap is no more than they may "
    "cost where they cancel; a backward that keeps the precision of its inputs would settle it"
)


def most(prober: Prober, number: int, v: Array) -> float:
    """Return what `trembling` is at the most, without a look at the claims along a line."""
    eps = prober.stage.claim_eps
    whole = max(norm_along(prober.claim(number), v), prober.magnitude(number))
    return max(min(1e6 * eps, _NARROW), 64 * eps) * whole


def trembling(prober: Prober, number: int, v: Array) -> float:
    """Return by how much ⟨g, v⟩ trembles along a line beside the point, where no tie is crossed.

    Digits that cancel are those of the precision: what trembles by a million spacings of all that the gradient is made
    of was computed in a narrower one, and that is a mistake.
    """
    if touches_few(v):
        rows = gathered(prober, number, v, "tremor", partial(looked_along, prober.trial))
        trembles, moves = tremor_of(rows) if len(rows) == 6 else None, v[v != 0]
    else:
        trembles, moves = tremor(prober.trial, number, prober.stage.claim_eps).get(prober.name), v
    size = 0.0 if trembles is None else norm_along(trembles, moves)
    return min(size, most(prober, number, v)) if np.isfinite(size) else 0.0


def flickering(prober: Prober, probe: Probe) -> float:
    """Return what a claim may be that is nothing but rounding, where the outputs cancel to less than they flicker.

    0.1 x + 0.2 x − 0.3 x is zero or its own rounding, and so is what is claimed of it. Known in float64 alone: in
    narrower numbers moves of some roundings are no longer small. Where a gap might be that of the block, but the
    direction moves a part of it only, and moves the outputs by more than their rounding, the rest is held: squares of
    1e6 flicker by more than the square of 1e-3 is. A direction that is shorter than what it moves has as small a share.
    """
    if prober.stage.eps >= 1e-12:
        return 0.0
    trial = prober.trial if prober.stage.eps < EXTENDED else prober.stage.trial  # the claim is that of float64
    name, moving = prober.name, probe.v != 0
    sizes = np.abs(prober.x[moving])
    share = min(1.0, float(np.max(np.abs(probe.v[moving]) / np.where(sizes > 0, sizes, prober.scale), initial=0.0)))
    whole = 10 * share * flicker(trial, name)
    seen = probe.estimate.scale > _SPACINGS * prober.stage.eps * probe.estimate.magnitude
    apart = seen and 3 * whole > abs(probe.estimate.gap) and not np.all(moving)
    return 10 * share * flicker_of(trial, name, moving) if apart else whole


def mixed(prober: Prober, probe: Probe) -> bool:
    """Whether a gap is what large gradients of the block round off a small one on their way through the backward.

    Asked for the outputs that moved along v alone, a mistake in the small ones stays as it is; what a transform, or a
    sum over all outputs, leaves of the large ones does not.
    """
    keep = probe.line.moves
    if keep.all():
        return False
    trial = prober.trial
    try:
        answer = trial.answer_at(trial.fresh(), masked(trial.cotangent(probe.number), keep))
        alone = dot(answer[prober.name], probe.v)
    except Exception:  # then nothing is known of it, and a block's rounding is a block's
        return True
    return not abs(probe.estimate.measured - alone) > 0.5 * abs(probe.estimate.gap)


def spread(prober: Prober, number: int, v: Array) -> float:
    """Return how far ⟨g, v⟩ varies among points that differ by their rounding: the claim's real rounding.

    An ill-conditioned backward cannot be better than this however well it is written. The point itself is left
    out: a claim that is special there only is not rounded, but another formula.
    """
    kind = np.result_type(v.dtype, np.float64)
    if touches_few(v):
        claims = [g.astype(kind) for g in gathered(prober, number, v, "neighbours", partial(looked_at, prober.trial))]
        v = v[v != 0]
    else:
        nearby = [gradients.get(prober.name) for gradients in neighbours(prober.trial, number, prober.stage.claim_eps)]
        claims = [g.astype(kind) for g in nearby if g is not None and g.shape == v.shape and all_finite(g)]
    if len(claims) < 2:
        return 0.0
    middle = sum(claims[1:], start=claims[0]) / len(claims)
    slopes = [float(np.vdot(g, v).real) for g in claims]
    apart = max(norm((g - middle) * v) for g in claims)
    return max(max(slopes) - min(slopes), apart)


def spread_at_most(prober: Prober, number: int, v: Array) -> float:
    """Return a bound of `spread`, for which no two neighbours are there at a time.

    Any two lie within the sum of their distances from the claim at the point itself, and so does each from their mean.
    """
    claim = prober.claim(number)

    def look(answer: Mapping[str, Any]) -> tuple[float, float] | None:
        g = answer.get(prober.name)
        if g is None or g.shape != v.shape or not all_finite(g):
            return None
        return dot(g, v), hypot(*(norm((a - b) * w) for a, b, w in pieces(g, claim, v)))

    seen = [told for told in looked_at(prober.trial, look, number, prober.stage.claim_eps) if told is not None]
    if len(seen) < 2:
        return 0.0
    slopes, apart = zip(*seen, strict=True)
    return float(max(max(slopes) - min(slopes), max(apart) + sum(apart) / len(apart)))


def narrowing(prober: Prober, probe: Probe) -> tuple[float, bool]:
    """Return what the rounding of a claim's own precision cost it, and whether it is wrong beyond that.

    The same backward is asked in wider numbers: float64 for a float32 claim, extended precision for a float64 one
    where the code carries it through. A formula that is wrong is wrong there too. Where it is right, a loss that a
    backward suffers in cancellation, or that moves the outputs by less than their own spacings, is allowed for; a
    greater one is no mistake either, but leaves the claim too few digits to be verified.

    Returns:
        What is to be allowed, and False only where the wide claim was found right.
    """
    stage, estimate = prober.stage, probe.estimate
    told = _widened(prober, probe)
    if told is None:
        return 0.0, True
    # a wrong formula's gap would stay; of lost digits some percent do, where eleven bits more are few as well
    slope, digits = told
    gap = abs(estimate.gap)
    left = estimate.error + max(min(1e-9 * estimate.scale, 0.15 * gap), 0.1 * min(max(digits, gap), 2 * gap))
    if not (np.isfinite(left) and abs(estimate.measured - slope) <= left < 0.5 * gap):
        # along this direction, what was lost in single entries may cancel by chance
        by_chance = digits > 2 * gap and abs(estimate.measured - slope) <= estimate.error + 0.1 * digits
        return 0.0, not by_chance
    lost = abs(slope - estimate.claimed)
    # what changes the outputs by less than some of their own spacings, the narrow claim cannot know
    unseen = 8 * stage.claim_eps * prober.magnitude(probe.number)
    if stage.lifted:
        ordinary = prober.resolution * max(estimate.scale, probe.reference)
    else:  # what 1 − σ(x) loses; digits of float32 are more
        of_one = 64 * stage.claim_eps * norm(prober.cotangent(probe.number)) * norm(probe.v)
        ordinary = min(prober.resolution * estimate.scale, of_one)
    return (1.1 * lost if lost <= max(ordinary, unseen) else 0.0), False


def gap_in_wider(prober: Prober, probe: Probe) -> float:
    """Return by how much the backward of a float32 block is wrong in float64, 0 where it is not, or nothing is known.

    64 spacings of a block's gradient are more than most backwards lose, and hide a mistake in one entry of hundreds.
    In float64 they are gone.
    """
    stage, estimate = prober.stage, probe.estimate
    if not stage.lifted or stage.eps < EXTENDED or touches_few(probe.v) or estimate.kind == "kink":
        return 0.0
    told = _widened(prober, probe)
    if told is None:
        return 0.0
    gap = estimate.measured - told[0]
    wrong = abs(gap) > 3 * (estimate.error + _ULPS * stage.eps * estimate.scale)
    return gap if wrong and follows_closely(prober, probe.number) else 0.0


def narrow_throughout(prober: Prober, probe: Probe) -> bool:
    """Whether a backward has no more digits in wider numbers, or refuses them, where a gap may be what digits cost.

    1 − y² at y near one has the rounding of one, which is the same at points beside it.
    """
    stage = prober.stage
    of_one = _ULPS * stage.claim_eps * norm(prober.cotangent(probe.number)[probe.line.moves]) * norm(probe.v)
    if abs(probe.estimate.gap) > of_one:
        return False
    if stage.eps < EXTENDED:
        return _widened(prober, probe) is None
    return stage.lifted and not follows_closely(prober, probe.number)


def kept(prober: Prober, probe: Probe) -> bool:
    """Whether the backward says the same in wider numbers: then no rounding on its way made a gap."""
    told, estimate = _widened(prober, probe), probe.estimate
    return told is not None and abs(told[0] - estimate.claimed) <= 0.1 * abs(estimate.gap)


def rounded_off(prober: Prober, probe: Probe) -> bool:
    """Whether a gap hardly larger than its bar is what a float64 claim has lost: in wider numbers it is gone."""
    told, estimate = _widened(prober, probe), probe.estimate
    gap = abs(estimate.gap)
    if told is not None and abs(told[0] - estimate.claimed) >= 0.5 * gap:
        return abs(estimate.measured - told[0]) <= probe.comparison.allowed
    lost = 8 * max(spread(prober, probe.number, probe.v), trembling(prober, probe.number, probe.v))
    return gap <= probe.comparison.allowed + lost


def _widened(prober: Prober, probe: Probe) -> tuple[float, float] | None:
    """Return ⟨g, v⟩ of the backward in wider numbers, and its digits' worth; None where it does not take them."""
    v = probe.v
    try:
        wide: list[tuple[float, float] | None]
        if touches_few(v):
            rows = gathered(prober, probe.number, v, "wide", partial(wide_at, prober))
            wide = [(dot(row, v[v != 0]), 0.0) for row in rows]
        else:
            wide = wide_at(prober, partial(wide_slope, prober, v, prober.claim(probe.number)), probe.number)
    except Exception:  # a backward may insist on its own dtype; then nothing is known
        return None
    return next((pair for pair in wide if pair is not None), None)


def fades(estimate: Estimate, whole: float) -> bool:
    """Whether long steps see less of a gap than short ones: s − 1e9 goes by stairs of 1e-7, that look flat from within.

    Outputs that move otherwise as well never stand still there. Stairs that are taller than any rounding, of floor(x)
    or eight bits, are the function's own.

    Args:
        estimate: what was measured.
        whole: ‖u ∘ y‖₂ over all outputs.
    """
    off = [(h * abs(gap - estimate.gap), abs(gap - estimate.gap)) for h, gap in estimate.curve]
    first = min((height for height, apart in off if apart > 0.5 * abs(estimate.gap)), default=inf)
    return first <= TALL * whole and any(abs(gap) < 0.3 * abs(estimate.gap) for _, gap in estimate.curve[:3])


def rests(estimate: Estimate, whole: float) -> bool:
    """Whether outputs rest on short steps, on which a claim would move them by less than a stair of float32.

    A softmax in float32 of scores near zero moves by a spacing or not at all. Stairs that are taller than that are the
    function's own, and where a claim would have climbed one before anything moved, nothing excuses it.

    Args:
        estimate: what was measured.
        whole: ‖u ∘ y‖₂ over all outputs.
    """
    claimed, rest, moved = abs(estimate.claimed), 0.0, False
    for h, gap in reversed(estimate.curve):  # the shortest first
        change = h * abs(gap + estimate.claimed)
        moved = moved or change > _STILL * h * claimed
        if not moved:
            rest = h
        elif change > TALL * whole:
            return False
        elif 0 < rest * claimed < max(change, _SINGLE * whole):
            return True
    return False


def denied(line: Line, gap: float, levels: Sequence[int] = (0, 1, 2)) -> bool:
    """Whether steps of other lengths deny a gap that some show: they find the claim's slope where those find none.

    A staircase is flat within its steps; a function that swings faster than the steps looks like noise around
    a constant. Both hide a slope that a plain difference at another length still sees. At one length the function's
    own curvature may happen to cancel a gap; at two neighbouring lengths it does not.

    Args:
        line: where to look.
        gap: measured − claimed, in the line's unit.
        levels: of the ladder.
    """
    for k in levels:
        h = 1.1 * line.eps ** (0.125 + k / 16)
        if h <= line.reach and _closes(line, gap, h) and _closes(line, gap, 0.6 * h):
            return True
    return False


def _closes(line: Line, gap: float, h: float) -> bool:
    """Whether a plain difference over ±h is sharp enough to see a gap, and sees none."""
    ahead, behind = line(h), line(-h)
    sees = ahead.finite and behind.finite and 10 * line.floor(h) / h < 0.3 * abs(gap)
    return sees and abs(ahead.psi - behind.psi) / (2 * h) < 0.3 * abs(gap)
