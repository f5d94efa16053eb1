"""The convention that an object follows, told from one forward and one backward of a copy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.adapt import conventions as usual
from gradcheck.adapt.copies import called, copied, fresh, motion
from gradcheck.adapt.holdings import (
    Path,
    gradient_of,
    in_store,
    input_gradient_of,
    is_number,
    parameters_in,
    read,
    standing,
)
from gradcheck.adapt.owed import claimed_inputs, refuse_silent
from gradcheck.adapt.returned import named, order_of
from gradcheck.errors import BackwardRaised, InputError
from gradcheck.point import differentiable

__all__ = ["Convention", "observe", "parted"]

_OUTPUTS = ("output", "outputs", "out", "y", "a", "A", "activation")


@dataclass(frozen=True)
class Convention:
    """How an object says its derivative.

    Args:
        forward: name of the method.
        backward: name of the method; "" where the forward returns (number, gradients).
        takes: what each argument of the backward is; without a "dy" the gradients are those of the one output.
        cached: forward returns (y, cache), or (y, ..., cache).
        kept: attribute that holds the output, where forward returns nothing.
        params: name -> where the parameter stands.
        numbers: parameters that are plain numbers, b = 0.0, and may have a gradient of any shape of one entry.
        grads: name of an input or parameter -> where its gradient stands; () where it is returned or an update.
        order: names of the quantities in the order in which backward returns them.
        claimed: inputs that a gradient was found for.
        updates: backward takes a learning rate and writes the new parameters.
    """

    forward: str
    backward: str
    takes: tuple[str, ...]
    cached: bool = False
    kept: str = ""
    params: Mapping[str, Path] | None = None
    numbers: frozenset[str] = frozenset()
    grads: Mapping[str, Path] | None = None
    order: tuple[str, ...] = ()
    claimed: tuple[str, ...] = ()
    updates: bool = False

    def arguments(
        self, own: Any, labels: Sequence[str], flat: Sequence[Any], y: Any, cache: Any, cotangent: Any
    ) -> list[Any]:
        """Return what the backward of an object is called with."""
        known: dict[str, Any] = {"dy": cotangent, "cache": cache, "y": y, "rate": 1.0}
        known |= {f"x:{n}": v for n, v in zip(labels, flat, strict=False)}
        if isinstance(cotangent, (tuple, list)):
            known |= {f"dy:{i}": u for i, u in enumerate(cotangent)}
        known |= {role: getattr(own, role[5:]) for role in self.takes if role.startswith("self.")}
        return [known[role] for role in self.takes]


def observe(
    thing: Any,
    forward: str,
    backward: str,
    labels: Sequence[str],
    values: Sequence[Any],
    *,
    takes: Sequence[str] | None,
    params: Sequence[str] | None,
    grads: Mapping[str, str] | None,
    constants: set[str],
    seed: int,
) -> Convention:
    """Run an object once forward and once back, and tell its convention from what is found.

    Raises:
        InputError: it cannot be told; the sentence says what to name.
    """
    owner = type(thing).__name__
    work = copied(thing)
    paths = parameters_in(work, None).values()
    before = {p: read(work, p) for p in paths}
    answer = called(work, forward, fresh(values), seed)
    convention, y, cache = _forwards(thing, work, forward, backward, labels, answer, takes)
    written = {p for p, v in before.items() if standing(work, p) is not v}  # by the forward: a cache
    returned = cache
    if backward:
        try:
            returned = getattr(work, backward)(*convention.arguments(work, labels, values, y, cache, _ones(y)))
        except Exception as error:
            work = copied(thing)
            answer = called(work, forward, fresh(values), seed)
            convention = _of_the_output(work, convention, values, error)
            y, cache = parted(work, answer, convention)
            returned = getattr(work, backward)(*convention.arguments(work, labels, values, y, cache, _ones(y)))

    moves = motion(thing, values, lambda own, inputs: parted(own, called(own, forward, inputs, seed), convention)[0])
    arrays = {id(v): p for p, v in before.items() if isinstance(v, np.ndarray)}

    def taken(place: Path) -> bool:
        path = place if place in before else arrays.get(id(standing(work, place)))
        return path is not None and moves(path)

    def moving(names: Sequence[str]) -> list[str]:
        return [n for n in names if moves(candidates[n])]

    candidates = {n: p for n, p in parameters_in(thing, params).items() if n not in constants}
    if params is None:
        doubtful = {p for p in candidates.values() if in_store(p) or p in written}
        candidates = {n: p for n, p in candidates.items() if p not in doubtful or moves(p)}
    places = _kept_gradients(work, before, candidates, grads or {}, taken)
    # dW, made as zeros beside W, is an array of the object too, but the place of another's gradient
    candidates = {n: p for n, p in candidates.items() if p not in places.values()}
    places = {n: p for n, p in places.items() if n in candidates}
    numbers = frozenset(n for n, p in candidates.items() if is_number(before[p]))
    owed = [n for n, v in zip(labels, values, strict=True) if n not in constants and differentiable(v)]
    if convention.updates:
        order = tuple(labels)
        chosen = {n for n, p in candidates.items() if n not in numbers or standing(work, p) is not before[p]}
    else:
        shapes = {n: None if n in numbers else np.shape(before[p]) for n, p in candidates.items()}
        order, chosen = order_of(owner, returned, labels, owed, shapes, places, params, moving)
    silent = [n for n in candidates if n not in chosen and n not in places]
    # a number without a gradient, eps or a momentum, is no parameter
    refuse_silent(owner, moving([n for n in silent if params is not None or n not in numbers]))
    final = {n: p for n, p in candidates.items() if n not in silent and (n not in numbers or moves(p))}
    places = {n: p for n, p in places.items() if n in final}
    if returned is None:
        predicted = [n for n, v in zip(labels, values, strict=True) if differentiable(v) and not usual.is_truth(n)]
        for n in labels:
            place = (((".", grads[n]),) if grads and n in grads else None) or input_gradient_of(
                work, n, taken, only=[n] in (list(labels), predicted)
            )
            if place is not None:
                places[n] = place
    told = {*order, *places, *(n for n in labels if isinstance(returned, Mapping) and named(returned, n) is not None)}
    method = f"{owner}.{backward or forward}"
    listed = isinstance(returned, (tuple, list))
    answered = dict(zip([n for n in order if n in labels] or labels, returned, strict=False)) if listed else {}
    claimed = claimed_inputs(method, answered, told, labels, values, y, constants, moves)
    if not claimed and not final:
        raise InputError(
            f"{method} returned no gradient, and no attribute of {owner} holds one "
            f'(looked for d{labels[0]}, grad_{labels[0]}, ...); say where it is: grads={{{labels[0]!r}: "attribute"}}'
        )
    return replace(convention, params=final, numbers=numbers, grads=places, order=order, claimed=claimed)


def _forwards(
    thing: Any,
    work: Any,
    forward: str,
    backward: str,
    labels: Sequence[str],
    answer: Any,
    takes: Sequence[str] | None,
) -> tuple[Convention, Any, Any]:
    """Return (the forward's side of a convention, its output, its cache)."""
    owner, kept = type(thing).__name__, ""
    if answer is None:
        kept = next((n for n in _OUTPUTS if isinstance(getattr(work, n, None), np.ndarray)), "")
        if not kept:
            raise InputError(f"{owner}.{forward} returned nothing, and no attribute holds an output ({_OUTPUTS})")
    several = len(answer) if isinstance(answer, tuple) else 1
    if not backward:
        convention = Convention(forward, backward, (), cached=True)
        return convention, *parted(work, answer, convention)
    if takes is not None:
        roles = usual.told_roles(takes, labels)
    else:
        first = getattr(work, kept) if kept else answer[0] if several > 1 else answer
        scalar = np.ndim(first) == 0 and differentiable(np.asarray(first))
        arguments = usual.required(getattr(thing, backward))
        roles = usual.roles_of(f"{owner}.{backward}", arguments, labels, returned=several, scalar=scalar)
    cached = several > 1 and "cache" in roles
    convention = Convention(forward, backward, roles, cached, kept, updates="rate" in roles)
    y, cache = parted(work, answer, convention)
    if not any(role.startswith("dy") for role in roles) and np.ndim(y):
        raise InputError(
            f"Expected an argument of {owner}.{backward} to be the cotangent, since {forward} returns an array of "
            f'shape {np.shape(y)}; say which: takes=("dy", ...)'
        )
    return convention, y, cache


def _of_the_output(work: Any, convention: Convention, values: Sequence[Any], error: Exception) -> Convention:
    """Return the convention of a loss whose backward takes what the object calls its output for the one cotangent.

    Softmax and cross entropy in one object take their gradient from the probabilities; of one number, the loss, a
    cotangent has no rows.
    """
    kept = {n: getattr(work, n, None) for n in _OUTPUTS}
    like = (n for n, a in kept.items() if isinstance(a, np.ndarray) and a.ndim > 0 and a.shape == np.shape(values[0]))
    output = next(like, "")
    if not output or convention.takes[:1] != ("dy",):
        raise BackwardRaised(
            f"{type(work).__name__}.{convention.backward} raised {type(error).__name__}: {error}, when it was given "
            f"({', '.join(convention.takes)}); if these are not its arguments, say what they are: takes=(...)"
        ) from error
    return replace(convention, takes=(f"self.{output}", *convention.takes[1:]))


def _kept_gradients(
    work: Any,
    before: Mapping[Path, Any],
    candidates: Mapping[str, Path],
    grads: Mapping[str, str],
    taken: Callable[[Path], bool],
) -> dict[str, Path]:
    """Return where the gradients of parameters stand on an object after its backward."""
    counts: dict[Any, int] = {}
    found: dict[str, Path] = {}
    for n, path in candidates.items():
        number = None
        if not is_number(before[path]):
            number = counts[path[0]] = counts.get(path[0], -1) + 1
        place: Path | None = ((".", grads[n]),) if n in grads else gradient_of(work, path, taken, number)
        if place is not None and (n in grads or number is not None or _is_left(work, before, place)):
            found[n] = place
    return found


def _is_left(work: Any, before: Mapping[Path, Any], place: Path) -> bool:
    """Whether a backward left the gradient of a number at a place: of one entry, and no constant such as dt."""
    value, old = standing(work, place), before.get(place)
    return np.size(value) == 1 and (value is not old or isinstance(old, np.ndarray) or old == 0)


def _ones(y: Any) -> Any:
    if isinstance(y, (tuple, list)):
        return type(y)(_ones(item) for item in y)
    return np.ones_like(y) if isinstance(y, np.ndarray) else type(y)(1) if isinstance(y, (float, np.floating)) else y


def parted(work: Any, answer: Any, convention: Convention) -> tuple[Any, Any]:
    """Return (output, cache) of what a forward returned, or left on the object."""
    if convention.kept:
        return getattr(work, convention.kept), None
    if not convention.cached:
        return answer, None
    return answer[0] if len(answer) == 2 else answer[:-1], answer[-1]
