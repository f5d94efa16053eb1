"""What may explain a gap other than a mistake: asked before anything is said to be wrong.

Rounding of the claim, digits lost below float64, a forward that stops at a tolerance, outputs that stood still
because their change is below their spacing, a jump at the point, a tie of several branches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcheck.checks.trial import Trial
from gradcheck.compare import Verdict
from gradcheck.norms import norm
from gradcheck.point import Array, differentiable
from gradcheck.probes.jumps import jump_size
from gradcheck.probes.line import Line
from gradcheck.tree import rebuild

if TYPE_CHECKING:
    from gradcheck.checks.prober import Probe, Prober

__all__ = [
    "DIGITS",
    "TIE",
    "around",
    "at_tie",
    "denied",
    "flickering",
    "inexactness",
    "narrowing",
    "spread",
    "trembling",
]

_NARROW = 1e-3  # relative; what a claim of float32 or less may tremble
_LOST = 1e-4  # relative; 800 spacings of float32
_NEIGHBOURS = 12  # points around a tie: of three tied entries each is first in a third of them
_MORE = 48  # claims around that are taken without a measurement: of seven tied entries each is first in some of them
_FINE = 1e-3  # branches that meet differ by more than this
_FEW = 8  # claims that are looked at before any of these
_KEPT = 1_000_000  # numbers: what is more is not kept but asked for again
_FARTHEST = 1e-2  # of the block's size: how far entries are put in order
_SPANS = (0.25, 2.0)  # of the block's size
_JITTER = 1e-5  # of the block's size: a hundred times farther than what counts as at the kink, to be measured there

DIGITS = (
    "lost digits: the same backward is right in wider numbers, and in the precision of this point it has lost "
    "too many digits to cancellation; a better conditioned backward, or a point of float64, would settle it"
)
TIE = (
    "several branches meet at this point, and the claim lies beyond those that were met; a moved point would settle it"
)


def trembling(prober: Prober, number: int, v: Array) -> float:
    """Return by how much ⟨g, v⟩ trembles along a line beside the point, where no tie is crossed.

    Digits that cancel are those of the precision: what trembles by a million spacings of all that the gradient is made
    of was computed in a narrower one, and that is a mistake.
    """
    trembles = prober.trial.tremor(number, prober.stage.claim_eps).get(prober.name)
    size = 0.0 if trembles is None else norm(trembles * v)
    eps = prober.stage.claim_eps
    whole = max(norm(prober.claim(number) * v), prober.magnitude(number))
    return min(size, max(min(1e6 * eps, _NARROW), 64 * eps) * whole) if np.isfinite(size) else 0.0


def flickering(prober: Prober) -> float:
    """Return what a claim may be that is nothing but rounding, where the outputs cancel to less than they flicker.

    0.1 x + 0.2 x − 0.3 x is zero or its own rounding, and so is what is claimed of it. Known in float64 alone: in
    narrower numbers moves of some roundings are no longer small.
    """
    return 10 * prober.stage.trial.flicker(prober.name) if prober.stage.eps < 1e-12 else 0.0


def spread(prober: Prober, number: int, v: Array) -> float:
    """Return how far ⟨g, v⟩ varies among points that differ by their rounding: the claim's real rounding.

    An ill-conditioned backward cannot be better than this however well it is written. The point itself is left
    out: a claim that is special there only is not rounded, but another formula.
    """
    nearby = [gradients.get(prober.name) for gradients in prober.trial.neighbours(number, prober.stage.claim_eps)]
    claims = [g.astype(v.dtype) for g in nearby if g is not None and g.shape == v.shape and np.all(np.isfinite(g))]
    if len(claims) < 2:
        return 0.0
    middle = sum(claims[1:], start=claims[0]) / len(claims)
    slopes = [float(np.vdot(g, v).real) for g in claims]
    apart = max(norm((g - middle) * v) for g in claims)
    return max(max(slopes) - min(slopes), apart)


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
    kind = np.float64 if stage.lifted else np.longdouble
    try:
        shadow = stage.trial if stage.lifted else _extended(prober)
        if shadow is None:
            return 0.0, True
        _, pullback = shadow.linearize()
        wide: dict[str, Any] = shadow.read(
            pullback(rebuild(prober.trial.cotangent(probe.number), lambda u: _widened(u, kind)))
        )
    except Exception:  # a backward may insist on its own dtype; then nothing is known
        return 0.0, True
    g = wide.get(prober.name)
    if g is None or g.shape != prober.x.shape or (not stage.lifted and g.dtype != kind):
        return 0.0, True
    slope = float(np.vdot(g.astype(probe.v.dtype), probe.v).real)
    # a wrong formula's gap would stay; of lost digits some percent do, where eleven bits more are few as well
    left = estimate.error + max(1e-9 * estimate.scale, 0.1 * abs(estimate.gap))
    if not (np.isfinite(left) and abs(estimate.measured - slope) <= left < 0.5 * abs(estimate.gap)):
        return 0.0, True
    lost = abs(slope - estimate.claimed)
    # what changes the outputs by less than some of their own spacings, the narrow claim cannot know
    unseen = 8 * stage.claim_eps * prober.magnitude(probe.number)
    ordinary = _LOST * estimate.scale if stage.lifted else 0.0
    return (1.1 * lost if lost <= max(ordinary, unseen) else 0.0), False


def _extended(prober: Prober) -> Trial | None:
    """Return the target in extended precision, None where the machine has none or the function drops it."""
    if np.finfo(np.longdouble).eps > 1e-17 or prober.stage.claim_eps > 1e-15:
        return None
    values = [
        value.astype(np.longdouble) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value
        for value in prober.trial.values
    ]
    shadow = Trial(prober.trial.target, prober.trial.settings, values)
    return shadow if shadow.y0.dtype == np.longdouble else None


def inexactness(lines: list[Line]) -> float:
    """Return the size of the jumps that the forward makes along any of the lines, which differ in their input.

    Looked for nearby, and where there are none farther away: an iteration that converges fast takes the same number of
    steps at many points in a row.
    """

    def jumps(line: Line, far: float) -> float:
        def phi(t: float) -> float | None:
            sample = line(t)
            return sample.raw if sample.finite else None

        span = min(far, 0.5 * line.reach)
        line(span)  # its size says how φ is rounded
        return jump_size(phi, span=span, rounding=line.floor(span))

    return next((size for far in _SPANS if (size := max(jumps(line, far) for line in lines)) > 0), 0.0)


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
        trial = Trial(prober.trial.target, prober.trial.settings, _beside(prober.trial.values, count, rng))
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
    claimed = float(np.vdot(prober.claim(number), v).real)
    for found in (near, list(_nearer(prober, number, _MORE))):
        slopes = np.array([float(np.vdot(claim, v).real) for claim in found])
        slack = 1e-4 * float(np.ptp(slopes))
        if len(slopes) < 2 or not _apart(slopes) or not np.min(slopes) - slack <= claimed <= np.max(slopes) + slack:
            return False
    return True


def _varies(prober: Prober, number: int, v: Array) -> bool:
    """Whether the claims of a few points beside differ along v, as they do at a tie in whichever order it is broken.

    Asked first, for little: without a tie nothing has to be verified around.
    """
    few: Iterable[Array] | None = prober.few.get(number)
    if few is None:
        few = _nearer(prober, number, _FEW)
        if v.size * _FEW <= _KEPT:  # every entry asks for the same ones
            few = prober.few[number] = list(few)
    slopes = [float(np.vdot(claim, v).real) for claim in few]
    return len(slopes) > 1 and _apart(np.array(slopes))


def _apart(slopes: Array) -> bool:
    return float(np.ptp(slopes)) > 0.1 * float(np.max(np.abs(slopes)))


def _nearer(prober: Prober, number: int, points: int) -> Iterator[Array]:
    """Yield claims as `around` does, none of them verified, from points a hundred times nearer."""
    rng = prober.trial.rng("nearer", prober.name, number)
    for count in range(points):
        trial = Trial(prober.trial.target, prober.trial.settings, _beside(prober.trial.values, count, rng, 0.01))
        trial.share_cotangents(prober.trial)
        try:
            claim = _claim(trial, prober, number)
        except Exception:  # a point around may lie outside the domain; it then tells nothing
            continue
        if claim.shape == prober.x.shape and np.all(np.isfinite(claim)):
            yield claim


def _claim(trial: Trial, prober: Prober, number: int) -> Array:
    return np.asarray(trial.gradients(number)[prober.name].astype(prober.claim(number).dtype))


def _beside(values: Sequence[Any], count: int, rng: np.random.Generator, nearness: float = 1.0) -> list[Any]:
    """Return a point beside a tie: the first and second in the order of entries and against it, others at random."""
    found: list[Any] = []
    for place, value in enumerate(values):
        if differentiable(value):
            size = norm(value) / sqrt(value.size) or 1.0
            eps = float(np.finfo(value.dtype).eps)
            jitter = max(nearness * max(_JITTER, 32 * eps), 4 * eps)
            if count < 2:
                order = np.arange(np.size(value)).reshape(np.shape(value)) - np.size(value) // 2 + 0.5
                # neighbours in order lie a jitter apart, and equal inputs move unlike each other
                move = (1 - 2 * count) * (1 + 0.4 * place) * order
                jitter = min(jitter, max(_FARTHEST / np.size(value), 4 * eps))  # the last of many stays beside, too
            else:
                # no entry stays where it was: a claim that is special there must not speak for the points around
                move = rng.choice([-1.0, 1.0], np.shape(value)) * rng.uniform(0.5, 1.5, np.shape(value))
            value = (value + jitter * size * move).astype(value.dtype)
        found.append(value)
    return found


def _widened(u: Any, kind: type) -> Any:
    if not differentiable(u):
        return u
    wide: Array = np.asarray(u).astype(np.complex128 if u.dtype.kind == "c" else kind)
    return wide if isinstance(u, np.ndarray) else wide[()]
