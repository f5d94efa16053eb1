"""The right derivative at a wrong place: another array where an input belongs, or an input turned, left out, exchanged.

Every candidate is screened by two derivatives along random directions before a Jacobian is measured there, so that
many can be asked at the price of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from time import perf_counter
from typing import Any

import numpy as np

from gradcheck.diagnosis.anatomy import Anatomy, Subject, derivatives_at
from gradcheck.diagnosis.deadline import ended_within
from gradcheck.diagnosis.guess import Case, Guess, residual
from gradcheck.point import Array

__all__ = ["at_another_place"]

_STEP = 1e-5
_PATIENCE = 2.0  # seconds for the derivatives that screen one place, and
_TIMES = 500.0  # times what the function takes at the point itself
_ALIKE = 1e-3  # relative distance of a screened number; what is left is judged by the whole Jacobian
_MOST_VALUES = 4_000  # numbers in all inputs; a larger function is not asked at dozens of places


@dataclass(frozen=True, slots=True)
class _Place:
    """A wrong place: changes maps the inputs' values to those that replace them."""

    slug: str
    text: str
    rank: float
    change: Callable[[Anatomy], dict[str, Array]]


def at_another_place(subject: Subject, case: Case) -> Iterator[Guess]:
    """Claimed is the measured derivative with another array in an input's place.

    Such places may be far away, where an iteration has no limit: the search ends at the first that does not answer.
    """
    a = case[0]
    if sum(np.size(v) for v in a.values) > _MOST_VALUES or a.claimed.size < 3:
        return
    start = perf_counter()
    subject.evaluate(list(a.values))
    patience = _PATIENCE + _TIMES * (perf_counter() - start)
    for place in _places(a):
        points = [_values(each, place) for each in case]
        if any(p is None for p in points) or all(_same(each, p) for each, p in zip(case, points, strict=True)):
            continue
        there = [(each, p) for each, p in zip(case, points, strict=True) if p is not None]
        screened = ended_within(patience, partial(_all_screened, subject, there))
        if screened is None:  # an iteration that has no limit there, it may be; it will have none at other places
            return
        if screened != [True]:
            continue
        pairs = []
        for each, values in zip(case, points, strict=True):
            found = None if values is None else derivatives_at(subject, each.name, values, each.columns)
            if found is None or not np.array_equal(found[2], each.columns):
                break
            pairs.append((each.claimed, found[0][each.rows]))
        else:
            fits = residual(case, pairs)
            if fits is not None:
                yield Guess(place.slug, f"claimed is the derivative {place.text}", fits, place.rank)
                return


def _places(a: Anatomy) -> Iterator[_Place]:
    names = [n for n, v in zip(a.names, a.values, strict=True) if isinstance(v, np.ndarray) and v.dtype.kind == "f"]
    own = [a.name] if a.name in names else []
    for n in [*own, *(n for n in names if n != a.name)]:
        yield from _of_one(a, n)
    for n, m in combinations(names, 2):
        if _value(a, n).shape == _value(a, m).shape:
            yield _Place("swapped", f"with {n} and {m} exchanged", 0.9, _exchanged(n, m))
            yield _Place("wrong_argument", f"taken at {m} where {n} belongs", 0.9, _copied(n, m))
            yield _Place("wrong_argument", f"taken at {n} where {m} belongs", 0.9, _copied(m, n))


def _of_one(a: Anatomy, n: str) -> Iterator[_Place]:
    """Yield what may stand in one input's place."""
    value = _value(a, n)

    def made(slug: str, text: str, rank: float, form: Callable[[Array], Any]) -> _Place:
        return _Place(slug, text, rank, lambda each: {n: np.asarray(form(_value(each, n)), dtype=float)})

    if a.output == value.shape:
        words = f"taken at the output y where the input {n} belongs"
        yield _Place("wrong_argument", words, 0.7, lambda each: {n: each.y.reshape(value.shape)})
    if n != a.name:  # left out is likelier than −n or n², where all of them fit
        yield made("wrong_argument", f"taken with zeros for {n}: {n} is left out", 0.8, np.zeros_like)
        yield made("missing_factor", f"taken with ones for {n}: {n} is left out", 0.8, np.ones_like)
        if value.ndim > 1 and value.shape[-1] == value.shape[-2]:
            yield made("missing_factor", f"taken with the identity for {n}: {n} is left out", 0.8, _identities)
    for form, told in (
        (lambda v: -v, f"−{n}"), (np.abs, f"|{n}|"), (lambda v: 1 - v, f"1 − {n}"), (lambda v: 2 * v, f"2 {n}"),
        (lambda v: v / 2, f"{n}/2"), (np.exp, f"exp {n}"), (lambda v: v * v, f"{n}²"),
    ):  # fmt: skip
        yield made("wrong_argument", f"taken at {told} where {n} belongs", 0.75, form)
    if n != a.name:
        for p, q in combinations(range(value.ndim), 2):
            if value.shape[p] == value.shape[q] > 1:
                words = (
                    f"for {n} with axes {p} and {q} exchanged: {n} where its transpose belongs, or the other way round"
                )
                yield made("transposed", words, 0.85, partial(np.swapaxes, axis1=p, axis2=q))
        kernel = [tuple(range(2, value.ndim))] if value.ndim > 3 else []
        for axes in [*kernel, *((k,) for k in range(value.ndim) if value.shape[k] > 1)]:
            told = f"axis {axes[0]}" if len(axes) == 1 else f"axes {', '.join(map(str, axes))}"
            turned = ": the kernel is turned where it should not be, or the other way round" if len(axes) > 1 else ""
            yield made("permuted", f"for {n} reversed along {told}{turned}", 0.85, partial(np.flip, axis=axes))
    for k in (k for k in range(value.ndim) if value.shape[k] > 2):
        for by in (1, -1):
            words = f"for {n} moved one place {'on' if by > 0 else 'back'} along axis {k}"
            yield made("shift", words, 0.9, partial(np.roll, shift=by, axis=k))


def _identities(v: Array) -> Array:
    """(..., n, n) identity matrices"""
    return np.broadcast_to(np.eye(v.shape[-1]), v.shape)


def _exchanged(n: str, m: str) -> Callable[[Anatomy], dict[str, Array]]:
    return lambda a: {n: _value(a, m), m: _value(a, n)}


def _copied(n: str, m: str) -> Callable[[Anatomy], dict[str, Array]]:
    return lambda a: {n: _value(a, m)}


def _value(a: Anatomy, n: str) -> Array:
    return np.asarray(a.values[a.names.index(n)], dtype=float)


def _values(a: Anatomy, place: _Place) -> list[Any] | None:
    """Return the inputs with some replaced; None where that leaves the signs or the size that they have."""
    values = list(a.values)
    with np.errstate(all="ignore"):
        changes = place.change(a)
    for n, other in changes.items():
        if not np.all(np.isfinite(other)) or not _within(_value(a, n), other):
            return None
        values[a.names.index(n)] = np.array(other, dtype=float)
    return values


def _same(a: Anatomy, values: list[Any] | None) -> bool:
    return values is not None and all(np.array_equal(v, w) for v, w in zip(a.values, values, strict=True))


def _within(block: Array, other: Array) -> bool:
    """Whether another place is of the block's own sign and size, where it has one sign.

    A function of positive numbers may do anything beyond them, even never return.
    """
    sizes = np.abs(block)
    if not (np.all(block > 0) or np.all(block < 0)):
        return True
    inside = (np.abs(other) >= 0.5 * sizes.min()) & (np.abs(other) <= 1.5 * sizes.max()) & (other * block.flat[0] > 0)
    return bool(np.all(inside))


def _all_screened(subject: Subject, there: Sequence[tuple[Anatomy, list[Any]]]) -> bool:
    return all(_screened(subject, a, values) for a, values in there)


def _screened(subject: Subject, a: Anatomy, values: list[Any]) -> bool:
    """Whether two claimed numbers, for random directions and cotangents, are those measured at the other place."""
    rng = subject.rng("screen", a.name)
    place = a.names.index(a.name)
    x = np.asarray(values[place], dtype=float)
    step = _STEP * (float(np.sqrt(np.mean(x * x))) or 1.0)
    for _ in range(2):
        d, u = rng.uniform(0.5, 1.5, a.columns.size), rng.uniform(0.5, 1.5, a.rows.size)
        d, u = d * rng.choice([-1.0, 1.0], d.size), u * rng.choice([-1.0, 1.0], u.size)
        v = np.zeros(x.size)
        v[a.columns] = d
        ends = []
        for sign in (step, -step):
            values[place] = x + sign * v.reshape(x.shape)
            ends.append(subject.evaluate(values))
        values[place] = x
        up, down = ends
        if up is None or down is None or up.shape != a.y.shape or down.shape != a.y.shape:
            return False
        found = float(u @ (up - down)[a.rows]) / (2 * step)
        terms = u[:, None] * a.claimed * d
        if not abs(found - float(terms.sum())) <= _ALIKE * (float(np.linalg.norm(terms)) + abs(found)):
            return False
    return True
