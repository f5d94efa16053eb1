"""Derivatives measured independently of the checker: Romberg's table, in longdouble where that works."""

from __future__ import annotations

import numpy as np

STARTS = (
    3e-2,
    1e-3,
    3e-5,
    1e-6,
    3e-8,
    1e-9,
    1e-11,
)  # first step of a table; narrower ones are for nearby singularities
LEVELS = 7


def table(difference, start, power, noise):
    """Extrapolate difference(h) to h = 0 from halved steps; error series in h**power.

    Returns: best value, and its bar: the distance to its neighbours in the table and the noise of phi over the step.
    """
    best, bar, row = np.nan, np.inf, []
    for k in range(LEVELS):
        new = [difference(start / 2**k)]
        for j, old in enumerate(row):
            w = 2 ** (power * (j + 1))
            new.append(new[-1] + (new[-1] - old) / (w - 1))
            gap = max(abs(new[-1] - new[-2]), abs(new[-1] - old)) + noise / (start / 2**k)
            if gap < bar:
                best, bar = new[-1], gap
        row = new
    return best, bar


def slope(phi, noise, wanted):
    """Central derivative at 0 of phi, which is good to noise; stops when its own bar is below wanted.

    Error: the returned bar, the agreement within the table; it never looks at any claim.
    """
    best, bar = np.nan, np.inf
    for start in STARTS:
        new = table(lambda h: (phi(h) - phi(-h)) / (2 * h), start, 2, noise)
        if np.isfinite(new[0]) and new[1] < bar:
            best, bar = new
        if bar <= wanted:
            break
    return float(best), float(bar)


def as_tuple(y):
    return y if isinstance(y, tuple) else (y,)


def finest(rule, inputs):
    """(forward, float type) of the most precise evaluation that the rule's forward, or its oracle, bears."""
    f = rule.oracle or rule.forward
    for kind in (np.longdouble, np.float64):
        try:
            with np.errstate(all="ignore"):
                ys = as_tuple(f(*lifted(inputs, kind)))
        except Exception:  # each library refuses longdouble with an exception class of its own
            continue
        if all(np.asarray(y).dtype == kind for y in ys):
            return f, kind
    return f, np.float64


def lifted(inputs, kind):
    return tuple(a.astype(kind) if np.issubdtype(a.dtype, np.floating) else a for a in inputs)


def along(f, inputs, block, direction, cotangent):
    """(phi, its rounding): phi(t) = ⟨u, f(.., x + t v, ..) − f(..)⟩."""
    first, us = [np.asarray(y) for y in as_tuple(f(*inputs))], [np.asarray(u) for u in as_tuple(cotangent)]

    def phi(t):
        moved = list(inputs)
        moved[block] = inputs[block] + t * direction
        with np.errstate(all="ignore"):
            ys = as_tuple(f(*moved))
        return sum((u * (np.asarray(y) - y0)).sum() for u, y, y0 in zip(us, ys, first, strict=True))

    return phi, sum(
        np.finfo(y.dtype).eps * np.linalg.norm((u * y).astype(float).ravel()) for u, y in zip(us, first, strict=True)
    )


def random_cotangent(rule, inputs, rng):
    """Normal numbers in the shape and the dtype of the output."""
    with np.errstate(all="ignore"):
        y = rule.forward(*inputs)
    us = tuple(np.asarray(rng.standard_normal(np.shape(a)), dtype=np.asarray(a).dtype) for a in as_tuple(y))
    return us if isinstance(y, tuple) else us[0]
