"""The numbers of a case, and simpler ones in their place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcheck.counterexample.case import Case
from gradcheck.point import Array
from gradcheck.tree import leaves, rebuild

__all__ = ["levels", "moves", "numbers", "one_hot", "simpler", "with_numbers"]


def moves(leaf: Any) -> bool:
    """Whether a leaf of the outputs has a cotangent."""
    return isinstance(leaf, float) or (isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind == "f")


def one_hot(outputs: Any, place: int, one: float) -> Any:
    """Return a cotangent of zeros but for one entry, counted over all outputs."""
    left = place

    def fill(leaf: Any) -> Any:
        nonlocal left
        if not moves(leaf):
            return np.zeros_like(leaf) if isinstance(leaf, (np.ndarray, np.generic, int)) else None
        flat = np.zeros(np.size(leaf), getattr(leaf, "dtype", float))
        if 0 <= left < flat.size:
            flat[left] = one
        left -= flat.size
        if isinstance(leaf, np.ndarray):
            return flat.reshape(leaf.shape)
        return flat[0] if isinstance(leaf, np.generic) else float(flat[0])

    return rebuild(outputs, fill)


def _dense(case: Case) -> bool:
    """Whether the cotangent is not a single one, so that its numbers have to be made simpler too."""
    flat = np.concatenate([np.ravel(leaf) for _, leaf in leaves(case.cotangent) if leaf is not None])
    return [abs(float(u)) for u in flat[flat != 0]] != [1.0]


def numbers(case: Case) -> list[Array]:
    """Return the arrays of numbers of a case, its cotangent's last."""
    nest = (case.arguments, case.cotangent if _dense(case) else ())
    return [np.asarray(leaf) for _, leaf in leaves(nest) if _simple(leaf)]


def _simple(leaf: Any) -> bool:
    return isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind in "fiu" and leaf.size > 0


def with_numbers(case: Case, arrays: Sequence[Array]) -> Case:
    """Return a case with the arrays of `numbers` replaced."""
    rest = iter(arrays)

    def put(leaf: Any) -> Any:
        if not _simple(leaf):
            return leaf
        array = next(rest)
        return array if isinstance(leaf, np.ndarray) else array[()]

    arguments = rebuild(case.arguments, put)
    cotangent = rebuild(case.cotangent, put) if _dense(case) else case.cotangent
    return Case(case.things, tuple(arguments), cotangent)


def levels(value: Array) -> list[Array]:
    """Return arrays from the simplest to the value itself: zeros, ones, integers, one decimal."""
    made = [np.zeros_like(value), np.ones_like(value)]
    if value.dtype.kind == "f":
        made += [np.round(value), np.round(value, 1)]
    distinct = [m for m in made if not np.array_equal(m, value)]
    return [*distinct, value]


def simpler(value: float, dtype: np.dtype[Any]) -> list[float]:
    """Return numbers from the simplest to the value itself."""
    if dtype.kind != "f":
        return [*range(int(value)), value] if 0 <= value <= 8 else [0, 1, value]
    options = [0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 0.5, -0.5, *(round(value, digits) for digits in (1, 2, 3))]
    kept = list(dict.fromkeys(o + 0.0 for o in options))
    return kept[: kept.index(value) + 1] if value in kept else [*kept, value]
