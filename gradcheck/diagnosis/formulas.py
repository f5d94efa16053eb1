"""Derivatives that are simple functions of the point: another function's, or a term of a product or a sum left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations, product

import numpy as np

from gradcheck.diagnosis.anatomy import Anatomy, Subject
from gradcheck.diagnosis.guess import Case, Guess, residual
from gradcheck.diagnosis.quantities import known
from gradcheck.point import Array

__all__ = ["FORMS", "Form", "formulas", "rate_of"]

_FEWEST = 8  # numbers that one constant is fitted to


def _logistic(v: Array) -> Array:
    return 1 / (1 + np.exp(-v))


Form = tuple[Callable[[Array], Array], str]
FORMS: tuple[Form, ...] = (
    (lambda v: v, "{0}"), (lambda v: 1 - v, "(1 − {0})"), (lambda v: 1 + v, "(1 + {0})"),
    (lambda v: v * (1 - v), "{0} (1 − {0})"), (lambda v: 1 - v * v, "(1 − {0}²)"), (lambda v: v * v, "{0}²"),
    (np.abs, "|{0}|"), (np.sign, "sign {0}"), (lambda v: 1 / v, "1/{0}"), (lambda v: 1 / (v * v), "1/{0}²"),
    (_logistic, "σ({0})"), (lambda v: _logistic(v) * _logistic(-v), "σ′({0})"),
    (np.exp, "exp {0}"), (np.cos, "cos {0}"), (np.sin, "sin {0}"), (np.tanh, "tanh {0}"),
    (lambda v: 1 - np.tanh(v) ** 2, "tanh′ {0}"),
)  # fmt: skip


def formulas(subject: Subject, case: Case) -> Iterator[Guess]:
    """Claimed, or what is missing of it, is a constant times a simple function of the inputs or of the output."""
    vectors = [_vectors(a) for a in case]
    if any(v is None for v in vectors):
        return
    pairs = [v for v in vectors if v is not None]
    if sum(c.size for c, _ in pairs) < _FEWEST:
        return
    yield from _product(case, pairs)
    yield from _fitted(case, pairs, [np.ones(c.shape, dtype=bool) for c, _ in pairs], "")
    yield from _straight(case, pairs)
    yield from _of_two(case, pairs)
    wrong = [np.abs(c - m) > 1e-6 * (np.abs(c) + np.abs(m)) for c, m in pairs]
    count = sum(int(w.sum()) for w in wrong)
    if _FEWEST <= count < sum(w.size for w in wrong):
        yield from _fitted(case, pairs, wrong, f" at {count} entries")


def _fitted(case: Case, pairs: list[tuple[Array, Array]], inside: list[Array], where: str) -> Iterator[Guess]:
    """Try every form of every quantity, at the entries inside; what is measured stands for the rest.

    Where both fit, a formula for another is likelier than a term left out if measured is one such formula itself.
    """
    rest = [m for _, m in pairs]
    gaps, claims = [m - c for c, m in pairs], [c for c, _ in pairs]
    missing: Guess | None = None
    wrong: Guess | None = None
    simple = False
    for expression, shaped in _shaped(case, inside):
        seen = [s[i] for s, i in zip(shaped, inside, strict=True)]
        rate, slope, own = (
            rate_of([d[i] for d, i in zip(data, inside, strict=True)], seen) for data in (gaps, claims, rest)
        )
        simple = simple or own is not None
        if rate is not None and missing is None and not where:  # what is off in one part alone is bent, misses no term
            fits = residual(case, _explained(case, "missing_term", [rate * s for s in shaped]))
            if fits is not None:
                text = f"measured − claimed = {_amount(rate)}{expression}: a term of the derivative is left out, or off"
                missing = Guess("missing_term", text, fits, 1.55)
        if slope is not None and wrong is None:
            with np.errstate(all="ignore"):
                due = [np.where(i, slope * s, r) for s, i, r in zip(shaped, inside, rest, strict=True)]
            fits = residual(case, _explained(case, "wrong_function", due))
            if fits is not None:
                right = "; it is right at the others" if where else ""
                text = f"claimed = {_amount(slope)}{expression}{where}, which is not the derivative{right}"
                wrong = Guess("wrong_function", text, fits, 1.45 + 0.3 * bool(where))
    found = (wrong or missing) if simple else (missing or wrong)
    if found is not None:
        yield found


def _shaped(case: Case, inside: list[Array]) -> Iterator[tuple[str, list[Array]]]:
    """Yield (words, values) of every form of every quantity that is finite and no constant inside."""
    for told, arrays in known(case):
        for form, words in FORMS:
            with np.errstate(all="ignore"):
                shaped = [form(each) for each in arrays]
            seen = np.concatenate([s[i] for s, i in zip(shaped, inside, strict=True)])
            if np.all(np.isfinite(seen)) and np.ptp(seen) > 1e-3 * np.max(np.abs(seen)):
                yield words.format(told if told.isidentifier() else f"({told})"), shaped


def _amount(rate: float) -> str:
    return "" if abs(rate - 1) < 1e-6 else "−" if abs(rate + 1) < 1e-6 else f"{rate:.6g} × "


def _of_two(case: Case, pairs: list[tuple[Array, Array]]) -> Iterator[Guess]:
    """What is missing is a product or quotient of two inputs, or of one less them: a half of a cross-entropy."""
    gaps = [m - c for c, m in pairs]
    inputs = [(told, v) for told, v in known(case) if told in case[0].names]
    for (n, v), (m, w) in permutations(inputs, 2):
        for top, over in product(_ENDS, _ENDS):
            for power, sign in ((-1, "/"), (1, " × ")):
                with np.errstate(all="ignore"):
                    shaped = [top[0](p) * over[0](q) ** power for p, q in zip(v, w, strict=True)]
                rate = rate_of(gaps, shaped) if all(np.all(np.isfinite(s)) for s in shaped) else None
                if rate is None:
                    continue
                fits = residual(case, _explained(case, "missing_term", [rate * s for s in shaped]))
                if fits is not None:
                    text = f"measured − claimed = {rate:.6g} × {top[1].format(n)}{sign}{over[1].format(m)}"
                    yield Guess("missing_term", f"{text}: a term of the derivative is left out, or off", fits, 1.6)
                    return


_ENDS: tuple[Form, ...] = ((lambda v: v, "{0}"), (lambda v: 1 - v, "(1 − {0})"))


def _straight(case: Case, pairs: list[tuple[Array, Array]]) -> Iterator[Guess]:
    """Of the gradient of a number: the gap is a straight line in an input, or the same at every point."""
    if len(case) < 2 or case[0].y.size != 1:
        return
    gaps = [m - c for c, m in pairs]
    moved = all(np.linalg.norm(v - w) > 1e-2 * np.linalg.norm(v) for v, w in zip(pairs[0], pairs[1], strict=True))
    if moved and all(np.allclose(g, gaps[0], rtol=1e-6, atol=1e-8 * np.max(np.abs(gaps[0]))) for g in gaps):
        fits = residual(case, _explained(case, "missing_term", [gaps[0]] * len(case)))
        if fits is not None:
            text = f"the gap is the same at every point: a term that is linear in {case[0].name} is left out, or off"
            yield Guess("missing_term", text, fits, 1.95)
        return
    for told, arrays in known(case):
        x, g = np.concatenate(arrays), np.concatenate(gaps)
        if x.size < 12 or np.ptp(x) <= 1e-3 * np.max(np.abs(x)):
            continue
        slope, height = np.polyfit(x, g, 1)
        if slope == 0 or np.max(np.abs(g - slope * x - height)) > 1e-6 * np.max(np.abs(g)):
            continue
        fits = residual(case, _explained(case, "missing_term", [slope * each + height for each in arrays]))
        if fits is not None:
            inner = told if told.isidentifier() else f"({told})"
            if abs(height) > 1e-6 * abs(slope) * np.max(np.abs(x)):
                inner = f"({told} {'+' if height / slope > 0 else '−'} {abs(height / slope):.6g})"
            text = f"measured − claimed = {_amount(slope)}{inner}"
            yield Guess("missing_term", f"{text}: a term of the derivative is left out, or off", fits, 1.6)
            return


def _vectors(a: Anatomy) -> tuple[Array, Array] | None:
    """Return (claimed, measured), one number an entry: slopes of an elementwise function, a gradient of a number."""
    if not a.complete or a.block.size < 2:
        return None
    if a.y.size == 1:
        return a.claimed[0], a.measured[0]
    if a.output != a.shape or _off_diagonal(a.measured) or _off_diagonal(a.claimed):
        return None
    return np.diag(a.claimed), np.diag(a.measured)


def _off_diagonal(jacobian: Array) -> bool:
    off = jacobian - np.diag(np.diag(jacobian))
    return bool(np.linalg.norm(off) > 1e-9 * np.linalg.norm(jacobian))


def _product(case: Case, pairs: list[tuple[Array, Array]]) -> Iterator[Guess]:
    """Of a product y = x g(x), with the derivative g + x g′, one term alone."""
    if any(a.output != a.shape or np.any(a.block == 0) for a in case):
        return
    g = [a.y / a.block.ravel() for a in case]
    if any(np.ptp(each) <= 1e-3 * np.max(np.abs(each)) for each in g):
        return
    for data, slug, left, kept in (
        ([c for c, _ in pairs], "wrong_function", "x g′(x)", "g(x) = y/x"),
        ([m - c for c, m in pairs], "missing_term", "g(x) = y/x", "x g′(x)"),
    ):
        if all(
            np.allclose(d, each, rtol=1e-6, atol=1e-9 * np.max(np.abs(each))) for d, each in zip(data, g, strict=True)
        ):
            fits = residual(case, _explained(case, slug, g))  # None where the other term is no more than rounding
            if fits is not None:
                text = f"of y = x g(x) only {kept} is claimed: the term {left} of the product rule is left out"
                yield Guess("missing_term", text, fits, 0.6)
                return


def rate_of(data: list[Array], shaped: list[Array]) -> float | None:
    """Return k with data = k × shaped at every entry, or None."""
    bottom = sum(float(s @ s) for s in shaped)
    rate = sum(float(d @ s) for d, s in zip(data, shaped, strict=True)) / bottom if bottom else 0.0
    if rate == 0 or not np.isfinite(rate):
        return None
    for d, s in zip(data, shaped, strict=True):
        if np.max(np.abs(d - rate * s)) > 1e-6 * np.max(np.abs(rate * s)):
            return None
    return rate


def _explained(case: Case, slug: str, due: list[Array]) -> list[tuple[Array, Array]]:
    """Return what is to be equal: claims and the formula, or claims with the term put back and what is measured."""
    found = []
    for a, vector in zip(case, due, strict=True):
        matrix = vector[None, :] if a.y.size == 1 else np.diag(vector)
        found.append((a.claimed, matrix) if slug == "wrong_function" else (a.claimed + matrix, a.measured))
    return found
