"""Find the wrong entries of a large block by halving it along a direction that sees a gap.

The gap along v is the sum of the gaps along its parts, so that a part is measured and its sibling follows by
subtraction. k wrong entries of P cost about k log₂(P/k) measurements of six evaluations, never 2 P.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradcheck.point import Array

__all__ = ["Location", "locate"]

_CLEAR = 1e-3  # of the gap that is halved: a bar so small that a sibling needs no measurement of its own
_MOST = 12  # entries that are looked for one by one; a block with more is told as a whole


@dataclass(frozen=True, slots=True)
class Location:
    """Wrong entries, and whether these are all of them."""

    indices: tuple[tuple[int, ...], ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class _Part:
    start: int
    stop: int
    gap: float
    error: float


def locate(measure: Callable[[Array], tuple[float, float]], v: Array, gap: float, error: float, most: int) -> Location:
    """Return the wrong entries that a gap along v comes from.

    Args:
        measure: direction ↦ (gap, its bar), for parts of v with zeros elsewhere.
        v: direction along which the block disagrees.
        gap: measured − claimed along v.
        error: its bar.
        most: calls of measure at the most.
    Returns:
        Indices in memory order; complete is False where `most` was reached, or there are more than a dozen.
    """
    shape, flat = v.shape, np.ascontiguousarray(v).ravel()
    calls = 0

    def measured(a: int, b: int) -> _Part:
        nonlocal calls
        calls += 1
        part = np.zeros_like(flat)
        part[a:b] = flat[a:b]
        return _Part(a, b, *measure(part.reshape(shape)))

    found: list[int] = []
    stack = [_Part(0, flat.size, gap, error)]
    while stack:
        if calls >= most or len(found) >= _MOST:
            return Location(_indices(found, shape), False)
        part = stack.pop()
        if abs(part.gap) <= 3 * part.error:
            continue
        if part.stop - part.start == 1:
            found.append(part.start)
            continue
        middle = (part.start + part.stop) // 2
        left = measured(part.start, middle)
        right = _Part(middle, part.stop, part.gap - left.gap, part.error + left.error)
        clear = right.error <= _CLEAR * abs(part.gap) and abs(right.gap) <= 3 * right.error  # all of it lies left
        if not clear and (abs(right.gap) <= 10 * right.error or right.error > 0.05 * abs(right.gap)):
            right = measured(middle, part.stop)
        stack += sorted((left, right), key=lambda p: abs(p.gap) / max(p.error, 1e-300))  # the clearest first
    return Location(_indices(found, shape), True)


def _indices(flat: list[int], shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(i) for i in np.unravel_index(place, shape)) for place in sorted(flat))
