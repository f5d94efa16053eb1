"""Forward mode against reverse mode: one linear map, seen from both sides, and no step involved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import hypot
from typing import Any

import numpy as np

from gradcheck.checks.alike import loose
from gradcheck.checks.cotangents import active, flatten
from gradcheck.checks.precision import stage_for
from gradcheck.checks.trial import Trial, unchanged
from gradcheck.compare import Verdict
from gradcheck.norms import all_finite, norm
from gradcheck.pieces import norm_along
from gradcheck.point import Array, differentiable
from gradcheck.report import Finding
from gradcheck.streams import off_zero
from gradcheck.tree import is_container, leaves

__all__ = ["adjoint_dot"]

_IDENTITY = 1e-8  # relative to ‖g ∘ v‖₂; both sides are rounded claims, a mistake errs by far more
_LENGTHS = (1.0, 4096.0, 1 / 4096.0)  # of the tangents: what is clipped or thresholded is not linear
_ULPS = 64.0  # spacings of the outputs: what moves them by less is nothing but rounding


def adjoint_dot(trial: Trial) -> Iterator[Finding]:
    """Both modes are one linear map: ⟨u, jvp(v)⟩ = ⟨vjp(u), v⟩ for random u and v, no step involved.

    Asked for each input alone and for all together, at the target's own precision and, where it takes float64, there.
    Where jvp is all that is given, the other side is the sum of its columns jvp(eᵢ): it is linear in the tangent.
    """
    told = _malformed(trial)
    if told:
        yield trial.finding("adjoint.dot", "", Verdict.MALFORMED, told)
        return
    stage = stage_for(trial)
    sharpest = 1.0
    for each in (trial, stage.trial) if stage.lifted else (trial,):
        eps = stage.claim_eps if each is trial else stage.eps
        for number, length, names in _questions(each, eps):
            found = _dots(each, number, length, names)
            if found is None:
                break  # it keeps its own precision, whatever it is given
            forward, backward, size, floor = found
            gap, allowed = abs(forward - backward), max(_IDENTITY, loose(eps)) * size + _ULPS * eps * floor
            if not gap <= allowed:
                message = (
                    f"the two modes differ: ⟨u, jvp(v)⟩ = {forward:+.8g} but ⟨vjp(u), v⟩ = {backward:+.8g}, for "
                    f"tangents of {', '.join(names)} of size {length:g}. Where no vjp was given, it is made of jvp of "
                    "each unit vector, and jvp is not linear in its tangent"
                )
                numbers = {"claimed": backward, "measured": forward, "gap": gap, "allowed": allowed}
                wrt = names[0] if len(names) == 1 else ""
                yield trial.finding("adjoint.dot", wrt, Verdict.DISAGREES, message, **numbers)
                return
        else:
            sharpest = max(_IDENTITY, loose(eps))
    yield trial.finding("adjoint.dot", "", Verdict.AGREES, resolution=sharpest)


def _questions(trial: Trial, eps: float) -> Iterator[tuple[int, float, list[str]]]:
    """Yield cotangent, length of the tangents and what is moved: each input alone, then all of them."""
    blocks = [name for name in trial.target.point.blocks if trial.gradient(0, name) is not None]
    if len(blocks) > 1:
        yield from ((0, 1.0, [name]) for name in blocks)
    for number, length in enumerate(_LENGTHS):
        yield number, length if eps < 1e-5 else 1.0, blocks  # float16 ends at 65504


def _dots(trial: Trial, number: int, length: float, names: Sequence[str]) -> tuple[float, float, float, float] | None:
    """Return ⟨u, jvp(v)⟩ and ⟨vjp(u), v⟩, what errors are relative to, and the outputs that moves round off.

    None where the tangent is of narrower numbers than the outputs.
    """
    gradients, u = trial.gradients(number), trial.flat_cotangent(number)
    tangents = _tangents(trial, number, length, names)
    moved = [(gradients[name], tangents[trial.index(name)]) for name in names]
    backward = sum(float(np.vdot(g, v).real) for g, v in moved)
    pushed = _in_order(_pushed(trial, tangents), trial.outputs)
    if any(one.dtype.itemsize < np.asarray(leaf).dtype.itemsize for one, leaf in _paired(pushed, trial.outputs)):
        return None
    flat = flatten(tuple(pushed))
    forward = float(np.vdot(u, flat).real)
    size = max(hypot(*(norm_along(g, v) for g, v in moved)), norm_along(u, flat))
    far = max(norm(v) / (norm(trial.value(name)) or 1.0) for name, (_, v) in zip(names, moved, strict=True))
    return forward, backward, size, norm_along(u, trial.y0) * far


def _malformed(trial: Trial) -> str:
    """Return what is wrong with the form of what jvp answers, or with what it does to its arguments; "" for nothing."""
    names = trial.claimed_blocks()
    tangents, arguments = _tangents(trial, 0, 1.0, names), trial.fresh()
    given = [np.array(tangent) for tangent in tangents]
    assert trial.target.jvp is not None
    answer = trial.target.jvp(tuple(arguments), tuple(given))
    if not all(map(unchanged, given, tangents)):
        return "jvp writes into its tangent: whoever else uses that array gets a wrong derivative; work on a copy"
    for name, argument, value in zip(trial.names, arguments, trial.values, strict=True):
        if not unchanged(argument, value):
            return f"jvp writes into {name}: the caller's array has changed after the call; work on a copy"
    pushed = _in_order(answer, trial.outputs)
    due = [np.asarray(leaf) for _, leaf in leaves(trial.outputs) if active(leaf)]
    if len(pushed) != len(due):
        return f"jvp returned {len(pushed)} tangents where the forward has {len(due)} outputs"
    for tangent, output in zip(pushed, due, strict=True):
        if tangent.shape != output.shape:
            return f"jvp returned a tangent of shape {tangent.shape} for an output of shape {output.shape}"
        if tangent.dtype.kind not in "fc" or (tangent.dtype.kind == "c") > (output.dtype.kind == "c"):
            return f"jvp returned a tangent of dtype {tangent.dtype} for an output of dtype {output.dtype}"
    still = _in_order(_pushed(trial, [np.zeros_like(tangent) for tangent in tangents]), trial.outputs)
    for which, answered in (("", pushed), (" of zeros", still)):
        if not all(map(all_finite, answered)):
            return f"jvp returned NaN or infinity for a tangent{which}"
    if any(map(np.any, still)):
        return "jvp of a tangent of zeros is not zero: a term does not pass through the tangent"
    return ""


def _pushed(trial: Trial, tangents: Sequence[Array]) -> Any:
    assert trial.target.jvp is not None
    return trial.target.jvp(tuple(trial.fresh()), tuple(tangent.copy() for tangent in tangents))


def _in_order(answer: Any, outputs: Any) -> list[Array]:
    """Return the tangents of the floating-point outputs as arrays, in their order; a mapping's by its keys."""
    if not is_container(outputs):
        return [np.asarray(answer)]
    told, due = dict(leaves(answer)), dict(leaves(outputs))
    if set(told) == set(due):
        told = {name: told[name] for name in due}
    if len(told) == len(due):
        told = {name: told[name] for name, leaf in zip(told, due.values(), strict=True) if active(leaf)}
    return [np.asarray(tangent) for tangent in told.values()]


def _paired(pushed: Sequence[Array], outputs: Any) -> Iterator[tuple[Array, Any]]:
    return zip(pushed, (leaf for _, leaf in leaves(outputs) if active(leaf)), strict=True)


def _tangents(trial: Trial, number: int, length: float, names: Sequence[str]) -> list[Array]:
    """Return a tangent of each input: at random for those named, zeros for the others."""
    return [
        _tangent(trial, name, number, length) if name in names else np.zeros(np.shape(value), _dtype(value))
        for name, value in zip(trial.names, trial.values, strict=True)
    ]


def _dtype(value: Any) -> Any:
    return value.dtype if differentiable(value) else np.float64


def _tangent(trial: Trial, name: str, number: int, length: float) -> Array:
    rng, x = trial.rng("tangent", name, number), trial.value(name)
    v = length * off_zero(rng, x.shape)
    return np.asarray(v * (np.exp(1j * rng.uniform(0, 6, x.shape)) if x.dtype.kind == "c" else 1.0)).astype(x.dtype)
