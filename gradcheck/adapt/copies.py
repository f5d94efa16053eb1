"""An object's forward on fresh copies: what moves its output, and what it leaves behind."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcheck.adapt.holdings import Path, read, write
from gradcheck.adapt.seeding import numbered
from gradcheck.errors import InputError
from gradcheck.point import differentiable

__all__ = ["called", "copied", "fresh", "motion", "state_of"]

Place = Path | int  # on an object, or the number of an input

_STATISTICS = ("running", "moving", "global_")  # of a normalisation, constants of its inference


def motion(thing: Any, values: Sequence[Any], output: Callable[[Any, Sequence[Any]], Any]) -> Callable[[Place], bool]:
    """Return a function that tells whether the output moves with what stands at a place; it looks once for each.

    Args:
        thing: the object; every look is at a copy.
        values: the inputs.
        output: (copy of the object, inputs) -> output of its forward.
    """

    @functools.cache
    def still() -> Any:
        return output(copied(thing), fresh(values))

    @functools.cache
    def moves(place: Place) -> bool:
        work, inputs = copied(thing), fresh(values)
        try:
            if isinstance(place, int):
                inputs[place] = _nudged(inputs[place])
            elif str(place[-1][1]).lower().startswith(_STATISTICS):
                return False
            else:
                write(work, place, _nudged(read(work, place)))
            return not _alike(still(), output(work, inputs))
        except Exception:  # it does not like being moved: then it is no parameter
            return False

    return moves


def _nudged(value: Any) -> Any:
    value = np.asarray(value, dtype=float if isinstance(value, int) else None)
    return (value + 2.0**-10 * (np.abs(value) + 1.0)).astype(value.dtype)


def _alike(a: Any, b: Any) -> bool:
    if isinstance(a, (tuple, list)):
        return all(_alike(i, j) for i, j in zip(a, b, strict=False))
    return not differentiable(np.asarray(a) if isinstance(a, float) else a) or bool(np.array_equal(a, b))


def state_of(thing: Any, forward: str, values: Sequence[Any], seed: int) -> tuple[str, ...]:
    """Return the attributes that a forward overwrites although they were there before: running means, counters."""
    work = copied(thing)
    kept = {k: copy.deepcopy(v) for k, v in getattr(work, "__dict__", {}).items() if v is not None}
    try:
        called(work, forward, fresh(values), seed)
    except Exception:  # the check tells what it raises
        return ()
    after = getattr(work, "__dict__", {})
    return tuple(k for k, v in kept.items() if not _equal(v, after.get(k)))


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and np.array_equal(a, b)
    if isinstance(a, (int, float, str, bool)):
        return bool(a == b)
    return True  # what cannot be compared is not told of


def copied(thing: Any) -> Any:
    """Return a copy that shares nothing with an object."""
    try:
        return copy.deepcopy(thing)
    except Exception as error:
        raise InputError(
            f"{type(thing).__name__} cannot be copied ({type(error).__name__}: {error}), and every call needs a fresh "
            "one; give two functions instead: adapt.vjp(forward, vjp, *inputs)"
        ) from error


def called(work: Any, forward: str, inputs: Sequence[Any], seed: int) -> Any:
    """Call a forward with numpy's global generator set to a seed."""
    with numbered(seed):
        return getattr(work, forward)(*inputs)


def fresh(values: Sequence[Any]) -> list[Any]:
    """Return copies of the arrays among inputs."""
    return [v.copy() if isinstance(v, np.ndarray) else v for v in values]
