"""Identities that hold for what a target declares of itself: two modes, symmetry, independent samples."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.checks.cotangents import flatten
from gradcheck.checks.trial import Trial
from gradcheck.compare import Verdict
from gradcheck.norms import norm
from gradcheck.point import Array, differentiable
from gradcheck.report import Finding
from gradcheck.streams import off_zero
from gradcheck.tree import leaves

__all__ = ["adjoint_dot", "second_order_symmetric", "structure_batch"]

_IDENTITY = 1e-8  # relative to ‖Jv‖‖u‖; both sides are rounded claims, a mistake errs by far more
_LENGTHS = (1.0, 4096.0, 1 / 4096.0)  # of the tangents: what is clipped or thresholded is not linear


def adjoint_dot(trial: Trial) -> Iterator[Finding]:
    """Both modes are one linear map: ⟨u, jvp(v)⟩ = ⟨vjp(u), v⟩ for random u and v, no step involved.

    Where jvp is all that is given, the other side is the sum of its columns jvp(eᵢ): it is linear in the tangent.
    """
    jvp = trial.target.jvp
    assert jvp is not None
    for number, length in enumerate(_LENGTHS if _eps(trial) < 1e-5 else _LENGTHS[:1]):  # float16 ends at 65504
        gradients = trial.gradients(number)
        tangents, backward, size = [], 0.0, 0.0
        for name, value in zip(trial.names, trial.values, strict=True):
            tangent = _tangent(trial, name, number, length) if differentiable(value) else np.zeros(np.shape(value))
            tangents.append(tangent)
            if gradients.get(name) is not None:
                backward += float(np.vdot(gradients[name], tangent).real)
                size += float(norm(gradients[name]) * norm(tangent))
        u = trial.flat_cotangent(number)
        given = tuple(tangent.copy() for tangent in tangents)
        pushed = flatten(jvp(tuple(trial.fresh()), given))
        if any(not np.array_equal(mine, theirs) for mine, theirs in zip(tangents, given, strict=True)):
            message = "jvp writes into its tangent: whoever else uses that array gets a wrong derivative"
            yield trial.finding("adjoint.dot", "", Verdict.MALFORMED, message)
            return
        if pushed.shape != u.shape:
            message = f"jvp returned {pushed.size} numbers where the forward has {u.size} outputs"
            yield trial.finding("adjoint.dot", "", Verdict.MALFORMED, message)
            return
        forward = float(np.vdot(u, pushed).real)
        size = max(size, float(norm(u) * norm(pushed)))
        gap, allowed = abs(forward - backward), max(_IDENTITY, 1e4 * _eps(trial)) * size
        if not gap <= allowed:
            message = (
                f"the two modes differ: ⟨u, jvp(v)⟩ = {forward:+.8g} but ⟨vjp(u), v⟩ = {backward:+.8g}, for tangents "
                f"of size {length:g}. Where there is no vjp, its place is taken by jvp of each unit vector: "
                "jvp is then not linear in its tangent"
            )
            numbers = {"claimed": backward, "measured": forward, "gap": gap, "allowed": allowed}
            yield trial.finding("adjoint.dot", "", Verdict.DISAGREES, message, **numbers)
            return
    yield trial.finding("adjoint.dot", "", Verdict.AGREES, resolution=_IDENTITY)


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


def _tangent(trial: Trial, name: str, number: int, length: float) -> Array:
    rng, x = trial.rng("tangent", name, number), trial.value(name)
    v = length * off_zero(rng, x.shape)
    return np.asarray(v * (np.exp(1j * rng.uniform(0, 6, x.shape)) if x.dtype.kind == "c" else 1.0)).astype(x.dtype)


def _eps(trial: Trial) -> float:
    return max(float(np.finfo(value.dtype).eps) for value in trial.values if differentiable(value))
