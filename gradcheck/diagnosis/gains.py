"""A gain, one entry of which enters each output: its gradient sums dy times something of the output's shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gradcheck.diagnosis.anatomy import Subject
from gradcheck.diagnosis.formulas import FORMS, Form, rate_of
from gradcheck.diagnosis.guess import Case, Guess
from gradcheck.point import Array

__all__ = ["weights"]

_FEWEST = 16  # numbers that one constant is fitted to
_SIMPLE = np.array([0.5, 1.0, 2.0])


def weights(subject: Subject, case: Case) -> Iterator[Guess]:
    """Of a gain or the like, one entry an output: dy is weighed by another quantity of the output's shape."""
    claims, measured = [], []
    for a in case:
        used = np.abs(a.measured) > 1e-9 * np.max(np.abs(a.measured), initial=0.0)
        if a.output == a.shape or a.rows.size < a.y.size or np.any(used.sum(axis=1) != 1) or np.any(a.claimed[~used]):
            return
        claims.append(a.claimed[used])
        measured.append(a.measured[used])
    if sum(c.size for c in claims) < _FEWEST:
        return
    lacking = [m / c if np.all(c) else np.full(m.shape, np.nan) for c, m in zip(claims, measured, strict=True)]
    for words, shaped in _forms(case, (*FORMS, (np.log, "ln {0}"))):
        rate = rate_of(lacking, shaped)
        if rate is not None and np.any(np.abs(abs(rate) - _SIMPLE) < 1e-6):
            text = f"the factor {words} is left out of what {case[0].name} is handed"
            yield Guess("missing_factor", text, 0.0, 1.45)
            return
    if any(np.allclose(c, m, rtol=1e-6) for c, m in zip(claims, measured, strict=True)):
        return
    for words, shaped in _forms(case, FORMS):
        rate = rate_of(claims, shaped)
        if rate is not None:
            amount = "" if abs(rate - 1) < 1e-6 else "−" if abs(rate + 1) < 1e-6 else f"{rate:.6g} × "
            slug = "wrong_argument" if words.isidentifier() else "wrong_function"
            text = f"claimed is the sum of {amount}{words} × dy"
            yield Guess(slug, f"{text}, and {case[0].name} does not meet that in the forward", 0.0, 1.5)
            return


def _forms(case: Case, forms: Sequence[Form]) -> Iterator[tuple[str, list[Array]]]:
    """Yield (words, values) of every form of every quantity, where it varies."""
    for told, arrays in _like_output(case):
        for form, words in forms:
            with np.errstate(all="ignore"):
                shaped = [form(each) for each in arrays]
            if all(np.all(np.isfinite(s)) and np.ptp(s) > 1e-3 * np.max(np.abs(s)) for s in shaped):
                yield words.format(told), shaped


def _like_output(case: Case) -> Iterator[tuple[str, list[Array]]]:
    """Yield what has the output's shape: inputs, and the output."""
    a = case[0]
    for n, v in zip(a.names, a.values, strict=True):
        if n != a.name and isinstance(v, np.ndarray) and v.dtype.kind == "f" and _broadcasts(v.shape, a.output or ()):
            whole = [np.broadcast_to(np.asarray(b.values[b.names.index(n)], dtype=float), a.output or ()) for b in case]
            yield n, [w.ravel() for w in whole]
    yield "y", [b.y for b in case]


def _broadcasts(shape: tuple[int, ...], output: tuple[int, ...]) -> bool:
    pairs = zip(shape[::-1], output[::-1], strict=False)
    return len(shape) <= len(output) and all(n in (1, m) for n, m in pairs)
