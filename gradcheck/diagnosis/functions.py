"""Factors that depend on the point: left out or applied twice; diagonals and identities."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradcheck.diagnosis.anatomy import Anatomy, Subject
from gradcheck.diagnosis.guess import Case, Guess, residual
from gradcheck.diagnosis.places import column_factors, row_factors
from gradcheck.point import Array

__all__ = ["diagonal", "factors_of_the_point", "only_a_diagonal"]

_POWERS = ((1.0, "{0}"), (-1.0, "1/{0}"), (2.0, "{0}²"), (-2.0, "1/{0}²"), (0.5, "√{0}"), (-0.5, "1/√{0}"))
_FORMS: tuple[tuple[Callable[[Array], Any], str], ...] = (
    (lambda v: v, "{0}"),
    (lambda v: 1 - v, "(1 − {0})"),
    (lambda v: 1 + v, "(1 + {0})"),
    (lambda v: 1 - v * v, "(1 − {0}²)"),
    (lambda v: v * (1 - v), "{0} (1 − {0})"),
    (lambda v: 1 + v * v, "(1 + {0}²)"),
    (np.cos, "cos {0}"),
    (np.sin, "sin {0}"),
    (np.exp, "exp {0}"),
    (np.tanh, "tanh {0}"),
)
_CONSTANTS = (1.0, -1.0, 2.0, 0.5, -2.0, -0.5)
_ALIKE = 0.4  # correlation of the logarithms of a factor and of the derivative, and power of the one in the other


def diagonal(subject: Subject, case: Case) -> Iterator[Guess]:
    """Only the diagonal is claimed of a Jacobian that has more; or the cotangent is handed on as it is."""
    if not all(a.complete and a.output == a.shape and a.y.size > 2 for a in case):
        return
    eyes = [np.eye(a.y.size) for a in case]
    full = all(
        np.linalg.norm(a.measured * (1 - e)) > 1e-6 * np.linalg.norm(a.measured)
        for a, e in zip(case, eyes, strict=True)
    )
    alike = all(np.allclose(a.claimed, e, rtol=0, atol=10 * a.tolerance) for a, e in zip(case, eyes, strict=True))
    handed_on = residual(case, ((a.claimed, e) for a, e in zip(case, eyes, strict=True))) if alike else None
    if handed_on is not None:
        if full:
            text = (
                "the cotangent is handed on as it is, and the function is not the identity: a branch left "
                "out, or left to a neighbour"
            )
            yield Guess("identity", text, handed_on, 0.5)
        else:
            text = "the cotangent is handed on as it is: the function's own derivative is left out"
            yield Guess("missing_factor", text, handed_on, 0.5)
        return
    if full:
        fits = residual(case, ((a.claimed, a.measured * e) for a, e in zip(case, eyes, strict=True)))
        if fits is not None:
            yield Guess(
                "diagonal", "only the diagonal of the Jacobian is claimed: taken for an elementwise function", fits, 0.6
            )


def only_a_diagonal(subject: Subject, case: Case) -> Iterator[Guess]:
    """The claimed Jacobian is a diagonal, not that of the measured one, which has more."""
    if not all(a.complete and a.output == a.shape and a.y.size > 2 for a in case):
        return
    for a in case:
        off = 1 - np.eye(a.y.size)
        if np.any(np.abs(a.claimed * off) > 1e-9 * np.max(np.abs(a.claimed))) or not np.any(np.diag(a.claimed)):
            return
        if np.linalg.norm(a.measured * off) <= 0.01 * np.linalg.norm(a.measured):
            return
    text = "the claimed Jacobian is diagonal and the measured one is not: the terms between entries are left out"
    yield Guess("diagonal", text, 0.0, 2.2)


def factors_of_the_point(subject: Subject, case: Case) -> Iterator[Guess]:
    """Claimed over measured is a power of an input, an output, or a simple function of them."""
    for along, whose in ((0, "entry"), (1, "output")):
        found = [column_factors(a) if along == 0 else row_factors(a) for a in case]
        if any(each is None for each in found):
            continue
        factors = [each for each in found if each is not None]
        if sum(int(np.isfinite(f).sum()) for f in factors) < 6:
            continue
        if along == 1 and any(a.rows.size < a.y.size for a in case):
            continue
        if along == 0 and any(a.columns.size < a.block.size for a in case):
            continue
        guess = _named(case, factors, along, whose)
        if guess is not None:
            yield guess
            return


def _named(case: Case, factors: list[Array], along: int, whose: str) -> Guess | None:
    for label in _labels(case[0], along):
        arrays = [_array(a, label, along) for a in case]
        if any(each is None for each in arrays):
            continue
        for form, told in _FORMS:
            with np.errstate(all="ignore"):
                shaped = [form(each) for each in arrays if each is not None]
            for power, wording in _POWERS:
                with np.errstate(all="ignore"):
                    ratios = [s**power for s in shaped]
                constant = _constant(ratios[0], factors[0])
                if constant is not None and all(_equal(constant * r, f) for r, f in zip(ratios, factors, strict=True)):
                    inner = told.format(label)
                    if power != 1 and " " in inner and not inner.startswith("("):
                        inner = f"({inner})"  # 1/(exp x)², not 1/exp x²
                    rank = 1.5 if told[0].isalpha() else 1.4  # beside exp y × measured a formula of x is simpler
                    guess = _guess(case, wording.format(inner), power, constant, ratios, along, rank)
                    if guess is not None:
                        return guess
    return None


def _constant(ratio: Array, factor: Array) -> float | None:
    """Return the one constant that could stand between two arrays, by their first entries; most forms end here."""
    place = np.unravel_index(int(np.argmax(np.isfinite(factor))), factor.shape)
    r, f = float(ratio[place]), float(factor[place])
    return next((c for c in _CONSTANTS if abs(c * r - f) <= 1e-5 * abs(f)), None)


def _equal(ratio: Array, factor: Array) -> bool:
    seen = np.isfinite(factor)
    if not np.all(np.isfinite(ratio[seen])) or np.ptp(ratio[seen]) <= 1e-6 * np.max(np.abs(ratio[seen]), initial=0.0):
        return False
    return bool(np.all(np.abs(ratio[seen] - factor[seen]) <= 1e-5 * np.abs(factor[seen])))


def _guess(
    case: Case, expression: str, power: float, constant: float, ratios: list[Array], along: int, rank: float
) -> Guess | None:
    factors = [constant * np.where(np.isfinite(ratio), ratio, 1.0) for ratio in ratios]
    left = residual(
        case, [(a.claimed, a.measured * (f if along == 0 else f[:, None])) for a, f in zip(case, factors, strict=True)]
    )
    if left is None:
        return None
    times = "" if constant == 1 else f"{constant:g} × "
    slug, end = _too_much_or_missing(case, ratios, along, power)
    return Guess(slug, f"claimed = {times}{expression} × measured: {end}", left, rank)


def _too_much_or_missing(case: Case, ratios: list[Array], along: int, power: float) -> tuple[str, str]:
    """Tell y too much from a division by y left out: what was applied twice stands in the derivative already.

    Asked of the third where y is smallest: only there does y alone decide what the derivative is, as of y (1 − y).
    Where measured follows neither y nor 1/y, a quantity of one sign is likelier to be divided by.
    """
    ratio = np.abs(np.concatenate(ratios))
    size = np.concatenate([np.linalg.norm(a.measured, axis=along) for a in case])
    seen = np.isfinite(ratio) & (ratio > 0) & (size > 0)
    factor, derivative = np.log(ratio[seen]), np.log(size[seen])
    small = np.argsort(factor * power)[: max(3, factor.size // 3)]
    alike, steep = _followed(factor[small], derivative[small])
    told = {
        (True, True): ("extra_factor", "a factor too much"),
        (True, False): ("missing_factor", "the division by it is left out"),
        (False, True): ("extra_factor", "divided by that once too often"),
        (False, False): ("missing_factor", "that factor is left out"),
    }
    if abs(alike) > max(_ALIKE, 2 / np.sqrt(small.size)) and abs(steep) > _ALIKE:
        return told[power > 0, alike > 0]
    if power < 0:
        return told[False, False]
    one_sign = len({float(v) for each in ratios for v in np.sign(each[np.isfinite(each)])}) == 1
    return "missing_factor" if one_sign else "extra_factor", "a factor too much, or a division by it that is left out"


def _followed(v: Array, w: Array) -> tuple[float, float]:
    """Return the correlation of two arrays, and the slope of the second as a line in the first."""
    v, w = v - v.mean(), w - w.mean()
    sizes = float(np.linalg.norm(v)), float(np.linalg.norm(w))
    if sizes[0] == 0 or sizes[1] <= 1e-6 * sizes[0]:
        return 0.0, 0.0
    return float(v @ w) / (sizes[0] * sizes[1]), float(v @ w) / sizes[0] ** 2


def _labels(a: Anatomy, along: int) -> list[str]:
    others = [n for n, v in zip(a.names, a.values, strict=True) if isinstance(v, np.ndarray) and v.dtype.kind == "f"]
    own = [a.name] if a.name in others else []
    return [*own, "y", *(n for n in others if n != a.name)]


def _array(a: Anatomy, label: str, along: int) -> Array | None:
    shape = a.shape if along == 0 else a.output
    if shape is None:
        return None
    if label == "y" and "y" not in a.names:
        if a.output != shape:
            return None
        value = a.y.reshape(shape)
    elif label in a.names:
        value = np.asarray(a.values[a.names.index(label)], dtype=float)
    else:
        return None
    try:
        return np.asarray(np.broadcast_to(value, shape), dtype=float).ravel()
    except ValueError:
        return None
