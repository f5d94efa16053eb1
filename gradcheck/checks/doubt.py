"""What may explain a gap other than a mistake: asked before anything is said to be wrong.

Rounding of the claim, digits lost below float64, outputs that stood still because their change is below their
spacing, a jump at the point, a tie of several branches. What stops at a tolerance is in `solvers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import hypot
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from gradcheck.checks.beside import beside, beside_at, gathered, touches_few, wide_at, wide_slope
from gradcheck.checks.moves import tremor_of
from gradcheck.checks.trial import Trial
from gradcheck.compare import Verdict
from gradcheck.norms import norm
from gradcheck.pieces import dot, norm_along, pieces
from gradcheck.point import Array
from gradcheck.probes.line import Line

if TYPE_CHECKING:
    from gradcheck.checks.prober import Probe, Prober

__all__ = [
    "DIGITS",
    "TIE",
    "around",
    "at_tie",
    "denied",
    "flickering",
    "most",
    "narrowing",
    "spread",
    "spread_at_most",
    "trembling",
]

T = TypeVar("T")

_NARROW = 1e-3  # relative; what a claim of float32 or less may tremble
_NEIGHBOURS = 12  # points around a tie: of three tied entries each is first in a third of them
_MORE = 48  # claims around that are taken without a measurement: of seven tied entries each is first in some of them
_FINE = 1e-3  # branches that meet differ by more than this
_FEW = 8  # claims that are looked at before any of these
_KEPT = 1_000_000  # numbers: what is more is not kept but asked for again

DIGITS = (
    "lost digits: the same backward is right in wider numbers, and in the precision of this point it has lost "
    "too many digits to cancellation; a better conditioned backward, or a point of float64, would settle it"
)
TIE = (
    "several branches meet at this point, and the claim lies beyond those that were met; a moved point would settle it"
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
        rows = gathered(prober, number, v, "tremor", prober.trial.looked_along)
        trembles, moves = tremor_of(rows) if len(rows) == 6 else None, v[v != 0]
    else:
        trembles, moves = prober.trial.tremor(number, prober.stage.claim_eps).get(prober.name), v
    size = 0.0 if trembles is None else norm_along(trembles, moves)
    return min(size, most(prober, number, v)) if np.isfinite(size) else 0.0


def flickering(prober: Prober, v: Array, gap: float) -> float:
    """Return what a claim may be that is nothing but rounding, where the outputs cancel to less than they flicker.

    0.1 x + 0.2 x − 0.3 x is zero or its own rounding, and so is what is claimed of it. Known in float64 alone: in
    narrower numbers moves of some roundings are no longer small. Where a gap might be that of the block, but v moves
    a part of it only, the rest is held: squares of 1e6 flicker by more than the square of 1e-3 is.
    """
    if prober.stage.eps >= 1e-12:
        return 0.0
    trial, name = prober.stage.trial, prober.name
    whole = 10 * trial.flicker(name)
    few = np.count_nonzero(v) < v.size
    return 10 * trial.flicker_of(name, v != 0) if few and 3 * whole > abs(gap) else whole


def spread(prober: Prober, number: int, v: Array) -> float:
    """Return how far ⟨g, v⟩ varies among points that differ by their rounding: the claim's real rounding.

    An ill-conditioned backward cannot be better than this however well it is written. The point itself is left
    out: a claim that is special there only is not rounded, but another formula.
    """
    kind = np.result_type(v.dtype, np.float64)
    if touches_few(v):
        claims = [g.astype(kind) for g in gathered(prober, number, v, "neighbours", prober.trial.looked_at)]
        v = v[v != 0]
    else:
        nearby = [gradients.get(prober.name) for gradients in prober.trial.neighbours(number, prober.stage.claim_eps)]
        claims = [g.astype(kind) for g in nearby if g is not None and g.shape == v.shape and np.all(np.isfinite(g))]
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
        if g is None or g.shape != v.shape or not np.all(np.isfinite(g)):
            return None
        return dot(g, v), hypot(*(norm((a - b) * w) for a, b, w in pieces(g, claim, v)))

    seen = [told for told in prober.trial.looked_at(look, number, prober.stage.claim_eps) if told is not None]
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
    stage, estimate, v = prober.stage, probe.estimate, probe.v
    try:
        slopes: list[float | None]
        if touches_few(v):
            rows = gathered(prober, probe.number, v, "wide", partial(wide_at, prober))
            slopes = [dot(row, v[v != 0]) for row in rows]
        else:
            slopes = wide_at(prober, partial(wide_slope, prober, v), probe.number)
    except Exception:  # a backward may insist on its own dtype; then nothing is known
        return 0.0, True
    slope = next((slope for slope in slopes if slope is not None), None)
    if slope is None:
        return 0.0, True
    # a wrong formula's gap would stay; of lost digits some percent do, where eleven bits more are few as well
    left = estimate.error + max(1e-9 * estimate.scale, 0.1 * abs(estimate.gap))
    if not (np.isfinite(left) and abs(estimate.measured - slope) <= left < 0.5 * abs(estimate.gap)):
        return 0.0, True
    lost = abs(slope - estimate.claimed)
    # what changes the outputs by less than some of their own spacings, the narrow claim cannot know
    unseen = 8 * stage.claim_eps * prober.magnitude(probe.number)
    ordinary = prober.resolution * max(estimate.scale, probe.reference) if stage.lifted else 0.0
    return (1.1 * lost if lost <= max(ordinary, unseen) else 0.0), False


def denied(line: Line, gap: float, levels: Sequence[int] = (0, 1, 2)) -> bool:
    """Whether steps of other lengths deny a gap that some show: they find the claim's slope where those find none.

    A staircase is flat within its steps; a function that swings faster than the steps looks like noise around
    a constant. Both hide a slope that a plain difference at another length still sees.

    Args:
        line: where to look.
        gap: measured − claimed, in the line's unit.
        levels: of the ladder.
    """
    for k in levels:
        h = 1.1 * line.eps ** (0.125 + k / 16)
        if h > line.reach:
            continue
        ahead, behind = line(h), line(-h)
        sees = ahead.finite and behind.finite and 10 * line.floor(h) / h < 0.3 * abs(gap)
        if sees and abs(ahead.psi - behind.psi) / (2 * h) < 0.3 * abs(gap):
            return True
    return False


def around(prober: Prober, number: int) -> tuple[bool, Array | None]:
    """Return the claims at points around a kink, a sample of them verified there.

    Where three entries tie, one of them may stand in the middle: no single entry's left or right slope tells it,
    but the gradients of the smooth points around do, and their convex hull is what subgradients are. The first
    points break ties in the order of the entries, as a stable sort and a first maximum do; the last ones are not
    verified themselves: they ask the same backward, which was right at every verified point, for more branches.

    Returns:
        Whether a claim around is wrong itself; and the claims, (points,) + the block's shape, None where too
        few could be verified.
    """
    from gradcheck.checks.precision import stage_for
    from gradcheck.checks.prober import Prober as Nearby

    rng = prober.trial.rng("hull", prober.name, number)
    claims: list[Array] = []
    wrong = 0
    for count in range(_NEIGHBOURS + _MORE):
        if count == _NEIGHBOURS and len(claims) < _NEIGHBOURS // 2:
            return False, None
        trial = Trial(prober.trial.target, prober.trial.settings, beside(prober.trial.values, count, rng))
        trial.share_cotangents(prober.trial)
        trial.inexact = prober.trial.inexact or 0.0  # the forward's jumps were looked for at the point itself
        verify = count < _NEIGHBOURS
        try:
            claim, seen = _claim(trial, prober, number), None
            if verify:
                nearby = Nearby(trial, stage_for(trial), prober.name)
                probe = nearby.probe(number, nearby.direction(number), full=True)
                if (
                    probe.verdict is Verdict.DISAGREES
                    and nearby.confirm(probe, beside=False).verdict is Verdict.DISAGREES
                ):
                    wrong += 1
                    if wrong == 2:  # one of twelve may be unlucky where digits are few
                        return True, None
                seen = probe.comparison
        except Exception:  # a point around may lie outside the domain; it then tells nothing
            continue
        fine = seen is None or (abs(seen.gap) <= seen.allowed and seen.resolution <= _FINE)
        if fine and claim.shape == prober.x.shape and np.all(np.isfinite(claim)):
            claims.append(claim)
    return False, np.stack(claims)


def at_tie(prober: Prober, number: int, v: Array) -> bool:
    """Whether a claim along v is a subgradient at a tie that no move along v alone can show.

    Of five equal numbers none moves the median alone: its slope is zero on both sides, and yet the median is one of
    them, with slope one, at every point around. The verified claims around are then a few numbers far apart, and
    stay so however near they are taken; one of them, or one between, is what may be claimed.
    """
    if not _varies(prober, number, v):
        return False
    wrong, near = prober.around(number)
    if wrong or near is None or np.iscomplexobj(near):
        return False

    def along(claim: Array) -> float:
        return dot(claim, v)

    claimed = float(np.vdot(prober.claim(number), v).real)
    for slopes in (near.reshape(len(near), -1) @ v.ravel(), np.array(_nearer(prober, number, _MORE, along))):
        slack = 1e-4 * float(np.ptp(slopes))
        if len(slopes) < 2 or not _apart(slopes) or not np.min(slopes) - slack <= claimed <= np.max(slopes) + slack:
            return False
    return True


def _varies(prober: Prober, number: int, v: Array) -> bool:
    """Whether the claims of a few points beside differ along v, as they do at a tie in whichever order it is broken.

    Asked first, for little: without a tie nothing has to be verified around.
    """
    if v.size * _FEW <= _KEPT and number not in prober.few:  # every entry asks for the same ones
        prober.few[number] = _nearer(prober, number, _FEW, np.array)
    if touches_few(v):
        rows = gathered(prober, number, v, "nearer", partial(beside_at, prober, _FEW))
        slopes = [dot(row, v[v != 0]) for row in rows]
    elif number in prober.few:
        slopes = [dot(claim, v) for claim in prober.few[number]]
    else:
        slopes = _nearer(prober, number, _FEW, lambda claim: dot(claim, v))
    return len(slopes) > 1 and _apart(np.array(slopes))


def _apart(slopes: Array) -> bool:
    return float(np.ptp(slopes)) > 0.1 * float(np.max(np.abs(slopes)))


def _nearer(prober: Prober, number: int, points: int, look: Callable[[Array], T]) -> list[T]:
    """Return what a look at claims tells, none of them verified, from points a hundred times nearer than `around`."""
    kind = prober.claim(number).dtype

    def seen(answer: Mapping[str, Any]) -> T | None:
        claim = np.asarray(answer[prober.name].astype(kind, copy=False))
        return look(claim) if claim.shape == prober.x.shape and np.all(np.isfinite(claim)) else None

    return [told for told in beside_at(prober, points, seen, number) if told is not None]


def _claim(trial: Trial, prober: Prober, number: int) -> Array:
    return np.asarray(trial.gradients(number)[prober.name].astype(prober.claim(number).dtype))
