"""Pullbacks of another forward: what they need was kept from the call before, from the first one, or from some other.

Claims that do not follow an input which the derivative follows were either made without it or with another value of
it. Whether there is another value for which every claimed number is right is a system of many more equations than
unknowns, solved by least squares: if it has a solution, the claims are derivatives of that call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from gradcheck.diagnosis.anatomy import Anatomy, Subject, derivatives_at
from gradcheck.diagnosis.guess import Case, Guess, residual
from gradcheck.point import Array

__all__ = ["kept", "of_another_call"]

_MOST_UNKNOWN = 40  # numbers of the other call that are solved for
_STEP = 1e-4
_CLOSE = 1e-5


def kept(subject: Subject, case: Case) -> Iterator[Guess]:
    """Claims that change with the forward before them, or that are those of the point before, or of the first."""
    if len(case) < 2:
        return
    if _remembers(subject, case[0], case[1].values):
        text = f"the gradient of {case[0].name} changes with the forward that came before, whatever its own"
        yield Guess("stale_cache", f"{text}: the cache is another call's", 0.0, 0.1)
        return
    for befores, which in (
        ([before for before, _ in pairwise(case)], "at the point before"),
        ([case[0]] * (len(case) - 1), "at the first point, whichever came after"),
    ):
        if all(_is_of(now, before) for now, before in zip(case[1:], befores, strict=True)):
            text = f"claimed at one point are the derivatives measured {which}: the cache is another forward's"
            yield Guess("stale_cache", text, 0.0, 0.1)
            return


def _remembers(subject: Subject, a: Anatomy, elsewhere: Sequence[Any]) -> bool:
    """Whether claims at a point are others after a forward elsewhere than after a forward there."""
    u = subject.rng("remembers", a.name).uniform(0.5, 1.5, a.y.size)
    found = []
    for before in (a.values, elsewhere):
        subject.evaluate(before)
        answer = subject.pull(a.values, [u])
        if answer is None or answer[0].get(a.name) is None:
            return False
        found.append(np.asarray(answer[0][a.name], dtype=float))
    same, other = found
    return same.shape == other.shape and np.linalg.norm(other - same) > 1e-6 * np.linalg.norm(same) > 0


def _is_of(now: Anatomy, before: Anatomy) -> bool:
    size = float(np.linalg.norm(before.measured))
    changed = float(np.linalg.norm(now.measured - before.measured))
    return changed > 1e-3 * size > 0 and float(np.linalg.norm(now.claimed - before.measured)) <= 1e-6 * size


def of_another_call(subject: Subject, case: Case) -> Iterator[Guess]:
    """Claims do not follow an input, and there is another value of it for which they are right."""
    a = case[0]
    for name in subject.names:
        value = subject.values[subject.index(name)]
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or not 1 <= value.size <= _MOST_UNKNOWN:
            continue
        if not all(_unfollowed(subject, a, name, other) for other in _others(subject, case, name)):
            continue
        other = _solved(subject, a, name)
        if other is None:
            continue
        values = _with(a, name, other)
        found = derivatives_at(subject, a.name, values, a.columns)
        if found is None or not np.array_equal(found[2], a.columns):
            continue
        left = residual([a], [(a.claimed, found[0][a.rows])], tolerance=_CLOSE)
        if left is not None:
            text = (
                f"claimed does not follow {name} when it moves, and is right for another {name} than it is given: "
                "it was kept from another forward"
            )
            yield Guess("stale_cache", text, left, 1.9)
            return


def _with(a: Anatomy, name: str, flat: Array) -> list[Any]:
    values = list(a.values)
    place = a.names.index(name)
    values[place] = np.asarray(flat, dtype=float).reshape(np.shape(values[place]))
    return values


def _others(subject: Subject, case: Case, name: str) -> list[Array]:
    """Return values of an input nearby and, where it was moved, far: what is rounded follows a far one."""
    a = case[0]
    x = np.asarray(a.values[a.names.index(name)], dtype=float)
    near = x.ravel() * (1 + 0.07 * subject.rng("followed", a.name, name).uniform(0.5, 1.0, x.size))
    far = [np.asarray(b.values[b.names.index(name)], dtype=float).ravel() for b in case[1:2]]
    return [near, *(f for f in far if not np.array_equal(f, x.ravel()))]


def _unfollowed(subject: Subject, a: Anatomy, name: str, other: Array) -> bool:
    """Whether claims stay what they are when an input moves, and what is measured does not."""
    rng = subject.rng("followed", a.name)
    values = _with(a, name, other)
    u = rng.uniform(0.5, 1.5, a.y.size) * rng.choice([-1.0, 1.0], a.y.size)
    answers = [subject.pull(v, [u]) for v in (a.values, values)]
    claims = [np.asarray(g[0].get(a.name), dtype=float).ravel()[a.columns] for g in answers if g is not None]
    there = derivatives_at(subject, a.name, values, a.columns)
    if len(claims) < 2 or there is None or not np.array_equal(there[2], a.columns):
        return False
    size = float(np.linalg.norm(claims[0]))
    still = float(np.linalg.norm(claims[1] - claims[0])) <= 1e-9 * size
    return still and float(np.linalg.norm(there[0] - a.jacobian)) > 1e-3 * float(np.linalg.norm(a.jacobian))


def _solved(subject: Subject, a: Anatomy, name: str) -> Array | None:
    """Return the value of an input for which derivatives along random directions are those claimed, or None."""
    rng = subject.rng("solved", a.name, name)
    start = np.asarray(a.values[a.names.index(name)], dtype=float).ravel()
    if a.rows.size * a.columns.size < 2 * start.size + 10:
        return None  # fewer equations than prove anything
    count = min(a.columns.size, 1 + -(-(start.size + 10) // a.rows.size))  # each direction gives an equation an output
    directions = rng.normal(size=(count, a.columns.size))
    due = directions @ a.claimed.T
    scale = float(np.linalg.norm(due))
    step = _STEP * (float(np.sqrt(np.mean(a.block**2))) or 1.0)

    def gaps(flat: Array) -> Array:
        values = _with(a, name, flat)
        found = [_slopes(subject, a, values, step, d) for d in directions]
        return np.asarray((np.array(found) - due) / scale).ravel()

    from scipy.optimize import least_squares  # takes a fifth of a second, and few mistakes come this far

    try:
        answer = least_squares(gaps, start, diff_step=[1e-4], max_nfev=40)
    except ValueError:  # the function has no value on the way
        return None
    found = np.asarray(answer.x)
    # at zero a slope of one is left out of tanh′, which is another mistake
    vanished = np.linalg.norm(found) <= 0.03 * np.linalg.norm(start)
    neutral = vanished or _neutral(found.reshape(np.shape(a.values[a.names.index(name)])))
    return found if float(np.linalg.norm(answer.fun)) <= _CLOSE and not neutral else None


def _neutral(value: Array) -> bool:
    """Whether a solution is no input of any call but what stands for one left out: equal numbers, or the identity."""
    size = float(np.max(np.abs(value)))
    if value.ndim and value.shape[-1] > 1 and np.max(np.ptp(value, axis=-1)) <= 1e-3 * size:
        return True
    square = value.ndim > 1 and value.shape[-1] == value.shape[-2] > 1
    return square and bool(np.max(np.abs(value - np.eye(value.shape[-1]))) <= 1e-3)


def _slopes(subject: Subject, a: Anatomy, values: Sequence[Any], step: float, d: Array) -> Array:
    """(r,) derivatives of the outputs along a direction of the block, NaN where there are none."""
    moved = list(values)
    place = a.names.index(a.name)
    base = np.asarray(values[place], dtype=float)
    v = np.zeros(base.size)
    v[a.columns] = d
    ends = []
    for sign in (step, -step):
        moved[place] = base + sign * v.reshape(base.shape)
        ends.append(subject.evaluate(moved))
    up, down = ends
    if up is None or down is None or up.shape != a.y.shape or down.shape != a.y.shape:
        return np.full(a.rows.size, np.nan)
    return np.asarray((up - down)[a.rows] / (2 * step))
