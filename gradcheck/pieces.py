"""Large arrays a piece at a time: sums, distances and moves that need no array as large beside them.

A block of a million entries is 8 MB, and `norm(g * v)` would be 8 MB more. What is below `LARGE` is one piece: the
same operations as on the whole, in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import hypot
from typing import Any, TypeGuard

import numpy as np

from gradcheck.norms import norm
from gradcheck.point import Array
from gradcheck.streams import off_zero

__all__ = [
    *("LARGE", "banded", "changed", "distance", "dot", "extremes", "identical", "is_large"),
    *("moved", "norm_along", "pieces", "same"),
]

LARGE = 1 << 16  # numbers, half a MiB
_PIECE = 1 << 14  # numbers: several of them stay in the cache


def is_large(value: object) -> TypeGuard[Array]:
    """Whether a value is an array of so many numbers that one copy more is felt."""
    return isinstance(value, np.ndarray) and value.size >= LARGE


def pieces(*arrays: Array, out: Array | None = None) -> Iterator[tuple[Array, ...]]:
    """Yield the same flat parts of arrays of one shape, in C order; the last one of `out`, to be written.

    Args:
        arrays: of one shape; any layout and dtype.
        out: (…) the same shape; what is written into its part stays. C-contiguous where it is small.
    """
    if arrays[0].size < LARGE:
        yield (*(a.ravel() for a in arrays), *(() if out is None else (out.reshape(-1),)))
        return
    operands = [*arrays, *(() if out is None else (out,))]
    flags: list[Any] = [["readonly"]] * len(arrays) + ([["writeonly"]] if out is not None else [])
    rest: Any = {"flags": ["external_loop", "buffered"], "op_flags": flags, "order": "C", "buffersize": _PIECE}
    with np.nditer(operands, **rest) as parts:
        for part in parts:
            yield part if isinstance(part, tuple) else (part,)


def dot(a: Array, b: Array) -> float:
    """Return Re ⟨a, b⟩, summed in float64 at the least."""
    if a.size < LARGE and a.dtype == b.dtype == np.float64:
        return float(np.vdot(a, b))
    wide = np.result_type(a, b, np.float64)
    return sum(float(np.vdot(p.astype(wide, copy=False), q).real) for p, q in pieces(a, b))


def norm_along(a: Array, v: Array) -> float:
    """Return ‖a ∘ v‖₂."""
    if a.size < LARGE:
        return norm(a.ravel() * v.ravel())
    return hypot(*(norm(p * q) for p, q in pieces(a, v)))


def distance(a: Array, b: Array) -> float:
    """Return ‖a − b‖₂."""
    if a.size < LARGE:
        return norm(a.ravel() - b.ravel())
    return hypot(*(norm(p - q) for p, q in pieces(a, b)))


def same(a: Array, b: Array) -> bool:
    """Whether two arrays are equal, NaN to NaN."""
    if identical(a, b):
        return True
    nan = a.dtype.kind in "fc"
    return a.shape == b.shape and all(
        bool(np.array_equal(p, q) or (nan and np.array_equal(p, q, equal_nan=True))) for p, q in pieces(a, b)
    )


def identical(a: Array, b: Array) -> bool:
    """Whether two arrays that are not large are the same bit for bit: what most questions of equality end with."""
    return a.size < LARGE and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def extremes(a: Array) -> tuple[float, float]:
    """Return the least |a| that is not zero (inf where there is none) and the greatest, of finite entries."""
    least, most = np.inf, 0.0
    for (part,) in pieces(a):
        sizes = np.abs(part[(part != 0) & np.isfinite(part)])
        if sizes.size:
            least, most = min(least, float(sizes.min())), max(most, float(sizes.max()))
    return least, most


def moved(x: Array, v: Array, t: float) -> Array:
    """Return x + t v in the dtype of x, C-contiguous where it is large."""
    if x.size < LARGE:
        return (x + t * v).astype(x.dtype, copy=False)
    answer = np.empty(x.shape, x.dtype)
    wide = np.result_type(x.dtype, v.dtype, np.float64)
    for own, step, out in pieces(x, v, out=answer):
        out[...] = own + np.multiply(step, t, dtype=wide)
    return answer


def changed(x: Array, change: Callable[[Array], Array]) -> Array:
    """Return change(x) in the dtype of x, for a change that takes each entry by itself, in C order."""
    if x.size < LARGE:
        return np.asarray(change(x)).astype(x.dtype)
    answer = np.empty(x.shape, x.dtype)
    for own, out in pieces(x, out=answer):
        out[...] = change(own)
    return answer


def banded(rng: np.random.Generator, shape: tuple[int, ...], size: float = 1.0) -> Array:
    """Return random numbers ±(0.5 … 1.5) times a size: float64, or float32 where they are many.

    A direction is what it is: half the memory costs no digits, because a step's real displacement is what counts.
    """
    if int(np.prod(shape, dtype=int)) < LARGE:
        return np.asarray(off_zero(rng, shape) * size)
    answer = np.empty(shape, np.float32 if 1e-20 < size < 1e20 else np.float64)
    for _, out in pieces(answer, out=answer):
        out[...] = off_zero(rng, out.shape) * size
    return answer
