"""Solvers that stop early: their values are noisy at the tolerance, their derivatives are those of the solution."""

from functools import partial

import numpy as np

from ..make import elementwise, normal, positive, rule, uniform

S, N = partial(elementwise, "solvers"), partial(rule, "solvers")


def heron(x, tolerance=1e-10):
    """Square root, stopped at a relative tolerance."""
    y = (x + 1) / 2
    while np.abs(y * y - x).max() > tolerance:
        y = (y + x / y) / 2
    return y


def settle(x, tolerance=1e-10):
    """z = cos(x z) / 2 by plain repetition, stopped when steps are small: the rest is noise."""
    z = 0.3 + 0 * x
    while True:
        new = np.cos(x * z) / 2
        if np.abs(new - z).max() < tolerance:
            return new
        z = new


def settle_slope(x):
    z = settle(x, 1e-15)
    s = np.sin(x * z) / 2
    return -z * s / (1 + x * s)


def bisect(x, steps=36):
    """The root of y³ + y = x between −4 and 4, to 2⁻³³: a staircase in x."""
    low, high = -4 + 0 * x, 4 + 0 * x
    for _ in range(steps):
        mid = (low + high) / 2
        up = mid**3 + mid < x
        low, high = np.where(up, mid, low), np.where(up, high, mid)
    return (low + high) / 2


def newton(x):
    y = 0 * x
    for _ in range(60):
        y = y - (y**3 + y - x) / (3 * y * y + 1)
    return y


def spd(a):
    return a @ a.T + 2 * np.eye(len(a), dtype=a.dtype)


def jacobi(a, b, tolerance=1e-10):
    """(a + 6 I) x = b by Jacobi's iteration."""
    d, x = np.diag(a) + 6, 0 * b
    while True:
        new = (b - (a @ x - np.diag(a) * x)) / d
        if np.abs(new - x).max() < tolerance:
            return new
        x = new


def jacobi_pull(u, a, b):
    m = a + 6 * np.eye(len(a))
    g = np.linalg.solve(m.T, u)
    return -np.outer(g, np.linalg.solve(m, b)), g


def conjugate_gradients(a, b):
    m, x, r = spd(a), 0 * b, b
    p, rho = r, r @ r
    while rho > 1e-20 * (b @ b):
        q = m @ p
        step = rho / (p @ q)
        x, r = x + step * p, r - step * q
        new = r @ r
        p, rho = r + new / rho * p, new
    return x


def cg_pull(u, a, b):
    m = spd(a)
    g, x = np.linalg.solve(m, u), np.linalg.solve(m, b)
    return -(np.outer(g, x) + np.outer(x, g)) @ a, g


def simpson(t, n=2_000):
    """∫₀^t exp(−s²) ds by Simpson's rule of n panels."""
    s = np.linspace(0, 1, n + 1)
    w = np.ones(n + 1)
    w[1:-1:2], w[2:-1:2] = 4, 2
    return t * (np.exp(-((t[..., None] * s) ** 2)) @ w) / (3 * n)


RULES = (
    S("square root, tolerance 1e-10", heron, lambda x: 0.5 / np.sqrt(x), positive(0.5, 4, 3, 5), oracle=np.sqrt),
    S(
        "repetition, tolerance 1e-10",
        settle,
        settle_slope,
        uniform(0.5, 1.5, 3, 5),
        oracle=partial(settle, tolerance=1e-17),
    ),
    S(
        "bisection, 36 steps",
        bisect,
        lambda x: 1 / (3 * newton(x) ** 2 + 1),
        uniform(-3, 3, 3, 5),
        oracle=newton,
        note="border: a staircase of 1e-10",
    ),
    N(
        "jacobi iteration, tolerance 1e-10",
        jacobi,
        jacobi_pull,
        normal(5, 5),
        normal(5),
        names=("a", "b"),
        oracle=lambda a, b: np.linalg.solve(a + 6 * np.eye(5), b),
    ),
    N(
        "conjugate gradients, tolerance 1e-10",
        conjugate_gradients,
        cg_pull,
        normal(5, 5),
        normal(5),
        oracle=lambda a, b: np.linalg.solve(spd(a), b),
    ),
    N("simpson integral", simpson, lambda u, t: u * np.exp(-t * t), uniform(0.3, 1.5, 5), names=("t",)),
)
