"""Claims at other points, or in wider numbers: asked for one at a time, and looked at at once.

A block of a million entries has a gradient as large, and what may explain a gap asks for a dozen of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from math import hypot, sqrt
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from gradcheck.checks.cotangents import flatten
from gradcheck.checks.extended import EXTENDED
from gradcheck.checks.moves import Ordered
from gradcheck.norms import all_finite, norm
from gradcheck.pieces import banded, changed, is_large, moved, pieces
from gradcheck.point import Array, differentiable, own
from gradcheck.tree import rebuild

if TYPE_CHECKING:
    from gradcheck.checks.prober import Prober

__all__ = [
    "FEW",
    "beside",
    "beside_at",
    "follows_closely",
    "gathered",
    "touches_few",
    "wide_at",
    "wide_slope",
    "widened",
]

T = TypeVar("T")

FEW = 8  # entries along which claims at other points are looked at one by one
_FARTHEST = 2e-3  # of the block's size: how far entries are put in order
_JITTER = 1e-5  # of the block's size: a hundred times farther than what counts as at the kink, to be measured there


def touches_few(v: Array) -> bool:
    """Whether a direction moves a few entries of a large block: then no whole claims are kept for it."""
    return is_large(v) and bool(np.count_nonzero(v) <= FEW)


def gathered(
    prober: Prober, number: int, v: Array, key: str, ask: Callable[[Callable[[Any], Any], int, float], list[Any]]
) -> list[Array]:
    """Return the entries that v moves of claims at other points; those of all watched entries are asked for at once.

    Args:
        key: what these points are called.
        ask: (look, number, eps) ↦ what the look tells of each answer.
    """
    moving = np.flatnonzero(v)
    places, rows = prober.gathered.get((key, number), (np.zeros(0, int), []))
    if not np.all(np.isin(moving, places)):
        places = np.union1d(moving, np.array(prober.watched, int))
        where = np.unravel_index(places, v.shape)

        def look(answer: Mapping[str, Any]) -> Array | None:
            g = answer.get(prober.name)
            return None if g is None or g.shape != v.shape or not all_finite(g) else np.asarray(g[where])

        rows = [row for row in ask(look, number, prober.stage.claim_eps) if row is not None]
        prober.gathered[key, number] = places, rows
    at = np.searchsorted(places, moving)
    return [row[at] for row in rows]


def wide_at(prober: Prober, look: Callable[[Mapping[str, Any]], T], number: int, _: float = 0.0) -> list[T]:
    """Return what a look at the answer in wider numbers tells, nothing where the function drops them."""
    stage = prober.stage
    kind: type[np.floating[Any]] = np.float64 if stage.lifted and stage.eps > EXTENDED else np.longdouble
    values = stage.trial.fresh() if stage.lifted else _extended(prober)
    if values is None:
        return []

    def answer_in(kind: Any, values: list[Any]) -> Mapping[str, Any]:
        stage.trial.evaluations += stage.lifted
        return stage.trial.answer_at(values, rebuild(prober.trial.cotangent(number), lambda u: widened(u, kind)))

    try:
        answer = answer_in(kind, values)
    except Exception:  # numpy.linalg takes no extended numbers; of a float32 claim float64 tells as much
        if kind is np.float64 or stage.claim_eps < 1e-12:
            raise
        kind = np.float64
        answer = answer_in(kind, [widened(value, kind) for value in values])
    g = answer.get(prober.name)
    return [] if g is None or (not stage.lifted and g.dtype != kind) else [look(answer)]


def follows_closely(prober: Prober, number: int) -> bool:
    """Whether the backward of a float64 shadow follows moves that float32 would not see, or none at all.

    One that rounds to float32 whatever it is given answers in float64 as well, and is no better.
    """
    trial = prober.stage.trial
    rng = prober.trial.rng("closely", number)
    cotangent = rebuild(prober.trial.cotangent(number), lambda u: widened(u, np.float64))

    def answer(size: float) -> Array:
        values = [
            changed(v, lambda x: x + size * np.where(x == 0, 1.0, x) * rng.uniform(0.5, 1.0, x.shape))
            if differentiable(v)
            else own(v)
            for v in trial.values
        ]
        trial.evaluations += 1
        return np.asarray(trial.answer_at(values, cotangent)[prober.name])

    try:
        here, close, far = (answer(size) for size in (0.0, 2.0**-30, 2.0**-12))
    except Exception:  # a move may leave the domain; then nothing is known
        return False
    return bool(np.any(close != here)) or not np.any(far != here)


def wide_slope(prober: Prober, v: Array, claim: Array, answer: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return ⟨g, v⟩ of an answer in wider numbers, and ‖(g − claim) ∘ v‖₂; None where its shape is not the block's."""
    g, kind = answer[prober.name], np.result_type(v.dtype, np.float64)
    if g.shape != prober.x.shape:
        return None
    slope = sum(float(np.vdot(p.astype(kind), q).real) for p, q in pieces(g, v))
    return slope, hypot(*(norm((a.astype(kind) - b) * w) for a, b, w in pieces(g, claim, v)))


def _extended(prober: Prober) -> list[Any] | None:
    """Return the inputs in extended precision, None where the machine has none or the function drops it."""
    if np.finfo(np.longdouble).eps > EXTENDED or prober.stage.claim_eps > 1e-15:
        return None
    values = [
        value.astype(np.longdouble) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else own(value)
        for value in prober.trial.values
    ]
    shared = [v if is_large(v) and not prober.trial.protect else own(v) for v in values]
    return values if flatten(prober.trial.target.forward(*shared)).dtype == np.longdouble else None


def beside_at(
    prober: Prober, points: int, look: Callable[[Mapping[str, Any]], T], number: int, _: float = 0.0
) -> list[T]:
    """Return what a look at each answer at points beside a tie tells."""
    rng, found = prober.trial.rng("nearer", prober.name, number), []
    for count in range(points):
        values = beside(prober.trial.values, count, rng, 0.01)
        with suppress(Exception):  # a point around may lie outside the domain; it then tells nothing
            found.append(look(prober.trial.answer_at(values, prober.trial.cotangent(number))))
    return found


def beside(values: Sequence[Any], count: int, rng: np.random.Generator, nearness: float = 1.0) -> list[Any]:
    """Return a point beside a tie: the first and second in the order of entries and against it, others at random."""
    found: list[Any] = []
    for place, value in enumerate(values):
        if differentiable(value):
            size = norm(value) / sqrt(value.size) or 1.0
            eps = float(np.finfo(value.dtype).eps)
            jitter = max(nearness * max(_JITTER, 32 * eps), 4 * eps)
            # in short numbers many entries in order lie no nearer than they do
            if count < 2 and (nearness == 1.0 or nearness * _FARTHEST / np.size(value) >= 4 * eps):
                # neighbours in order lie a jitter apart, and equal inputs move unlike each other; the last of many
                # stays beside, too
                length = (1 - 2 * count) * (1 + 0.4 * place)
                jitter = min(jitter, max(nearness * _FARTHEST / np.size(value), 4 * eps))
                value = changed(value, Ordered(np.size(value), length, jitter * size))
            else:
                # no entry stays where it was: a claim that is special there must not speak for the points around
                value = moved(value, banded(rng, np.shape(value)), jitter * size)
        found.append(value)
    return found


def widened(u: Any, kind: type) -> Any:
    """Return a leaf of a cotangent, or an input, in wider numbers; what is no floating-point array as it is."""
    if not differentiable(u):
        return u
    wide: Array = np.asarray(u).astype(np.complex128 if u.dtype.kind == "c" else kind)
    return wide if isinstance(u, np.ndarray) else wide[()]
