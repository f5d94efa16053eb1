"""Inputs moved together: what a kink cannot hide from.

At max(a, b) with a = b, "both get all" is a valid subgradient in a alone and in b alone, and yet wrong: moved
together they stay tied, the function is smooth along that line, and its slope is one. So wherever entries
were found at kinks, the whole is measured once more along (1, 1, …, 1), and along a line on which all branches that
meet there have the same slope: at max(x + y, 0) that is (1, −1), for a claim of (1, 0) as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import Any

import numpy as np

from gradcheck.checks.doubt import denied, fades, narrowing
from gradcheck.checks.precision import stage_for
from gradcheck.checks.prober import Probe, Prober
from gradcheck.checks.solvers import STOPS, wavering
from gradcheck.checks.support import beyond_support
from gradcheck.checks.ties import at_tie, nearer
from gradcheck.checks.trial import Trial
from gradcheck.compare import Verdict
from gradcheck.norms import norm
from gradcheck.point import Array, Point
from gradcheck.report import Finding
from gradcheck.report.text import pair
from gradcheck.target import Target

__all__ = ["joined", "together"]

_POINTS = 24  # beside the kink, where claims are asked for
_MOST = 10_000  # entries, for which so many are kept
_LEVEL = 1e-5  # of a claim: the points are 1e-7 away, and so exactly are the branches' slopes known
_ALIKE = 1e-4  # of a claim: branches differ by more


def joined(target: Target, names: Sequence[str], values: Sequence[Array]) -> Target:
    """Return a target whose only input is the named blocks, end to end.

    Args:
        target: whose forward and pullback are called.
        names: blocks that move, of one dtype.
        values: all inputs, in the target's order.
    """
    places = [target.point.names.index(name) for name in names]
    shapes = [values[place].shape for place in places]
    ends = np.cumsum([int(np.prod(shape, dtype=int)) for shape in shapes])

    def split(z: Array) -> list[Any]:
        arguments = list(values)
        for place, shape, part in zip(places, shapes, np.split(z, ends[:-1]), strict=True):
            arguments[place] = part.reshape(shape)
        return arguments

    def linearize(z: Array) -> tuple[Any, Any]:
        outputs, pullback = target.linearize(*split(z))

        def back(cotangent: Any) -> Mapping[str, Any]:
            answer = pullback(cotangent)
            return {"together": np.concatenate([np.asarray(answer[name]).ravel() for name in names])}

        return outputs, back

    point = Point(("together",), (np.concatenate([np.ravel(values[place]) for place in places]),))
    return replace(target, point=point, forward=lambda z: target.forward(*split(z)), linearize=linearize, wrt=None)


def together(trial: Trial, findings: Sequence[Finding]) -> Iterator[Finding]:
    """Measure along joint moves of each block with a kink, and of all blocks; only a DISAGREES is told."""
    kinked = {finding.wrt for finding in findings if finding.verdict is Verdict.KINK}
    blocks = trial.claimed_blocks()
    dtypes = {trial.value(name).dtype for name in blocks}
    groups = [[name] for name in blocks if trial.target.owner(name)[1] in kinked]
    if len(blocks) > 1 and len(dtypes) == 1:
        groups.append(blocks)
    for group in groups:
        alone = len(group) == 1
        whole = trial if alone else Trial(joined(trial.target, group, trial.fresh()), trial.settings)
        prober = Prober(whole, stage_for(whole), group[0] if alone else "together")
        lines = ((_wrong(prober, v, level), along) for v, along, level in _lines(prober))
        told = next(((probe, along) for probe, along in lines if probe is not None), None)
        told = told or beyond_support(whole, prober.name)
        if told is not None:
            named = (name for name in group if trial.target.owner(name)[1] in kinked)
            yield from (_finding(trial, name, *told) for name in named)
            return


def _lines(prober: Prober) -> Iterator[tuple[Array, str, float]]:
    """Yield lines on which the function may be smooth although entries have kinks, what they are, and how exactly."""
    v = np.full(prober.x.shape, prober.scale, dtype=prober.direction(0).dtype)
    yield v, "moved all by the same amount, tied entries stay tied", 0.0
    if prober.x.dtype.kind == "c" or prober.x.size > _MOST:
        return
    claims = np.array(nearer(prober, 0, _POINTS, np.ravel)[2:])  # those in the order of entries may lie on a kink, too
    apart = claims - claims.mean(axis=0) if len(claims) == _POINTS - 2 else np.zeros((1, prober.x.size))
    _, sizes, branches = np.linalg.svd(apart, full_matrices=False)
    differ = branches[sizes > _ALIKE * max(norm(claims), 1e-300)]
    if not 0 < len(differ) < min(len(claims) - 1, prober.x.size):  # not all of them may have been met
        return
    for number in range(3):
        flat = prober.direction(number).ravel()
        left = flat - differ.T @ (differ @ flat)
        if norm(left) > 1e-3 * norm(flat):
            v = (left * (norm(flat) / norm(left))).reshape(prober.x.shape)
            # alike, but for how exactly the line is known, and what the claims are rounded by
            slopes = claims @ v.ravel()
            size = max(norm(claim.reshape(v.shape) * v) for claim in claims)
            level = max(_LEVEL * size, 3 * float(np.ptp(slopes)))
            yield v, "moved where all branches that meet here have the same slope", level


def _wrong(prober: Prober, v: Array, level: float) -> Probe | None:
    """Return what disagrees along a line on which the function is smooth; None where it is not, or nothing does.

    Args:
        prober: of the joined blocks.
        v: the line.
        level: by how much the slopes of the branches may differ along it.
    """
    trial = prober.trial
    probe, again = (prober.probe(0, v, attempt=attempt, full=True) for attempt in (0, 1))
    gaps = [_gap(each, level) for each in (probe, again)]
    if any(abs(gap) <= 3 * allowed for gap, allowed in gaps) or gaps[0][0] * gaps[1][0] < 0:
        return None
    # no look at how far neighbouring claims differ: they do, because a tie is broken there
    if at_tie(prober, 0, v, probe.estimate.gap) or not narrowing(prober, probe)[1]:
        return None
    if fades(probe.estimate, prober.magnitude(0)) and denied(probe.line, probe.estimate.gap):
        return None
    unseen = probe.line.unseen(trial.loudest, gaps[0][0])
    stopped = STOPS * wavering(trial, 0) * norm(v) / prober.scale
    return probe if abs(gaps[0][0]) > 3 * (gaps[0][1] + unseen + stopped) else None


def _gap(probe: Probe, level: float) -> tuple[float, float]:
    """Return a gap and what it may be; nothing where the line has a kink of more than `level`."""
    estimate, allowed = probe.estimate, probe.comparison.allowed + level
    if estimate.kind in ("smooth", "flat"):
        return probe.comparison.gap, allowed
    left, right = estimate.left, estimate.right
    if left is None or right is None or abs(left.value - right.value) > left.error + right.error + 3 * level:
        return 0.0, allowed
    return (left.value + right.value) / 2, left.error + right.error + level


def _finding(trial: Trial, name: str, probe: Probe, along: str) -> Finding:
    layer, quantity = trial.target.owner(name)
    estimate, comparison = probe.estimate, probe.comparison
    left, right = estimate.left, estimate.right
    if estimate.kind == "kink" and left is not None and right is not None:  # relative to the claim
        nearest, farthest = sorted((left, right), key=lambda side: abs(side.value))
        estimate = replace(estimate, gap=nearest.value, error=nearest.error)
        unseen = nearest.error / estimate.scale if estimate.scale > 0 else inf
        comparison = replace(comparison, gap=nearest.value, allowed=nearest.error, resolution=unseen)
        claimed, measured = pair(estimate.claimed, estimate.measured)
        other = f"{estimate.claimed + farthest.value:+.6g}"
        seen = f"claimed {claimed}, outside of the slopes that meet there, {measured} and {other}"
    else:
        claimed, measured = pair(estimate.claimed, estimate.measured)
        seen = f"claimed {claimed}, measured {measured} ± {estimate.error:.1g}"
    message = (
        f"{layer}: gradient of {quantity} is no subgradient: {along}; {seen}. "
        "Is a tie's gradient counted more than once, or dropped?"
    )
    return trial.finding(
        "gradient.direction",
        name,
        Verdict.DISAGREES,
        message,
        claimed=estimate.claimed,
        measured=estimate.measured,
        error=estimate.error,
        gap=comparison.gap,
        allowed=comparison.allowed,
        resolution=comparison.resolution,
        evaluations=estimate.evaluations,
        curve=estimate.curve,
    )
