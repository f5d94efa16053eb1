"""Elementwise functions of two arrays that are broadcast against each other."""

from functools import partial

import numpy as np

from ..make import away, normal, positive, rule, unbroadcast, uniform

R = partial(rule, "broadcast")
A, B, P, Q = normal(3, 5), normal(2, 1, 5), positive(0.3, 3, 3, 5), positive(0.3, 3, 2, 1, 5)


def both(f, fa, fb):
    """(forward, pull) of f(a, b) with partial derivatives fa and fb."""
    return f, lambda u, a, b: (unbroadcast(u * fa(a, b), a.shape), unbroadcast(u * fb(a, b), b.shape))


def three_pull(u, a, b, c):
    return unbroadcast(u * b * c, a.shape), unbroadcast(u * a * c, b.shape), unbroadcast(u * a * b, c.shape)


def apart(rng):
    """Two arrays whose entries never come near each other."""
    a = rng.integers(-5, 5, (3, 5)) + 0.0
    return a, rng.integers(-5, 5, (2, 1, 5)) + 0.5


ADD = R("add", *both(np.add, lambda a, b: 1 + 0 * b, lambda a, b: 1 + 0 * a), A, B, names=("a", "b"))
MULTIPLY = R("multiply", *both(np.multiply, lambda a, b: b, lambda a, b: a), A, B, names=("a", "b"))
DIVIDE = R(
    "divide", *both(np.divide, lambda a, b: 1 / b, lambda a, b: -a / b**2), A, away(2, 1, 5, gap=0.5), names=("a", "b")
)
POWER = R(
    "power", *both(np.power, lambda a, b: b * a ** (b - 1), lambda a, b: a**b * np.log(a)), P, B, names=("a", "b")
)
MAXIMUM = R("maximum", *both(np.maximum, lambda a, b: a > b, lambda a, b: b > a), draw=apart, names=("a", "b"))

RULES = (
    ADD,
    MULTIPLY,
    DIVIDE,
    POWER,
    MAXIMUM,
    R("subtract", *both(np.subtract, lambda a, b: 1 + 0 * b, lambda a, b: -1 + 0 * a), A, B, names=("a", "b")),
    R("minimum", *both(np.minimum, lambda a, b: a < b, lambda a, b: b < a), draw=apart, names=("a", "b")),
    R(
        "logaddexp",
        *both(np.logaddexp, lambda a, b: 1 / (1 + np.exp(b - a)), lambda a, b: 1 / (1 + np.exp(a - b))),
        A,
        B,
        names=("a", "b"),
    ),
    R(
        "arctan2",
        *both(np.arctan2, lambda a, b: b / (a * a + b * b), lambda a, b: -a / (a * a + b * b)),
        A,
        B,
        names=("a", "b"),
    ),
    R(
        "absolute difference",
        *both(lambda a, b: np.abs(a - b), lambda a, b: np.sign(a - b), lambda a, b: np.sign(b - a)),
        draw=apart,
    ),
    R(
        "remainder",
        *both(np.fmod, lambda a, b: 1 + 0 * b, lambda a, b: -np.trunc(a / b)),
        uniform(4.1, 5.9, 3, 5),
        uniform(1.6, 1.9, 2, 1, 5),
        names=("a", "b"),
    ),
    R(
        "copysign",
        *both(np.copysign, lambda a, b: np.sign(a) * np.sign(b), lambda a, b: 0 * a),
        away(3, 5),
        away(2, 1, 5),
        names=("a", "b"),
    ),
    R(
        "exponential decay",
        *both(lambda a, b: np.exp(-a * b), lambda a, b: -b * np.exp(-a * b), lambda a, b: -a * np.exp(-a * b)),
        P,
        Q,
    ),
    R(
        "log of a ratio",
        *both(lambda a, b: np.log(a / b), lambda a, b: 1 / a + 0 * b, lambda a, b: -1 / b + 0 * a),
        P,
        Q,
    ),
    R(
        "column times row",
        *both(np.multiply, lambda a, b: b, lambda a, b: a),
        normal(3, 1),
        normal(5),
        names=("a", "b"),
    ),
    R(
        "scalar times matrix",
        *both(np.multiply, lambda a, b: b, lambda a, b: a),
        normal(),
        normal(3, 5),
        names=("a", "b"),
    ),
    R(
        "matrix plus one entry",
        *both(np.add, lambda a, b: 1 + 0 * b, lambda a, b: 1 + 0 * a),
        normal(3, 5),
        normal(1),
        names=("a", "b"),
    ),
    R("three factors", lambda a, b, c: a * b * c, three_pull, normal(3, 1), normal(5), normal(2, 1, 1)),
)
