"""Several branches at one point: the claims of the smooth points around tell which subgradients there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import numpy as np

from gradcheck.checks.beside import beside, beside_at, gathered, touches_few
from gradcheck.checks.precision import stage_for
from gradcheck.checks.prober import Prober
from gradcheck.checks.trial import Trial
from gradcheck.compare import Verdict
from gradcheck.norms import all_finite
from gradcheck.pieces import dot
from gradcheck.point import Array

__all__ = ["TIE", "around", "at_tie", "nearer"]

T = TypeVar("T")

_NEIGHBOURS = 12  # points around a tie: of three tied entries each is first in a third of them
_MORE = 48  # claims around that are taken without a measurement: of seven tied entries each is first in some of them
_FINE = 1e-3  # branches that meet differ by more than this
_PERSISTS = 0.2  # of the distance between branches is met a hundred times nearer as well; curvature leaves a hundredth
_FEW = 16  # claims that are looked at before any of these
_KEPT = 1_000_000  # numbers: what is more is not kept but asked for again

TIE = (
    "several branches meet at this point, and the claim lies beyond those that were met; a moved point would settle it"
)


def around(prober: Prober, number: int) -> tuple[bool, Array | None]:
    """Return the claims at points around a kink, a sample of them verified there; found once.

    Where three entries tie, one of them may stand in the middle: no single entry's left or right slope tells it,
    but the gradients of the smooth points around do, and their convex hull is what subgradients are. The first
    points break ties in the order of the entries, as a stable sort and a first maximum do; the last ones are not
    verified themselves: they ask the same backward, which was right at every verified point, for more branches.

    Returns:
        Whether a claim around is wrong itself; and the claims, (points,) + the block's shape, None where too
        few could be verified.
    """
    if number not in prober.met:
        prober.met[number] = _around(prober, number)
    return prober.met[number]


def _around(prober: Prober, number: int) -> tuple[bool, Array | None]:
    from gradcheck.checks.confirm import confirm  # which asks for ties in its turn

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
                nearby = Prober(trial, stage_for(trial), prober.name)
                probe = nearby.probe(number, nearby.direction(number), full=True)
                wrong_here = probe.verdict is Verdict.DISAGREES
                if wrong_here and confirm(nearby, probe, beside=False).verdict is Verdict.DISAGREES:
                    wrong += 1
                    if wrong == 2:  # one of twelve may be unlucky where digits are few
                        return True, None
                seen = probe.comparison
        except Exception:  # a point around may lie outside the domain; it then tells nothing
            continue
        fine = seen is None or (abs(seen.gap) <= seen.allowed and seen.resolution <= max(_FINE, prober.resolution))
        if fine and claim.shape == prober.x.shape and all_finite(claim):
            claims.append(claim)
    return False, np.stack(claims)


def at_tie(prober: Prober, number: int, v: Array, gap: float) -> bool:
    """Whether a claim along v is a subgradient at a tie that no move along v alone can show.

    Of five equal numbers none moves the median alone: its slope is zero on both sides, and yet the median is one of
    them, with slope one, at every point around. The verified claims around are then a few numbers far apart, as a gap
    asks, and stay so however near they are taken; one of them, or one between, is what may be claimed.
    """
    if not _varies(prober, number, v, gap):
        return False
    wrong, near = around(prober, number)
    if wrong or near is None or np.iscomplexobj(near):
        return False

    def along(claim: Array) -> float:
        return dot(claim, v)

    claimed, least = float(np.vdot(prober.claim(number), v).real), 0.0
    both = near.reshape(len(near), -1) @ v.ravel(), np.array(nearer(prober, number, _MORE, along))
    for slopes, bent in zip(both, (1e-4, 1e-6), strict=True):  # by curvature, where they were taken
        if len(slopes) < 2 or not _apart(slopes, gap) or np.ptp(slopes) < least:
            return False
        slack = bent * float(np.ptp(slopes))
        if not np.min(slopes) - slack <= claimed <= np.max(slopes) + slack:
            return False
        least = _PERSISTS * float(np.ptp(slopes))
    return True


def _varies(prober: Prober, number: int, v: Array, gap: float) -> bool:
    """Whether the claims of a few points beside differ along v, as they do at a tie in whichever order it is broken.

    Asked first, for little: without a tie nothing has to be verified around.
    """
    if v.size * _FEW <= _KEPT and number not in prober.few:  # every entry asks for the same ones
        prober.few[number] = nearer(prober, number, _FEW, np.array)
    if touches_few(v):
        rows = gathered(prober, number, v, "nearer", partial(beside_at, prober, _FEW))
        slopes = [dot(row, v[v != 0]) for row in rows]
    elif number in prober.few:
        slopes = [dot(claim, v) for claim in prober.few[number]]
    else:
        slopes = nearer(prober, number, _FEW, lambda claim: dot(claim, v))
    return len(slopes) > 1 and _apart(np.array(slopes), gap)


def _apart(slopes: Array, gap: float) -> bool:
    return float(np.ptp(slopes)) > min(0.1 * float(np.max(np.abs(slopes))), 0.3 * abs(gap))


def nearer(prober: Prober, number: int, points: int, look: Callable[[Array], T]) -> list[T]:
    """Return what a look at claims tells, none of them verified, from points a hundred times nearer than `around`."""
    kind = prober.claim(number).dtype

    def seen(answer: Mapping[str, Any]) -> T | None:
        claim = np.asarray(answer[prober.name].astype(kind, copy=False))
        return look(claim) if claim.shape == prober.x.shape and all_finite(claim) else None

    return [told for told in beside_at(prober, points, seen, number) if told is not None]


def _claim(trial: Trial, prober: Prober, number: int) -> Array:
    return np.asarray(trial.gradients(number)[prober.name].astype(prober.claim(number).dtype))
