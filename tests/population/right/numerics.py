"""Hard to measure: oscillation, cancellation, extreme scales, stationary points, solvers that stop early."""

from functools import partial
from math import log, pi, sqrt

import numpy as np

from ..make import elementwise, fixed, normal, positive, rule, scaled, uniform

E, R = partial(elementwise, "numerics"), partial(rule, "numerics")
TINY = scaled(1e-9, 1e-7, 3, 5)


def scales(rng):
    """One normal number a scale, 1e-6 to 1e6."""
    return rng.standard_normal(7) * 10.0 ** np.arange(-6, 7, 2)


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def rosenbrock_pull(u, x):
    g, r = np.zeros_like(x), x[1:] - x[:-1] ** 2
    g[1:] += 200 * r
    g[:-1] += -400 * x[:-1] * r - 2 * (1 - x[:-1])
    return u * g


def naive(name, f, stable, df, *draws, precision=1e-7):
    """Forward loses digits, backward does not; the proof uses the stable form."""
    return E(name, f, df, *draws, oracle=stable, precision=precision)


def x_minus_sin(x):
    return sum((-1) ** (k + 1) * x ** (2 * k + 1) / np.prod(np.arange(1.0, 2 * k + 2)) for k in range(1, 12))


def cosine_ratio(x):
    return 2 * (np.sin(x / 2) / x) ** 2


def d_cosine_ratio(x):
    """By its series; x is small."""
    return -x / 12 + x**3 / 180


def rough_variance(x):
    return (x * x).mean() - x.mean() ** 2


def log_diff_pull(u, a, b):
    """log(eᵃ − eᵇ), a > b."""
    e = -np.expm1(b - a)
    return u / e, -u * np.exp(b - a) / e


STABLE_ROOTS = E(
    "√(x+1) − √x, stable",
    lambda x: 1 / (np.sqrt(x + 1) + np.sqrt(x)),
    lambda x: 0.5 / np.sqrt(x + 1) - 0.5 / np.sqrt(x),
    positive(1, 30, 3, 5),
)
SINE50 = E("sin 50x", lambda x: np.sin(50 * x), lambda x: 50 * np.cos(50 * x))

RULES = (
    SINE50,
    STABLE_ROOTS,
    E("sin 1000x", lambda x: np.sin(1000 * x), lambda x: 1000 * np.cos(1000 * x)),
    E("cos of 1/x", lambda x: np.cos(1 / x), lambda x: np.sin(1 / x) / x**2, positive(0.02, 0.1, 3, 5)),
    E("chirp", lambda x: np.sin(40 * x * x), lambda x: 80 * x * np.cos(40 * x * x), uniform(0.5, 2, 3, 5)),
    E("waves of 1e-3 on a slope", lambda x: x + 1e-3 * np.sin(300 * x), lambda x: 1 + 0.3 * np.cos(300 * x)),
    E(
        "narrow bump",
        lambda x: np.exp(-((x / 1e-3) ** 2)),
        lambda x: -2e6 * x * np.exp(-((x / 1e-3) ** 2)),
        uniform(-2e-3, 2e-3, 3, 5),
    ),
    E(
        "steep sigmoid",
        lambda x: 0.5 + np.tanh(5000 * x) / 2,
        lambda x: 2500 / np.cosh(5000 * x) ** 2,
        uniform(-3e-4, 3e-4, 3, 5),
    ),
    E("runge", lambda x: 1 / (1 + 25 * x * x), lambda x: -50 * x / (1 + 25 * x * x) ** 2),
    E("exp of exp", lambda x: np.exp(np.exp(x)), lambda x: np.exp(x + np.exp(x))),
    E("x^20", lambda x: x**20, lambda x: 20 * x**19),
    E("rastrigin", lambda x: x * x - 10 * np.cos(2 * pi * x), lambda x: 2 * x + 20 * pi * np.sin(2 * pi * x)),
    E("expm1(x) / x", lambda x: np.expm1(x) / x, lambda x: (np.exp(x) - np.expm1(x) / x) / x, positive(0.1, 3, 3, 5)),
    E(
        "chebyshev of degree 12",
        lambda x: np.cos(12 * np.arccos(x)),
        lambda x: 12 * np.sin(12 * np.arccos(x)) / np.sqrt(1 - x * x),
        uniform(-0.9, 0.9, 3, 5),
    ),
    naive("exp(x) − 1, naive", lambda x: np.exp(x) - 1, np.expm1, np.exp, scaled(1e-6, 1e-4, 3, 5)),
    naive("log(1 + x), naive", lambda x: np.log(1 + x), np.log1p, lambda x: 1 / (1 + x), scaled(1e-6, 1e-4, 3, 5)),
    naive(
        "(1 − cos x)/x², naive",
        lambda x: (1 - np.cos(x)) / x**2,
        cosine_ratio,
        d_cosine_ratio,
        scaled(0.02, 0.04, 3, 5),
        precision=1e-6,
    ),
    naive(
        "x − sin x, naive",
        lambda x: x - np.sin(x),
        x_minus_sin,
        lambda x: 2 * np.sin(x / 2) ** 2,
        scaled(0.01, 0.1, 3, 5),
    ),
    naive(
        "√(x+1) − √x, naive",
        lambda x: np.sqrt(x + 1) - np.sqrt(x),
        STABLE_ROOTS.forward,
        lambda x: 0.5 / np.sqrt(x + 1) - 0.5 / np.sqrt(x),
        positive(1e2, 1e4, 3, 5),
    ),
    naive(
        "log(1 + exp x), naive",
        lambda x: np.log(1 + np.exp(x)),
        lambda x: np.log1p(np.exp(x)),
        lambda x: 1 / (1 + np.exp(-x)),
        uniform(-18, -10, 3, 5),
    ),
    naive(
        "expanded (x − 1)^6",
        lambda x: np.polyval([1.0, -6, 15, -20, 15, -6, 1], x),
        lambda x: (x - 1) ** 6,
        lambda x: 6 * (x - 1) ** 5,
        uniform(1.3, 1.6, 3, 5),
    ),
    naive("1e6 + tanh, less 1e6", lambda x: (1e6 + np.tanh(x)) - 1e6, np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    R(
        "variance as a difference, offset 100",
        rough_variance,
        lambda u, x: u * 2 * (x - x.mean()) / x.size,
        normal(7, mean=100),
        oracle=lambda x: ((x - x.mean()) ** 2).mean(),
    ),
    R(
        "log of a difference of exponentials",
        lambda a, b: a + np.log(-np.expm1(b - a)),
        log_diff_pull,
        uniform(1, 2, 5),
        uniform(-1, 0.9, 5),
    ),
    R(
        "quadratic root, stable",
        lambda b, c: 2 * c / (-b - np.sqrt(b * b - 4 * c)),
        lambda u, b, c: root_pull(u, b, c),
        positive(10, 1e4, 5),
        positive(0.1, 2, 5),
    ),
    E("1e12 sin x", lambda x: 1e12 * np.sin(x), lambda x: 1e12 * np.cos(x)),
    E("1e-12 tanh x", lambda x: 1e-12 * np.tanh(x), lambda x: 1e-12 * (1 - np.tanh(x) ** 2)),
    E("exp at 28", np.exp, np.exp, uniform(27, 29, 3, 5)),
    E("exp at −28", np.exp, np.exp, uniform(-29, -27, 3, 5)),
    E("log at 1e8", np.log, lambda x: 1 / x, positive(1e8, 1e9, 3, 5)),
    E("square at 1e8", lambda x: x * x, lambda x: 2 * x, scaled(1e8, 1e9, 3, 5)),
    E("square at 1e-8", lambda x: x * x, lambda x: 2 * x, scaled(1e-9, 1e-8, 3, 5)),
    E("sine at 1e-8", np.sin, np.cos, TINY),
    E("sine of 1e-8 x", lambda x: np.sin(1e-8 * x), lambda x: 1e-8 * np.cos(1e-8 * x), scaled(1e7, 1e9, 3, 5)),
    E("reciprocal at 1e8", lambda x: 1 / x, lambda x: -1 / x**2, scaled(1e7, 1e9, 3, 5)),
    E("cube at 1e150", lambda x: x * 1e-300 * x * x, lambda x: 3 * (x * 1e-150) ** 2, scaled(1e149, 1e150, 3, 5)),
    R("squares of mixed scales", lambda x: x * x, lambda u, x: 2 * u * x, scales),
    R(
        "sines of mixed scales",
        lambda x: np.sin(x / 10.0 ** np.arange(-6, 7, 2)),
        lambda u, x: u * np.cos(x / 10.0 ** np.arange(-6, 7, 2)) / 10.0 ** np.arange(-6, 7, 2),
        scales,
    ),
    R("logs of mixed scales, summed", lambda x: np.log(x * x).sum(), lambda u, x: 2 * u / x, scales),
    R(
        "outputs of mixed scales",
        lambda x: np.tanh(x) * 10.0 ** np.arange(-6, 7, 2),
        lambda u, x: u * (1 - np.tanh(x) ** 2) * 10.0 ** np.arange(-6, 7, 2),
        normal(7),
    ),
    R(
        "product of unlike factors",
        lambda a, b: a * b,
        lambda u, a, b: (u * b, u * a),
        scaled(1e5, 1e6, 5),
        scaled(1e-7, 1e-6, 5),
    ),
    R("rosenbrock", rosenbrock, rosenbrock_pull, normal(7)),
    R("rosenbrock at its minimum", rosenbrock, rosenbrock_pull, fixed([1.0] * 7), names=("x",)),
    E("square at 0", lambda x: x * x, lambda x: 2 * x, fixed([0.0, 0, 0])),
    E("cosine at 0", np.cos, lambda x: -np.sin(x), fixed([0.0, 0, 0])),
    E("cube at 0", lambda x: x**3, lambda x: 3 * x * x, fixed([0.0, 0, 0])),
    E("saddle x³ − 3x at 1", lambda x: x**3 - 3 * x, lambda x: 3 * (x - 1) * (x + 1), fixed([1.0, -1, 1])),
    E("log of base 2", np.log2, lambda x: 1 / (x * log(2)), positive(0.3, 6, 3, 5)),
    E("unit gaussian log density", lambda x: -x * x / 2 - log(sqrt(2 * pi)), lambda x: -x),
)


def root_pull(u, b, c):
    """Of y² + b y + c = 0: dy = −(y db + dc) / (2 y + b)."""
    y = 2 * c / (-b - np.sqrt(b * b - 4 * c))
    return -u * y / (2 * y + b), -u / (2 * y + b)
