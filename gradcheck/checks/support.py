"""Kinks of several at once: whether they all bend one way, and then what a claim of several entries must not exceed.

‖x‖ at 0 has slopes of ±1 along each entry, and a gradient of ones lies between them, entry by entry. Along (1, 1, 1) it
claims 3, and the slope is √3. A convex function's subgradients lie below its slopes along every line, so where walks
beside the kink meet none that bends the other way, it is measured along the line on which the claim is farthest from
the gradients around. Where kinks bend both ways, relu(x) − relu(−x), not even a chain rule that takes one of the two
slopes everywhere lies between the slopes of the whole, and nothing can be said.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

import numpy as np

from gradcheck.checks.precision import stage_for
from gradcheck.checks.prober import Probe, Prober
from gradcheck.checks.trial import Trial
from gradcheck.norms import all_finite
from gradcheck.pieces import extremes
from gradcheck.point import Array
from gradcheck.streams import off_zero
from gradcheck.tree import rebuild

__all__ = ["bends_both_ways", "beyond_support"]

_WALKS, _STEPS = 6, 16  # beside the kink, where gradients are asked for
_FAR = 2.0  # lengths of the way to a walk's middle, that it goes to either side
_NEAR, _ULPS = 1e-7, 256  # of the block's size, or so many spacings: how far beside the kink walks are
_MOST = 10_000  # entries, for which so many gradients are kept
_APART = 1e-4  # of a gradient: branches differ by more
_BEYOND = 0.03  # of the distance between two slopes
_ALONG = "where the function is {kind}, moved along the line on which the claim is farthest from the gradients around"


def bends_both_ways(prober: Prober, number: int, index: tuple[int, ...]) -> bool:
    """Whether walks beside the kink, along one entry, meet kinks that bend up and others that bend down."""
    v = np.zeros(prober.x.shape, prober.claim(number).dtype)
    v[index] = 1.0
    bends = [bend for _, bend in _walks(prober, number, [v] * (_WALKS // 2))]
    return bool(bends) and min(map(min, bends)) < 0 < max(map(max, bends))


def beyond_support(trial: Trial, name: str) -> tuple[Probe, str] | None:
    """Return what shows that a claim at a kink is no subgradient of a convex or concave function, and how it was found.

    Asked with a cotangent of one sign, so that a sum of norms is convex. None where the function is neither, or nothing
    is wrong.
    """
    if trial.value(name).size > _MOST:
        return None
    one_sign = Trial(trial.target, trial.settings, trial.fresh())
    one_sign.use_cotangent(0, rebuild(trial.cotangent(0), lambda u: None if u is None else abs(u)))
    prober = Prober(one_sign, stage_for(one_sign), name)
    rng = one_sign.rng("support", name)
    found = _walks(prober, 0, (_random(rng, prober) for _ in range(_WALKS)))
    if not found:
        return None
    bends = np.concatenate([bend for _, bend in found])
    if not bends.any() or bends.min() < 0 < bends.max():
        return None  # one branch, as far as was seen, or neither convex nor concave
    v = prober.claim(0) - _middle(np.concatenate([gradients for gradients, _ in found]))
    if not (longest := extremes(v)[1]) > 0:
        return None
    v = v * (prober.scale / longest)
    probe, again = (prober.probe(0, v, attempt=attempt, full=True) for attempt in (0, 1))
    first, second = _excess(probe), _excess(again)
    if first * second <= 0 or max(abs(second), abs(first)) > 3 * min(abs(first), abs(second)):
        return None
    return probe, _ALONG.format(kind="convex" if bends.max() > 0 else "concave")


def _walks(prober: Prober, number: int, directions: Iterable[Array]) -> list[tuple[Array, Array]]:
    """Walk by the kink along each direction, one block alone moved.

    Returns:
        For each walk the claimed gradients, (points,) + the block's shape, and how much their slope along it changes
        from point to point, zero where it is one branch. Empty where one could not be walked.
    """
    trial, x = prober.trial, prober.x
    near = max(_NEAR, _ULPS * float(np.finfo(x.dtype).eps)) * prober.scale
    rng, found = trial.rng("walks", prober.name, number), []
    for v in directions:
        middle, gradients = _random(rng, prober), []
        times = np.linspace(-_FAR, _FAR, _STEPS) + rng.uniform(0, 1 / _STEPS, _STEPS)
        for t in times:
            values = trial.fresh()
            values[trial.index(prober.name)] = (x + near * (middle + t * v)).astype(x.dtype)
            with suppress(Exception):  # a point beside may lie outside the domain; it then tells nothing
                gradient = np.asarray(trial.answer_at(values, trial.cotangent(number))[prober.name])
                if gradient.shape == x.shape and all_finite(gradient):
                    gradients.append(gradient.astype(prober.claim(number).dtype))
        if len(gradients) < _STEPS:
            return []
        slopes = np.array([float(np.vdot(g, v).real) for g in gradients])
        bend = np.diff(slopes)
        sizes = max(float(np.sum(np.abs(g * v))) for g in gradients)
        found.append((np.array(gradients), np.where(np.abs(bend) > _APART * sizes, bend, 0.0)))
    return found


def _middle(gradients: Array) -> Array:
    """Return the middle between the least and the greatest of each entry."""
    if gradients.dtype.kind == "c":
        return np.asarray(_middle(gradients.real) + 1j * _middle(gradients.imag))
    return np.asarray((gradients.min(axis=0) + gradients.max(axis=0)) / 2)


def _random(rng: np.random.Generator, prober: Prober) -> Array:
    v = off_zero(rng, prober.x.shape)
    return np.asarray(v * np.exp(1j * rng.uniform(0, 6, v.shape)) if prober.x.dtype.kind == "c" else v)


def _excess(probe: Probe) -> float:
    """Return how far a claim lies beyond the slopes on both sides of a kink, signed; 0 where that is not seen."""
    left, right = probe.estimate.left, probe.estimate.right
    if probe.estimate.kind != "kink" or left is None or right is None:
        return 0.0
    low, high = sorted((left.value, right.value))  # measured − claimed
    excess = low if low > 0 else high if high < 0 else 0.0
    allowed = 3 * (left.error + right.error) + _BEYOND * (high - low)
    return excess if abs(excess) > allowed else 0.0
