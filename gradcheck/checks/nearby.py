"""Claims at points beside a trial's own: how they tremble and vary, and how the outputs flicker there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from math import sqrt
from typing import Any, TypeVar

import numpy as np

from gradcheck.checks.moves import in_proportion, rounded, tremor_of
from gradcheck.checks.trial import Trial
from gradcheck.norms import all_finite, norm
from gradcheck.pieces import changed
from gradcheck.point import Array, differentiable
from gradcheck.tree import rebuild

__all__ = ["faintest", "flicker", "flicker_of", "looked_along", "looked_at", "neighbours", "tremor"]

T = TypeVar("T")


def tremor(trial: Trial, number: int, eps: float) -> dict[str, Array]:
    """Return by how much each entry of a claim trembles: its rounding, by input, as rms of third differences.

    Taken at six points in a row beside this one: what is smooth differs there by its third derivative times
    1e-24 only, a kink at the point itself is not crossed, and roundings that are the same one rounding away
    (1 − p at p near 1) are not the same 1e-8 away.

    Args:
        number: which cotangent.
        eps: spacing of the numbers that the claim is computed in.
    """
    if (number, eps) not in trial.tremors:
        rows = looked_along(trial, trial.read, number, eps)
        found = trial.tremors[number, eps] = {}
        for name in trial.claimed_blocks() if len(rows) == 6 else ():
            claims = [g for g in (row.get(name) for row in rows) if g is not None]
            if len(claims) == 6 and all(g.shape == trial.value(name).shape for g in claims):
                found[name] = tremor_of(claims)
    return trial.tremors[number, eps]


def looked_along(trial: Trial, look: Callable[[Mapping[str, Any]], T], number: int, eps: float) -> list[T]:
    """Return what a look at each of the six claims of `tremor` tells, of which one is there at a time."""
    step, found = max(1e-8, 64 * eps), []
    for k in range(1, 7):
        rng = trial.rng("tremor", number)  # the same line each time
        values = [
            changed(value, partial(in_proportion, rng, k * step, norm(value) / sqrt(value.size) or 1.0))
            if differentiable(value)
            else value
            for value in trial.values
        ]
        try:
            found.append(look(trial.answer_at(values, trial.cotangent(number))))
        except Exception:  # a neighbour may lie outside the domain; it then tells nothing
            break
    return found


def neighbours(trial: Trial, number: int, eps: float = 0.0) -> list[dict[str, Any]]:
    """Return the claimed gradients at four points one rounding away from this one.

    Args:
        number: which cotangent.
        eps: relative distance; at least the spacing of each input's dtype.
    """
    if (number, eps) not in trial.nearby:
        trial.nearby[number, eps] = looked_at(trial, trial.read, number, eps)
    return trial.nearby[number, eps]


def looked_at(trial: Trial, look: Callable[[Mapping[str, Any]], T], number: int, eps: float = 0.0) -> list[T]:
    """Return what a look at each of the `neighbours` tells, of which one is there at a time.

    The cotangent is moved by its rounding as well: a sum of it alone, which cancels, does not depend on the point.
    """
    rng, other, found = trial.rng("neighbours", number), trial.rng("cotangents beside", number), []
    for _ in range(4):
        values: list[Any] = []
        for value in trial.values:
            if differentiable(value):
                value = changed(value, partial(rounded, rng, max(float(np.finfo(value.dtype).eps), eps)))
            values.append(value)
        with suppress(Exception):  # a neighbour may lie outside the domain; it then tells nothing
            found.append(look(trial.answer_at(values, _beside(trial, number, other, eps))))
    return found


def _beside(trial: Trial, number: int, rng: np.random.Generator, eps: float) -> Any:
    def move(leaf: Any) -> Any:
        if not isinstance(leaf, (np.ndarray, np.generic)) or leaf.dtype.kind not in "fc":
            return leaf
        moved = rounded(rng, max(float(np.finfo(leaf.dtype).eps), eps), np.asarray(leaf)).astype(leaf.dtype)
        return moved if isinstance(leaf, np.ndarray) else moved[()]

    return rebuild(trial.cotangent(number), move)


def faintest(trial: Trial, name: str, *, measured: bool = False) -> float:
    """Return the norm of a gradient that is nothing but rounding; `measured` asks the forward how it rounds.

    It moves the outputs by some of their own spacings for a move of the input by its own size: a bias before
    a normalisation has no gradient, and what is claimed for it is 1e-17 of noise.
    """
    x = trial.value(name)
    size = norm(x) / sqrt(x.size) or 1.0
    eps = max(float(np.finfo(v.dtype).eps) for v in trial.values if differentiable(v))
    outputs = norm(trial.flat_cotangent(0) * trial.y0)
    if measured and outputs == 0 == flicker(trial, name):  # all cancels: then as if one had been taken from one
        outputs = norm(trial.flat_cotangent(0))
    return 100 * max(eps * outputs, flicker(trial, name) if measured else 0.0) / size


def flicker(trial: Trial, name: str) -> float:
    """Return by how much ⟨u, f⟩ changes for moves of one input by 1 to 4096 of its roundings, measured once.

    1 − cos² of one number is zero and its rounding is not that of zero but that of one; how large it is shows
    only where the function is asked. Of a smooth function this is 1e-12 of what it changes by for large moves.
    """
    if name not in trial.flickers:
        trial.flickers[name] = flicker_of(trial, name)
    return trial.flickers[name]


def flicker_of(trial: Trial, name: str, moving: Array | None = None) -> float:
    """Return what `flicker` tells, measured anew, for moves of some entries alone: (…) bool, None for all."""
    rng, u, x, call = trial.rng("flicker", name), trial.flat_cotangent(0), trial.value(name), trial.evaluator(name)
    largest = 0.0
    for factor in 2.0 ** np.arange(0, 13, 2):
        step = factor * float(np.finfo(x.dtype).eps)
        beside = changed(x, partial(rounded, rng, step))
        y = call(beside if moving is None else np.where(moving, beside, x))
        if y is not None and all_finite(y):  # a neighbour may lie outside the domain
            largest = max(largest, norm(u * (y - trial.y0)))
    return largest
