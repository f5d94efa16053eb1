"""Find the wrong entries of a large block by measuring along parts of a direction that sees a gap.

Where one entry is wrong, the gap along v ∘ w is w's number at its place times the gap along v. Weights that count tell
the place digit by digit, as many digits at once as the bar allows: two to five measurements, and one of that entry
alone. Where that one does not show all of the gap, the block is halved.

The gap along v is the sum of the gaps along its parts, so that a part is measured and its sibling follows by
subtraction. k wrong entries of P cost about k log₂(P/k) measurements of six evaluations, never 2 P: of what a part
shows, a thousandth of the gap that is halved is fine enough.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradcheck.point import Array

__all__ = ["Location", "locate"]

_CLEAR = 1e-3  # of the gap that is halved: a bar so small that a sibling needs no measurement of its own
_MARGIN = 50  # how many bars a step of the weights has to be worth
_LARGEST = 1_000  # steps of the weights
_FEWEST = 8  # of them: with fewer, halving is as quick
_PIECE = 1 << 14
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


def locate(
    measure: Callable[[Array, float], tuple[float, float]], v: Array, gap: float, error: float, most: int
) -> Location:
    """Return the wrong entries that a gap along v comes from.

    Args:
        measure: direction, bar that is fine enough ↦ (gap, its bar), for parts of v with zeros elsewhere.
        v: direction along which the block disagrees.
        gap: measured − claimed along v.
        error: its bar.
        most: calls of measure at the most.
    Returns:
        Indices in memory order; complete is False where `most` was reached, or there are more than a dozen.
    """
    shape, flat = v.shape, np.ascontiguousarray(v).ravel()
    calls = 0

    def counted(direction: Array, enough: float) -> tuple[float, float]:
        nonlocal calls
        calls += 1
        return measure(direction, enough)

    single = _single(counted, v, gap, error)
    if single is not None:
        return Location(_indices([single], shape), True)

    def measured(a: int, b: int, whole: float) -> _Part:
        part = np.zeros_like(flat)
        part[a:b] = flat[a:b]
        return _Part(a, b, *counted(part.reshape(shape), _CLEAR * abs(whole) / 2))

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
        left = measured(part.start, middle, part.gap)
        right = _Part(middle, part.stop, part.gap - left.gap, part.error + left.error)
        clear = right.error <= _CLEAR * abs(part.gap) and abs(right.gap) <= 3 * right.error  # all of it lies left
        if not clear and (abs(right.gap) <= 10 * right.error or right.error > 0.05 * abs(right.gap)):
            right = measured(middle, part.stop, part.gap)
        stack += sorted((left, right), key=lambda p: abs(p.gap) / max(p.error, 1e-300))  # the clearest first
    return Location(_indices(found, shape), True)


def _single(measure: Callable[[Array, float], tuple[float, float]], v: Array, gap: float, error: float) -> int | None:
    """Return the flat place of the one entry that a gap comes from, None where it is not one or the bar is too wide."""
    base = int(min(_LARGEST, abs(gap) / (_MARGIN * error) if error else _LARGEST))
    place, unit = 0, 1
    while base >= _FEWEST and unit < v.size:
        found, bar = measure(_counting(v, unit, base), abs(gap) / (_MARGIN * base))
        digit = base * found / gap - 1
        whole = round(digit) if np.isfinite(digit) else -1
        if not 0 <= whole < base or abs(digit - whole) > 0.1 or base * (bar + error) > 0.2 * abs(gap):
            return None
        place, unit = place + whole * unit, unit * base
    if unit < v.size or place >= v.size:
        return None
    alone = np.zeros(v.shape, dtype=v.dtype)
    alone[np.unravel_index(place, v.shape)] = v[np.unravel_index(place, v.shape)]
    found, bar = measure(alone, _CLEAR * abs(gap))
    return place if abs(found - gap) <= 3 * (bar + error) else None


def _counting(v: Array, unit: int, base: int) -> Array:
    """Return v times (1 … base) / base: the digit of each entry's flat place, in this base."""
    flat = np.array(v, order="C").reshape(-1)
    for start in range(0, flat.size, _PIECE):
        part = flat[start : start + _PIECE]
        part *= ((np.arange(start, start + part.size) // unit) % base + 1) / base
    return flat.reshape(v.shape)


def _indices(flat: list[int], shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(i) for i in np.unravel_index(place, shape)) for place in sorted(flat))
