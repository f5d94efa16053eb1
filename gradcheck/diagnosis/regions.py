"""What a set of entries is, by its places: a row, a channel, a gate, a border."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from gradcheck.point import Array

__all__ = ["Region", "filled", "region_of"]


@dataclass(frozen=True, slots=True)
class Region:
    """A part of an array that has a name.

    Args:
        slug: of a mistake that sits there.
        text: "row 3 of W".
    """

    slug: str
    text: str


def region_of(inside: Array, shape: tuple[int, ...], name: str) -> Region | None:
    """Return what a set of entries is, by its places; None where it is nothing that has a name.

    Args:
        inside: (size,) True for the entries of the set.
        shape: of the array.
        name: of the array, for the words.

    Example:
        >>> region_of(np.array([0, 0, 0, 1, 1, 1], dtype=bool), (2, 3), "W").text
        'row 1 of W'
    """
    size = inside.size
    count = int(inside.sum())
    if not 0 < count < size:
        return None
    grid = inside.reshape(shape)
    where = np.argwhere(grid)
    spans = [sorted({int(i) for i in where[:, k]}) for k in range(len(shape))]
    boxed = count == prod(len(span) for span in spans)
    partial = [k for k in range(len(shape)) if len(spans[k]) < shape[k]]
    if count == 1:
        if size < 4:
            return None
        return Region("one_entry", f"the entry {name}[{', '.join(str(span[0]) for span in spans)}]")
    if boxed and len(partial) == 1:
        k = partial[0]
        span, n = spans[k], shape[k]
        if len(span) == 1:
            if k == 0:
                return Region("one_row", f"row {span[0]} of {name}")
            words = f"column {span[0]} of {name}" if len(shape) == 2 else f"index {span[0]} of axis {k} of {name}"
            return Region("one_channel", words)
        if span == [0, n - 1] and n > 3:
            return Region("boundary", f"the first and last places of axis {k} of {name}")
        if len(span) == span[-1] - span[0] + 1:
            for parts in (4, 3):
                width = n // parts
                if n % parts == 0 and len(span) == width and span[0] % width == 0:
                    which = span[0] // width
                    return Region(
                        "one_gate", f"part {which + 1} of {parts} of axis {k} of {name} ({span[0]} to {span[-1]})"
                    )
            if 2 * len(span) > n:
                return None  # most of an axis is no part of it
            return Region("part", f"the part {span[0]} to {span[-1]} of axis {k} of {name}")
        if len(span) == n - 1:
            return None
    for axes in ([k] for k in range(len(shape))):
        if np.array_equal(grid, _border(shape, axes)):
            return Region("boundary", f"the border of {name}")
    both = [k for k in range(len(shape)) if shape[k] > 2][-2:]
    if len(both) == 2 and np.array_equal(grid, _border(shape, both)):
        return Region("boundary", f"the border of the last two axes of {name}")
    return None


def _border(shape: tuple[int, ...], axes: list[int]) -> Array:
    grid = np.zeros(shape, dtype=bool)
    for k in axes:
        index: list[slice | list[int]] = [slice(None)] * len(shape)
        index[k] = [0, shape[k] - 1]
        grid[tuple(index)] = True
    return grid


def filled(wrong: Array, right: Array, columns: Array, shape: tuple[int, ...]) -> Array:
    """Return the wrong entries of the whole block, and among them those of which nothing is seen.

    Args:
        wrong: (c,) entries that are wrong.
        right: (c,) entries that are right; the others have no derivative to be either.
        columns: (c,) flat places of the measured entries: all, or a sample that points to a slab of one axis.
        shape: of the block.
    """
    size = prod(shape)
    whole = np.zeros(size, dtype=bool)
    whole[columns[wrong]] = True
    if int(wrong.sum()) < 2:
        return whole
    places = np.stack(np.unravel_index(columns, shape))
    if columns.size == size:
        return _boxed(places, wrong, right, shape, whole)
    for k in range(len(shape)):
        span = np.unique(places[k][wrong])
        if int(wrong.sum()) < 3 or np.isin(places[k][right], span).any() or span.size == shape[k]:
            continue
        if 6 * span.size * (columns.size / shape[k]) < 12:  # too few of the sample lie there to tell
            continue
        return np.asarray(np.isin(np.unravel_index(np.arange(size), shape)[k], span))
    return np.zeros(size, dtype=bool)


def _boxed(places: Array, wrong: Array, right: Array, shape: tuple[int, ...], whole: Array) -> Array:
    """Return the box around what is wrong, as long and as whole as what is right leaves it; `whole` if it bars it."""
    spans = [np.unique(each[wrong]) for each in places]

    def barred(spans: list[Array]) -> bool:
        inside = [np.isin(each[right], span) for each, span in zip(places, spans, strict=True)]
        return bool(np.any(np.all(inside, axis=0)))

    if barred(spans):
        return whole
    for k, span in enumerate(spans):
        longer = (np.arange(shape[k]), np.arange(span[0], span[-1] + 1)) if span.size > 1 else ()
        spans[k] = next((each for each in longer if not barred([*spans[:k], each, *spans[k + 1 :]])), span)
    box = np.zeros(shape, dtype=bool)
    box[np.ix_(*spans)] = True
    return box.ravel()
