"""Identities that hold for what a target declares of itself: symmetry, independent samples."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.checks.cotangents import flatten
from gradcheck.checks.trial import Trial
from gradcheck.compare import Verdict
from gradcheck.norms import norm
from gradcheck.point import differentiable
from gradcheck.report import Finding
from gradcheck.tree import leaves

__all__ = ["second_order_symmetric", "structure_batch"]

_IDENTITY = 1e-8  # relative to ‖Jv‖‖u‖; both sides are rounded claims, a mistake errs by far more


def second_order_symmetric(trial: Trial) -> Iterator[Finding]:
    """Second derivatives are symmetric: ⟨a, H b⟩ = ⟨b, H a⟩ for random a and b."""
    a, b = trial.flat_cotangent(0), trial.flat_cotangent(1)
    Ha, Hb = (flatten(trial.gradients(number)["x"]) for number in (0, 1))
    left, right = float(np.vdot(b, Ha).real), float(np.vdot(a, Hb).real)
    size = float(norm(a) * norm(Hb) + norm(b) * norm(Ha))
    gap, allowed = abs(left - right), max(_IDENTITY, 1e4 * _eps(trial)) * size
    verdict = Verdict.AGREES if gap <= allowed else Verdict.DISAGREES
    message = (
        "" if gap <= allowed else f"the Hessian is not symmetric: ⟨b, H a⟩ = {left:+.8g} but ⟨a, H b⟩ = {right:+.8g}"
    )
    yield trial.finding("second_order.symmetric", "x", verdict, message, gap=gap, allowed=allowed, resolution=_IDENTITY)


def structure_batch(trial: Trial) -> Iterator[Finding]:
    """Samples that are declared independent are: moving one leaves the outputs of the others as they were."""
    axis = trial.target.batch
    assert axis is not None
    name = trial.target.point.blocks[0]
    x = trial.value(name)
    samples = x.shape[axis] if x.ndim > axis else 1
    for sample in sorted({0, samples - 1}) if samples > 1 else ():
        moved = x.copy()
        place = (slice(None),) * axis + (sample,)
        moved[place] = moved[place] * 1.25 + 0.1 * np.max(np.abs(x))
        values = trial.fresh()
        values[trial.index(name)] = moved
        before = [np.asarray(leaf) for _, leaf in leaves(trial.outputs)]
        after = [np.asarray(leaf) for _, leaf in leaves(trial.forward(values))]
        for one, other in zip(before, after, strict=True):
            if one.ndim <= axis or one.shape[axis] != samples:
                continue
            gap = np.abs(np.delete(one, sample, axis) - np.delete(other, sample, axis))
            worst = float(np.max(gap, initial=0.0))
            if worst > 1e3 * _eps(trial) * float(np.max(np.abs(one), initial=0.0)):
                message = (
                    f"outputs of other samples move by up to {worst:.3g} when sample {sample} of {name} is changed"
                )
                yield trial.finding("structure.batch", name, Verdict.MALFORMED, message, gap=worst)
                return
    yield trial.finding("structure.batch", "", Verdict.AGREES)


def _eps(trial: Trial) -> float:
    return max(float(np.finfo(value.dtype).eps) for value in trial.values if differentiable(value))
