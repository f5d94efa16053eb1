"""The convention that an object follows, told from one forward and one backward of a copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.adapt import conventions as usual
from gradcheck.adapt.copies import called, copied, fresh, movers
from gradcheck.adapt.holdings import Path, gradient_of, input_gradient_of, parameters_in, read, spellings
from gradcheck.errors import InputError
from gradcheck.point import differentiable

__all__ = ["Convention", "flattened", "named", "observe", "parted"]

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
    grads: Mapping[str, Path] | None = None
    order: tuple[str, ...] = ()
    claimed: tuple[str, ...] = ()
    updates: bool = False

    def arguments(self, labels: Sequence[str], flat: Sequence[Any], y: Any, cache: Any, cotangent: Any) -> list[Any]:
        """Return what the backward is called with."""
        known: dict[str, Any] = {"dy": cotangent, "cache": cache, "y": y, "rate": 1.0}
        known |= {f"x:{n}": v for n, v in zip(labels, flat, strict=False)}
        if isinstance(cotangent, (tuple, list)):
            known |= {f"dy:{i}": u for i, u in enumerate(cotangent)}
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
    candidates = {n: p for n, p in parameters_in(work, params).items() if n not in constants}
    answer = called(work, forward, fresh(values), seed)
    convention, y, cache = _forwards(thing, work, forward, backward, labels, answer, takes)
    ones = _ones(y)
    returned = getattr(work, backward)(*convention.arguments(labels, values, y, cache, ones)) if backward else cache
    places = _kept_gradients(work, candidates, grads or {})
    # dW, made as zeros beside W, is an array of the object too, but the place of another's gradient
    candidates = {n: p for n, p in candidates.items() if p not in places.values()}
    places = {n: p for n, p in places.items() if n in candidates}
    inputs = [n for n, v in zip(labels, values, strict=True) if differentiable(v)]

    def moving(names: Sequence[str]) -> list[str]:
        moved = movers(thing, forward, values, seed, {n: candidates[n] for n in names}, convention.kept)
        return [n for n in names if n in moved]

    shapes = {n: np.shape(read(work, p)) for n, p in candidates.items()}
    order, chosen = _order(owner, returned, labels, shapes, places, params, convention.updates, moving)
    if returned is None:
        for n in labels:
            place = (((".", grads[n]),) if grads and n in grads else None) or input_gradient_of(
                work, n, only=len(labels) == 1
            )
            if place is not None:
                places[n] = place
    _refuse_silent(owner, moving([n for n in candidates if n not in chosen and n not in places]))
    final = {n: p for n, p in candidates.items() if n in chosen or n in places}
    told = {*order, *places, *(n for n in labels if isinstance(returned, Mapping) and named(returned, n) is not None)}
    claimed = tuple(n for n in inputs if n in told)
    if not claimed and not final:
        raise InputError(
            f"{owner}.{backward or forward} returned no gradient, and no attribute of {owner} holds one "
            f'(looked for d{labels[0]}, grad_{labels[0]}, ...); say where it is: grads={{{labels[0]!r}: "attribute"}}'
        )
    return replace(convention, params=final, grads=places, order=order, claimed=claimed)


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


def _kept_gradients(work: Any, candidates: Mapping[str, Path], grads: Mapping[str, str]) -> dict[str, Path]:
    """Return where the gradients of parameters stand on an object after its backward."""
    numbers: dict[Any, int] = {}
    found: dict[str, Path] = {}
    for n, path in candidates.items():
        number = numbers[path[0]] = numbers.get(path[0], -1) + 1
        place: Path | None = ((".", grads[n]),) if n in grads else gradient_of(work, path, number)
        if place is not None:
            found[n] = place
    return found


def _order(
    owner: str,
    returned: Any,
    labels: Sequence[str],
    candidates: Mapping[str, tuple[int, ...]],
    places: Mapping[str, Path],
    params: Sequence[str] | None,
    updates: bool,
    moving: Callable[[Sequence[str]], list[str]],
) -> tuple[tuple[str, ...], set[str]]:
    """Return the order of what backward returns, and the parameters that it answers for."""
    if updates:
        return tuple(labels), set(candidates)
    if isinstance(returned, Mapping):
        return (), {n for n in candidates if named(returned, n) is not None}
    if not isinstance(returned, (tuple, list)):
        return tuple(labels[:1]) if returned is not None else (), set()
    rest = list(returned[len(labels) :])
    if len(rest) == 1 and isinstance(rest[0], Mapping):
        return tuple(labels), {n for n in candidates if named(rest[0], n) is not None}
    rest = list(flattened(rest))
    open_ = list(params) if params is not None else [n for n in candidates if n not in places]
    if len(rest) != len(open_) and params is None:
        open_ = moving(open_)
    if len(rest) != len(open_) and [np.shape(g) for g in flattened(returned)] == [candidates[n] for n in open_]:
        return tuple(open_), set(open_)  # a network's backward may leave its input's gradient out
    if len(rest) != len(open_) and rest:
        raise InputError(
            f"{owner}'s backward returns {len(rest)} gradients beside those of the inputs, but the object keeps "
            f"{len(open_)} floating-point arrays: {', '.join(open_) or 'none'}; name them in the order of the "
            'gradients: params=("W", "b")'
        )
    return (*labels, *(open_ if rest else ())), set(open_ if rest else ())


def flattened(values: Any) -> Iterator[Any]:
    """Yield the gradients in nested lists and tuples."""
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from flattened(value)
        else:
            yield value


def named(answer: Mapping[str, Any], name: str) -> Any:
    """Return the gradient of a name in a dictionary that a backward returned, or None."""
    return next((answer[key] for key in (name, *spellings(name)) if key in answer), None)


def _refuse_silent(owner: str, left: Sequence[str]) -> None:
    """Refuse an object with an array that moves its output and whose gradient was found nowhere."""
    for n in left:
        last = n.rpartition(".")[2]
        raise InputError(
            f"{owner} keeps an array {n!r} that moves its output, and no gradient was found for it "
            f"(looked for d{last}, grad_{last}, {last}_grad, grads[{last!r}], ... and in what backward returns). Say "
            f'where it is, grads={{{n!r}: "attribute"}}, or that it has none, constants=({n!r},)'
        )


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
