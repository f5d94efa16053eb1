"""Pullbacks that do not take their cotangent as a factor: ignored, squared, clipped; or that add a term."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from gradcheck.diagnosis.anatomy import Anatomy, Subject
from gradcheck.diagnosis.guess import Guess
from gradcheck.point import Array

__all__ = ["nonlinear", "somehow_nonlinear"]

_CLOSE = 1e-5
_CLEAR = 5e-2  # of a gradient; less may be the rounding of narrow numbers
_FORMS: tuple[tuple[Callable[[Array], Array], str], ...] = (
    (lambda u: u * u, "the square"),
    (lambda u: u**3, "the cube"),
    (np.abs, "the absolute value"),
    (np.sign, "the sign"),
    (lambda u: np.maximum(u, 0), "the positive part"),
    (lambda u: u / np.linalg.norm(u), "the direction, a vector of length one,"),
)


def nonlinear(subject: Subject, a: Anatomy) -> Iterator[Guess]:
    """Compare the pullback's answers to chosen cotangents with what the measured Jacobian makes of them."""
    rng = subject.rng("cotangents", a.name)
    first, second = (rng.choice([-1.0, 1.0], a.y.size) * rng.uniform(0.4, 1.6, a.y.size) for _ in range(2))
    small, large = 2.0**-20, 2.0**20
    tests = [first, second, first + second, small * first, large * first, 2 * large * first, 0 * first]
    answers = _pulled(subject, a, tests)
    if answers is None:
        return
    b, c, both, tiny, huge, twice, none = answers
    size = float(np.linalg.norm(b)) + float(np.linalg.norm(c))
    linear = max(float(np.linalg.norm(both - b - c)), float(np.linalg.norm(huge / large - b)))
    if linear <= 1e-6 * max(size, float(np.linalg.norm(both))) and not np.any(none):
        return
    yield from _told(a, (first, second), (b, c), tiny / small, huge, twice, none, large)


def somehow_nonlinear(subject: Subject, a: Anatomy) -> Iterator[Guess]:
    """Two cotangents' answers do not add up to that of their sum, or one's twice is not that of its double.

    Told of a pullback alone that repeats itself: what is drawn, kept or added up between calls is another mistake.
    """
    rng = subject.rng("somehow", a.name)
    u, v = (rng.choice([-1.0, 1.0], a.y.size) * rng.uniform(0.4, 1.6, a.y.size) for _ in range(2))
    answers = _pulled(subject, a, [u, v, u + v, 2 * u, -u, u])
    again = _pulled(subject, a, [u])
    if answers is None or again is None:
        return
    of_u, of_v, both, twice, turned, repeated = answers
    size = float(np.linalg.norm(of_u) + np.linalg.norm(of_v) + np.linalg.norm(both))
    if not (np.array_equal(of_u, repeated) and np.array_equal(of_u, again[0])) or size == 0:
        return
    for gap, words in (
        (both - of_u - of_v, "a sum of two cotangents gives another gradient than the two apart"),
        (twice - 2 * of_u, "twice the cotangent does not give twice the gradient"),
        (turned + of_u, "the cotangent turned does not give the gradient turned"),
    ):
        share = float(np.linalg.norm(gap)) / size
        if share > _CLEAR:
            yield Guess("cotangent_nonlinear", f"{words}, by {share:.2g} of its size", 0.0, 2.5)
            return


def _pulled(subject: Subject, a: Anatomy, cotangents: Sequence[Array]) -> list[Array] | None:
    answers = subject.pull(a.values, cotangents)
    if answers is None or any(g.get(a.name) is None or np.shape(g[a.name]) != a.shape for g in answers):
        return None
    found = [np.asarray(g[a.name], dtype=float).ravel()[a.columns] for g in answers]
    return found if all(np.all(np.isfinite(f)) for f in found) else None


def _told(
    a: Anatomy,
    cotangents: tuple[Array, Array],
    answers: tuple[Array, Array],
    tiny: Array,
    huge: Array,
    twice: Array,
    none: Array,
    large: float,
) -> Iterator[Guess]:
    close = max(_CLOSE, a.tolerance)
    right = [a.jacobian.T @ u for u in cotangents]
    if _equal(answers[0], answers[1], close) and _equal(answers[0], none, close):
        ones = a.jacobian.sum(axis=0)
        what = "those of a cotangent of ones" if _equal(answers[0], ones, close) else "always the same numbers"
        yield Guess("cotangent_ignored", f"the gradients are {what}, whatever the cotangent", 0.0, 0.1)
        return
    if np.any(none) and all(_equal(g - none, r, close) for g, r in zip(answers, right, strict=True)):
        x = a.block.ravel()[a.columns]
        rate = float(none @ x / (x @ x)) if np.any(x) else 0.0
        what = f"{rate:.6g} × {a.name}" if _equal(none, rate * x, close) else "numbers of its own"
        yield Guess("extra_term", f"the pullback adds {what}, which do not come from the cotangent", 0.0, 0.2)
        return
    if _equal(tiny, right[0], 100 * close):
        bounded = _equal(twice, huge, close) or np.linalg.norm(huge) <= 1e-3 * large * np.linalg.norm(right[0])
        if bounded:
            top = float(np.max(np.abs(huge)))
            hit = int(np.sum(np.abs(np.abs(huge) - top) <= 1e-9 * top))
            what = "values" if hit > max(1, a.columns.size // 3) else "size"
            yield Guess(
                "clipped",
                f"right for small cotangents, and the {what} of the gradient does not grow for large ones",
                0.0,
                0.3,
            )
            return
    for form, told in _FORMS:
        if all(_equal(g, a.jacobian.T @ form(u), close) for g, u in zip(answers, cotangents, strict=True)):
            yield Guess("cotangent_nonlinear", f"the pullback pulls {told} of the cotangent back", 0.0, 0.2)
            return
    if a.complete and a.output == a.shape:
        for form, told in _FORMS:
            if all(_equal(g, form(u), close) for g, u in zip(answers, cotangents, strict=True)):
                text = f"the pullback hands {told} of the cotangent on, whatever the function"
                yield Guess("cotangent_nonlinear", text, 0.0, 0.25)
                return


def _equal(one: Array, other: Array, close: float) -> bool:
    size = max(float(np.linalg.norm(one)), float(np.linalg.norm(other)))
    return bool(size > 0 and np.linalg.norm(one - other) <= close * size)
