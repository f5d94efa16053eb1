"""What may explain a gap other than a mistake: asked before anything is said to be wrong.

Rounding of the claim, digits lost below float64, a forward that stops at a tolerance, outputs that stood still
because their change is below their spacing, a jump at the point, a tie of several branches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcheck.checks.trial import Trial
from gradcheck.compare import Verdict
from gradcheck.point import Array, differentiable
from gradcheck.probes.jumps import jump_size
from gradcheck.probes.line import Line
from gradcheck.tree import rebuild

if TYPE_CHECKING:
    from gradcheck.checks.prober import Probe, Prober

__all__ = ["around", "denied", "inexactness", "narrowing", "spread"]

_LOST = 1e-4  # relative; 800 spacings of float32
_NEIGHBOURS = 12  # points around a tie: of three tied entries each is first in a third of them
_JITTER = 1e-6  # of the block's size: ten times farther than what counts as at the kink


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
    return max(max(slopes) - min(slopes), *(float(np.linalg.norm(((g - middle) * v).ravel())) for g in claims))


def narrowing(prober: Prober, probe: Probe) -> float:
    """Return what computing the claim below float64 cost it, where its float64 form is right.

    Only a loss of digits that a float32 backward may suffer in cancellation is forgiven, not a fault.
    """
    stage = prober.stage
    if not stage.lifted:
        return 0.0
    try:
        _, pullback = stage.trial.linearize()
        wide = stage.trial.read(pullback(rebuild(prober.trial.cotangent(probe.number), _widened)))[prober.name]
    except Exception:  # a backward may insist on its own dtype; then nothing is known
        return 0.0
    if wide is None or wide.shape != prober.x.shape:
        return 0.0
    slope, estimate = float(np.vdot(wide.astype(probe.v.dtype), probe.v).real), probe.estimate
    right = abs(estimate.measured - slope) <= estimate.error + 1e-9 * estimate.scale
    lost = abs(slope - estimate.claimed)
    return 1.1 * lost if right and lost <= _LOST * estimate.scale else 0.0


def inexactness(lines: list[Line]) -> float:
    """Return the size of the jumps that the forward makes along any of the lines, which differ in their input."""

    def jumps(line: Line) -> float:
        def phi(t: float) -> float | None:
            sample = line(t)
            return sample.raw if sample.finite else None

        return jump_size(phi, span=min(0.25, 0.5 * line.reach))

    return max(jumps(line) for line in lines)


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
    """Return the claims at points around a kink, all verified there.

    Where three entries tie, one of them may stand in the middle: no single entry's left or right slope tells it,
    but the gradients of the smooth points around do, and their convex hull is what subgradients are.

    Returns:
        Whether a claim around is wrong itself; and the claims, (points,) + the block's shape, None where too
        few could be verified.
    """
    from gradcheck.checks.precision import stage_for
    from gradcheck.checks.prober import Prober as Nearby

    rng = prober.trial.rng("hull", prober.name, number)
    claims: list[Array] = []
    for _ in range(_NEIGHBOURS):
        values: list[Any] = []
        for value in prober.trial.values:
            if differentiable(value):
                size = float(np.sqrt(np.mean(np.abs(value) ** 2))) or 1.0
                jitter = max(_JITTER, 32 * float(np.finfo(value.dtype).eps))
                value = (value + jitter * size * rng.standard_normal(np.shape(value))).astype(value.dtype)
            values.append(value)
        trial = Trial(prober.trial.target, prober.trial.settings, values)
        trial.share_cotangents(prober.trial)
        try:
            nearby = Nearby(trial, stage_for(trial), prober.name)
            verdict = nearby.probe(number, nearby.direction(number), full=True).verdict
        except Exception:  # a point around may lie outside the domain; it then tells nothing
            continue
        if verdict is Verdict.DISAGREES:
            return True, None
        if verdict is Verdict.AGREES:
            claims.append(nearby.claim(number))
    return False, np.stack(claims) if len(claims) >= _NEIGHBOURS // 2 else None


def _widened(u: Any) -> Any:
    if not differentiable(u):
        return u
    wide = np.asarray(u).astype(np.complex128 if u.dtype.kind == "c" else np.float64)
    return wide if isinstance(u, np.ndarray) else wide[()]
