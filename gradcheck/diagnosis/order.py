"""The right numbers in a wrong order: transposed, reversed, shifted, rearranged, or another input's."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations
from math import prod

import numpy as np

from gradcheck.diagnosis.anatomy import Anatomy, Subject, derivatives_at
from gradcheck.diagnosis.guess import Case, Guess, residual
from gradcheck.point import Array

__all__ = ["order", "swapped"]

_MOST_AXES = 4


def order(subject: Subject, case: Case) -> Iterator[Guess]:
    """Claimed is measured, its entries (or the outputs' cotangents) rearranged."""
    shape = case[0].shape
    for slug, text, rank, places in _rearrangements(shape):
        fits = residual(case, (_moved_columns(a, places) for a in case))
        if fits is not None:
            yield Guess(slug, f"claimed is the measured gradient {text.format(case[0].name)}", fits, rank)
            return
    output = case[0].output
    if output and all(a.complete for a in case):
        for slug, text, rank, places in _rearrangements(output):
            fits = residual(case, ((a.claimed, a.measured[np.argsort(places)]) for a in case))
            if fits is not None:
                told = f"claimed is the measured gradient for the cotangent {text.format('dy')}"
                yield Guess(slug, told, fits, rank + 0.5)
                return
    yield from _jacobian_transposed(case)
    yield from _weights_transposed(case)
    yield from _shifted(case)
    yield from _any_permutation(case)


def _moved_columns(a: Anatomy, places: Array) -> tuple[Array, Array]:
    """Return (what the claim would be put right, measured): claimed.flat[places[i]] belongs to entry i."""
    return a.everything[:, places[a.columns]], a.measured


def _rearrangements(shape: tuple[int, ...]) -> Iterator[tuple[str, str, float, Array]]:
    """Yield (slug, words, rank, places): entry i's number stands at places[i]."""
    n, axes = prod(shape), len(shape)
    if n < 3 or not 1 <= axes <= _MOST_AXES:
        return
    index = np.arange(n).reshape(shape)
    for axis in range(axes):
        if shape[axis] > 1:
            yield "permuted", f"with axis {axis} of {{}} reversed", 1.1, np.flip(index, axis).ravel()
    for pair in combinations(range(axes), 2):
        if all(shape[k] > 1 for k in pair):
            yield "permuted", f"with axes {pair[0]} and {pair[1]} of {{}} reversed", 1.2, np.flip(index, pair).ravel()
    for pair in combinations(range(axes), 2):
        if shape[pair[0]] == shape[pair[1]] > 1:
            yield (
                "transposed",
                f"with axes {pair[0]} and {pair[1]} of {{}} exchanged",
                1.0,
                np.swapaxes(index, *pair).ravel(),
            )
    for axis in range(axes):
        for by in (1, -1):
            if shape[axis] > 2:
                words = (
                    f"one place {'further' if by > 0 else 'back'} along axis {axis} of {{}}, the last one wrapped round"
                )
                yield "shift", words, 1.3, np.roll(index, -by, axis).ravel()
    for axis in range(axes):
        if shape[axis] % 2 == 0 and shape[axis] > 2:
            words = f"with the halves of axis {axis} of {{}} exchanged"
            yield "permuted", words, 1.4, np.roll(index, shape[axis] // 2, axis).ravel()
    for order_ in permutations(range(axes)):
        if list(order_) != sorted(order_):
            words = f"with the axes of {{}} read in the order {order_}"
            # g.transpose(order).reshape(shape): entry with rank r in the transposed array stands at r
            moved = index.transpose(order_).ravel()
            slug = "permuted"
            yield slug, words, 1.5, np.argsort(moved)
            yield slug, words, 1.5, moved


def _jacobian_transposed(case: Case) -> Iterator[Guess]:
    if not all(a.complete and a.claimed.shape[0] == a.claimed.shape[1] > 2 for a in case):
        return
    fits = residual(case, ((a.claimed, a.measured.T) for a in case))
    if fits is not None:
        text = "the claimed Jacobian is the measured one transposed: dy W where dy Wᵀ belongs, or the other way round"
        yield Guess("transposed", text, fits, 1.0)


def _weights_transposed(case: Case) -> Iterator[Guess]:
    """Claimed is measured with w[j, i] for w[i, j], whatever slope of an activation stands before the weights."""
    a = case[0]
    if not a.output or not a.shape or a.output[-1] != a.shape[-1]:
        return
    n = a.shape[-1]
    for place, name in enumerate(a.names):
        if name == a.name or any(np.shape(each.values[place]) != (n, n) for each in case):
            continue
        for turned in (False, True):  # y = x W, or x Wᵀ
            pairs = []
            for each in case:
                w = np.asarray(each.values[place], dtype=float)
                w = w.T if turned else w
                i, j = np.meshgrid(each.columns % n, each.rows % n)
                with np.errstate(all="ignore"):
                    pairs.append((each.claimed, each.measured * (w[j, i] / w[i, j])))
            fits = residual(case, pairs)
            if fits is not None:
                text = f"claimed has {name} where its transpose belongs, or the other way round; the rest is right"
                yield Guess("transposed", text, fits, 1.0)
                return


def _shifted(case: Case) -> Iterator[Guess]:
    """Claimed is measured one place along an axis, with anything at the end where it enters."""
    shape = case[0].shape
    n = prod(shape)
    for axis in range(len(shape)):
        if shape[axis] < 4 or any(a.columns.size < n for a in case):
            continue
        index = np.arange(n).reshape(shape)
        for by in (1, -1):
            inner = np.roll(index, by, axis)
            entering = np.take(index, 0 if by > 0 else -1, axis=axis).ravel()
            pairs = []
            for a in case:
                due = a.measured[:, inner.ravel()].copy()
                due[:, entering] = np.nan
                pairs.append((a.claimed, due))
            fits = residual(case, pairs)
            if fits is not None:
                where = "further" if by > 0 else "back"
                text = f"claimed is the measured gradient one place {where} along axis {axis} of {case[0].name}"
                yield Guess("shift", text, fits, 1.35)
                return


def _any_permutation(case: Case) -> Iterator[Guess]:
    """Match the columns of claim and measurement, where they are the same columns in any other order."""
    first = case[0]
    n = prod(first.shape)
    if not 4 <= n <= 200 or any(a.columns.size < n for a in case):
        return
    claimed = np.concatenate([a.claimed for a in case])
    measured = np.concatenate([a.measured for a in case])
    if claimed.shape[0] < 4:
        return
    sizes = np.linalg.norm(measured, axis=0)
    if np.sum(sizes > 1e-6 * sizes.max(initial=0.0)) < n:
        return
    distance = np.linalg.norm(claimed[:, :, None] - measured[:, None, :], axis=0) / sizes
    places = np.argmin(distance, axis=1)  # claimed column c is the measured column places[c]
    if len(set(places.tolist())) < n or np.array_equal(places, np.arange(n)):
        return
    # two columns alike would make the matching arbitrary
    rival = np.sort(distance, axis=1)[:, 1]
    if np.min(rival) < 1e-4:
        return
    fits = residual(case, ((a.claimed, a.measured[:, places]) for a in case))
    if fits is None:
        return
    moved = int(np.sum(places != np.arange(n)))
    axis = _along(first.shape, places)
    where = (
        f": axis {axis[0]} in the order {axis[1]}" if axis is not None else f": {moved} of {n} entries stand elsewhere"
    )
    yield Guess("permuted", f"claimed holds the right numbers in another order{where}", fits, 1.6)


def _along(shape: tuple[int, ...], places: Array) -> tuple[int, list[int]] | None:
    """Return (axis, order) where a permutation rearranges one axis only."""
    grid = np.stack(np.unravel_index(places, shape))
    own = np.stack(np.unravel_index(np.arange(places.size), shape))
    changed = [k for k in range(len(shape)) if not np.array_equal(grid[k], own[k])]
    if len(changed) != 1:
        return None
    k = changed[0]
    order_ = {int(o): int(g) for o, g in zip(own[k], grid[k], strict=True)}
    same = all(order_[int(o)] == int(g) for o, g in zip(own[k], grid[k], strict=True))
    return (k, [order_[i] for i in range(shape[k])]) if same else None


def swapped(subject: Subject, case: Case) -> Iterator[Guess]:
    """Claimed of this input is the measured gradient of another one of the same shape."""
    a = case[0]
    for other in subject.names:
        value = subject.values[subject.index(other)]
        if other == a.name or not isinstance(value, np.ndarray) or value.shape != a.shape or value.dtype.kind != "f":
            continue
        if a.claimed.size < 3:
            continue
        pairs = []
        for each in case:
            theirs = derivatives_at(subject, other, each.values, each.columns)
            if theirs is None or not np.array_equal(theirs[2], each.columns):
                break
            pairs.append((each.claimed, theirs[0][each.rows]))
        if len(pairs) < len(case):
            continue
        fits = residual(case, pairs)
        if fits is not None:
            yield Guess("swapped", f"claimed of {a.name} is the measured gradient of {other}", fits, 0.9)
            return
