"""Attention in one piece, softmax(c q kᵀ) v: what its backward takes for the derivative of the weights.

Whether a function of three arrays is attention is not guessed by their names: it is computed and compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations, product

import numpy as np

from gradcheck.diagnosis.anatomy import Anatomy, Subject
from gradcheck.diagnosis.guess import Case, Guess, residual
from gradcheck.point import Array

__all__ = ["attention"]


@dataclass(frozen=True, slots=True)
class _Attention:
    """Names of the inputs, scores and weights at an anatomy's point."""

    q: str
    k: str
    v: str
    scale: float
    scores: Array  # (..., n, m), scaled
    weights: Array  # (..., n, m)


_Backward = Callable[[Array, Array], Array]  # (weights, their cotangents) -> cotangents of the scores
_SCORES: tuple[tuple[_Backward, str, str], ...] = (
    (lambda p, dp: p * (1 - p) * dp, "diagonal", "the softmax of the weights is taken for its diagonal"),
    (lambda p, dp: p * dp, "missing_term", "of the softmax the mean under the weights is not subtracted"),
    (lambda p, dp: dp, "missing_factor", "the derivative of the softmax of the weights is left out"),
)
_VALUES: tuple[tuple[Callable[[_Attention], Array], str, str], ...] = (
    (lambda a: a.scores, "wrong_argument", "is handed dy by the scores, where the weights belong"),
    (lambda a: a.weights.swapaxes(-1, -2), "transposed", "is handed dy by the weights, where their transpose belongs"),
)


def attention(subject: Subject, case: Case) -> Iterator[Guess]:
    """Claimed is attention's pullback with a wrong derivative of the softmax, or with wrong weights of the values."""
    found = [_found(a) for a in case]
    known = [each for each in found if each is not None]
    if len(known) < len(case):
        return
    name = case[0].name
    if name == known[0].v:
        for weights, slug, text in _VALUES:
            taken = [weights(each) for each in known]
            if taken[0].shape != known[0].weights.shape:
                continue
            due = [t.swapaxes(-1, -2)[None] @ _ones(a) for a, t in zip(case, taken, strict=True)]
            fits = _fits(case, due)
            if fits is not None:
                yield Guess(slug, f"{name} {text}", fits, 0.7)
                return
    for backward, slug, text in _SCORES if name in (known[0].q, known[0].k) else ():
        due = [_pulled(a, each, backward) for a, each in zip(case, known, strict=True)]
        fits = _fits(case, due)
        if fits is not None:
            yield Guess(slug, text, fits, 0.7)
            return


def _fits(case: Case, due: list[Array]) -> float | None:
    pairs = [(a.claimed, d.reshape(len(a.rows), -1)[:, a.columns]) for a, d in zip(case, due, strict=True)]
    return residual(case, pairs)


def _ones(a: Anatomy) -> Array:
    """(r, ..., n, e) the cotangents that the anatomy's rows were claimed for."""
    return np.eye(a.y.size)[a.rows].reshape(-1, *(a.output or ()))


def _pulled(a: Anatomy, found: _Attention, backward: _Backward) -> Array:
    values = dict(zip(a.names, a.values, strict=True))
    q, k, v = (np.asarray(values[n], dtype=float) for n in (found.q, found.k, found.v))
    ds = found.scale * backward(found.weights, _ones(a) @ v.swapaxes(-1, -2))
    return np.asarray(ds @ k if a.name == found.q else ds.swapaxes(-1, -2) @ q)


def _found(a: Anatomy) -> _Attention | None:
    """Return the parts of attention if the function is that, with or without a causal mask, scaled or not."""
    arrays = {n: np.asarray(v, float) for n, v in zip(a.names, a.values, strict=True) if getattr(v, "ndim", 0) >= 2}
    if len(arrays) != 3 or a.output is None:
        return None
    for q, k, v in permutations(arrays):
        shapes = [arrays[n].shape for n in (q, k, v)]
        same = shapes[0][:-2] == shapes[1][:-2] == shapes[2][:-2] and shapes[1][-2] == shapes[2][-2]
        if not same or shapes[0][-1] != shapes[1][-1] or a.output != (*shapes[0][:-1], shapes[2][-1]):
            continue
        d = shapes[0][-1]
        for scale, causal in product((d**-0.5, 1.0, 1 / d), (False, True)):
            scores = scale * arrays[q] @ arrays[k].swapaxes(-1, -2)
            seen = np.tril(np.ones(scores.shape[-2:], dtype=bool)) if causal else np.ones(1, dtype=bool)
            weights = np.where(seen, np.exp(scores - scores.max(-1, keepdims=True)), 0.0)
            weights /= weights.sum(-1, keepdims=True)
            if np.allclose((weights @ arrays[v]).ravel(), a.y, rtol=1e-9, atol=1e-12):
                return _Attention(q, k, v, scale, scores, weights)
    return None
