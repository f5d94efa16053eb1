"""Points beside the one of a target, at which forward and backward are called between two calls at its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from gradcheck.checks.claims import viewed
from gradcheck.checks.trial import Trial
from gradcheck.norms import all_finite, norm
from gradcheck.pieces import changed, distance, dot, is_large, norm_along
from gradcheck.point import Array, differentiable
from gradcheck.target import Pullback

__all__ = ["Visit", "first_visit", "groups_of", "straight", "visits_of"]

_Move = Callable[[np.random.Generator, Array], Array]

_MOVE = 0.07  # relative: signs and sizes stay, so that the moved point is of the same kind
_LARGE = 100_000  # numbers in all inputs, beyond which only the first one moves
_STRAIGHT = 1e-9  # of the gradient along a move: what else its end shows is not linear


class Visit(NamedTuple):
    """A call of forward and backward at another point.

    Args:
        there: the target at that point.
        still: the inputs whose claims are there as they are here.
        shuffled: whether that point is the same numbers in another order.
    """

    there: Trial
    still: set[str]
    shuffled: bool


def first_visit(trial: Trial) -> Visit | None:
    """Visit the point that tells a kept cache before any other; what is asked of the trial next is asked after it.

    None where there is no such point, and where calls share nothing, so that one after it tells nothing.
    """
    groups = groups_of(trial) if trial.target.used is None and not trial.target.autograd else []
    visit = next(visits_of(trial, groups[0]), None) if groups else None
    if visit is not None:
        trial.evaluations += visit.there.evaluations
    return visit


def visits_of(trial: Trial, group: list[str], visited: Visit | None = None) -> Iterator[Visit]:
    """Yield visits of points where a group is moved: each number by a part of it; then all to other places.

    An input along which a function is linear piece by piece may be told by its signs and order alone. Numbers are put
    in another order only where the function was seen to be so: a forward that iterates may not end there.

    Args:
        trial: the target at its own point.
        group: inputs that move together.
        visited: the first visit, where it was made already.
    """
    mixed = all(_mixed(trial.value(name)) for name in group)
    linear = False
    if visited is None and (found := _there(trial, group, _nudged)) is not None:
        linear = mixed and straight(trial, found[0], group)  # to the end of the move: the claims there are known
        visited = None if linear else _visit(trial, *found, shuffled=False)
        del found
    if visited is not None:
        yield visited
        if visited.shuffled or not mixed:
            return
    moves = (_shuffled, _nudged) if linear else (_shuffled,)
    visits = (_at(trial, group, move) for move in moves)
    if (visit := next((visit for visit in visits if visit is not None), None)) is not None:
        yield visit


def groups_of(trial: Trial) -> list[list[str]]:
    """Return the inputs that are moved together: each by itself where they are few, else the first and the rest.

    None of a model, which brings its own wiring.
    """
    if trial.target.role != "local":
        return []
    values = {n: v for n, v in zip(trial.names, trial.values, strict=True) if differentiable(v)}
    names = list(values)
    if any(v.dtype.kind != "f" for v in values.values()):
        return []
    if sum(v.size for v in values.values()) > _LARGE:
        return [names[:1]]
    return [[n] for n in names] if len(names) <= 4 else [names[:1], names[1:]]


def _at(trial: Trial, group: list[str], move: _Move) -> Visit | None:
    found = _there(trial, group, move)
    return None if found is None else _visit(trial, *found, shuffled=move is _shuffled)


def _there(trial: Trial, group: list[str], move: _Move) -> tuple[Trial, Pullback] | None:
    """Return the target where some inputs are moved, with its pullback there; None for no such point."""
    there = Trial(trial.target, trial.settings, _moved(trial, group, move))
    there.share_cotangents(trial)
    trial.forget()
    try:
        outputs, pullback = there.linearize()
        there.take_outputs(outputs)
    except Exception:  # the moved point may lie outside the domain; then nothing is known
        return None
    return (there, pullback) if there.y0.shape == trial.y0.shape and all_finite(there.y0) else None


def _visit(trial: Trial, there: Trial, pullback: Pullback, *, shuffled: bool) -> Visit | None:
    try:
        answer = viewed(pullback(trial.cotangent(0)))
        still = {name for name in trial.claimed_blocks() if _same(trial.gradient(0, name), answer.get(name))}
    except Exception:  # as above
        return None
    if still:
        there.claims.keep(0, answer, large=False)
    return Visit(there, still, shuffled)


def straight(trial: Trial, there: Trial, group: list[str]) -> bool:
    """Whether the outputs are, at another point, what the claims at this one say of a linear function."""
    due, size, eps = 0.0, 0.0, 0.0
    for name in group:
        gradient, step = trial.gradient(0, name), there.value(name) - trial.value(name)
        if gradient is None or gradient.shape != step.shape or gradient.dtype.kind != "f":
            return False
        due, size = due + dot(gradient, step), size + norm_along(gradient, step)
        eps = max(eps, float(np.finfo(step.dtype).eps))
    gap = abs(dot(trial.flat_cotangent(0), there.y0 - trial.y0) - due)
    return gap <= max(_STRAIGHT, 64 * eps) * size


def _moved(trial: Trial, group: list[str], move: _Move) -> list[Any]:
    rng = trial.rng("kept", *group)
    values = [v.copy(order="K") if isinstance(v, np.ndarray) and not is_large(v) else v for v in trial.values]
    for name in group:
        values[trial.index(name)] = changed(values[trial.index(name)], partial(move, rng))
    return values


def _nudged(rng: np.random.Generator, x: Array) -> Array:
    """Return each entry moved by a part of itself; a bias that is zero moves too."""
    return np.asarray(x + _MOVE * rng.uniform(0.5, 1.0, np.shape(x)) * np.where(x == 0, 1.0, x))


def _shuffled(rng: np.random.Generator, x: Array) -> Array:
    """Return the same numbers at other places: of one kind, and other signs and another order in most."""
    return np.asarray(rng.permutation(x.ravel()).reshape(x.shape))


def _mixed(x: Array) -> bool:
    """Whether entries have both signs: positive numbers may be variances, probabilities, or in order."""
    return not is_large(x) and bool(np.minimum.reduce(x, axis=None) < 0 < np.maximum.reduce(x, axis=None))


def _same(one: Any, other: Any) -> bool:
    if other is None or np.shape(one) != np.shape(other) or one.dtype.kind != "f" or not np.count_nonzero(one):
        return False
    return distance(one, other) <= 1e-12 * norm(one)
