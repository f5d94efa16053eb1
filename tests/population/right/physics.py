"""Physics and its kin: integrators with adjoints, implicit functions, difference schemes, Fourier transforms."""

from functools import partial
from math import pi, sqrt

import numpy as np
from scipy.special import ndtr

from ..make import away, normal, positive, rule, uniform

R = partial(rule, "physics")
solve = np.linalg.solve


def kepler(m, e):
    """E − e sin E = m by Newton's iteration, to the end of the digits."""
    x = m + 0 * e
    for _ in range(12):
        x = x - (x - e * np.sin(x) - m) / (1 - e * np.cos(x))
    return x


def kepler_pull(u, m, e):
    x = kepler(m, e)
    d = u / (1 - e * np.cos(x))
    return d, d * np.sin(x)


def equilibrium(W, x):
    """z = tanh(z W + x), W a contraction."""
    z = np.tanh(x)
    for _ in range(120):
        z = np.tanh(z @ W + x)
    return z


def equilibrium_pull(u, W, x):
    z = equilibrium(W, x)
    s = 1 - z * z
    d = np.stack([solve(np.eye(len(W)) - W * sr, ur) * sr for sr, ur in zip(s, u, strict=True)])
    return z.T @ d, d


def cubic_root(a, b):
    """The real root of x³ + a x = b, a > 0."""
    x = np.cbrt(b)
    for _ in range(60):
        x = x - (x**3 + a * x - b) / (3 * x * x + a)
    return x


def cubic_pull(u, a, b):
    x = cubic_root(a, b)
    d = u / (3 * x * x + a)
    return -d * x, d


def gravity(x):
    """Potential energy of bodies at x (n, 3), unit masses."""
    i, j = np.triu_indices(len(x), 1)
    return -(1 / np.sqrt(((x[i] - x[j]) ** 2).sum(1) + 0.01)).sum()


def gravity_pull(u, x):
    d = x[:, None] - x
    return u * (d / ((d * d).sum(-1, keepdims=True) + 0.01) ** 1.5).sum(1)


def rotate(v, a, b):
    """Turn v by Rodrigues' formula about the axis a (not of unit length) by |a|."""
    n = np.sqrt((a * a).sum())
    k = a / n
    return np.cos(n) * v + np.sin(n) * np.cross(k, v) + (1 - np.cos(n)) * (k @ v) * k + b


def rotate_pull(u, v, a, b):
    n = np.sqrt((a * a).sum())
    k = a / n
    dv = np.cos(n) * u - np.sin(n) * np.cross(k, u) + (1 - np.cos(n)) * (k @ u) * k
    dn = u @ (-np.sin(n) * v + np.cos(n) * np.cross(k, v) + np.sin(n) * (k @ v) * k)
    dk = np.sin(n) * np.cross(v, u) + (1 - np.cos(n)) * ((u @ k) * v + (k @ v) * u)
    return dv, dn * k + (dk - (dk @ k) * k) / n, u


def project(x, f):
    return f * x[:, :2] / x[:, 2:]


def project_pull(u, x, f):
    z = x[:, 2:]
    return np.concatenate([f * u / z, -(u * f * x[:, :2]).sum(1, keepdims=True) / z**2], 1), (u * x[:, :2] / z).sum()


def call_price(s, k, v):
    """Black-Scholes, one year, no interest."""
    d = np.log(s / k) / v + v / 2
    return s * ndtr(d) - k * ndtr(d - v)


def call_pull(u, s, k, v):
    d = np.log(s / k) / v + v / 2
    return u * ndtr(d), -u * ndtr(d - v), u * s * np.exp(-d * d / 2) / sqrt(2 * pi)


def kalman(p, r):
    """Gain p / (p + r) of a symmetric pair, p and r (2, 2)."""
    return p @ np.linalg.inv(p + r)


def kalman_pull(u, p, r):
    i = np.linalg.inv(p + r)
    d = -(p @ i).T @ u @ i.T
    return u @ i.T + d, d


def morse_pull(u, r, d, a):
    e = np.exp(-a * (r - 1))
    return 2 * u * d * a * e * (1 - e), (u * (1 - e) ** 2).sum(), (2 * u * d * (1 - e) * (r - 1) * e).sum()


KEPLER = R("kepler's equation", kepler, kepler_pull, uniform(0.2, 3, 3, 5), uniform(0.1, 0.7, 3, 5))
EQUILIBRIUM = R("equilibrium layer", equilibrium, equilibrium_pull, normal(3, 3, scale=0.2), normal(5, 3))
HAVERSINE = R(
    "height of a shot, degrees",
    lambda v, deg: (v * np.sin(np.deg2rad(deg))) ** 2 / 19.62,
    lambda u, v, deg: (
        2 * u * v * np.sin(np.deg2rad(deg)) ** 2 / 19.62,
        u * v * v * np.sin(2 * np.deg2rad(deg)) * pi / 180 / 19.62,
    ),
    uniform(1, 9, 5),
    uniform(20, 70, 5),
)
PROJECT = R(
    "pinhole camera",
    project,
    project_pull,
    lambda rng: rng.standard_normal((5, 3)) + np.array([0, 0, 5.0]),
    lambda rng: np.array(rng.uniform(1, 2)),
)

RULES = (
    KEPLER,
    EQUILIBRIUM,
    HAVERSINE,
    PROJECT,
    R("root of a cubic", cubic_root, cubic_pull, positive(0.5, 3, 3, 5), away(3, 5, gap=0.5)),
    R("gravity of five bodies", gravity, gravity_pull, normal(5, 3)),
    R("rotation about an axis", rotate, rotate_pull, normal(3), normal(3), normal(3)),
    R("option price", call_price, call_pull, uniform(80, 120, 5), uniform(80, 120, 5), uniform(0.1, 0.5, 5)),
    R(
        "kalman gain",
        kalman,
        kalman_pull,
        lambda rng: rng.standard_normal((2, 2)) * 0.3 + 2 * np.eye(2),
        lambda rng: rng.standard_normal((2, 2)) * 0.3 + np.eye(2),
    ),
    R(
        "morse potential",
        lambda r, d, a: d * (1 - np.exp(-a * (r - 1))) ** 2,
        morse_pull,
        uniform(0.7, 2, 5),
        lambda rng: np.array(1.7),
        lambda rng: np.array(0.9),
    ),
    R(
        "lennard-jones",
        lambda r: 4 * (r**-12 - r**-6),
        lambda u, r: u * 4 * (6 * r**-7 - 12 * r**-13),
        uniform(0.9, 2, 5),
    ),
    R(
        "michaelis-menten",
        lambda s, k: s / (k + s),
        lambda u, s, k: (u * k / (k + s) ** 2, -u * s / (k + s) ** 2),
        positive(0.1, 9, 5),
        positive(0.1, 9, 5),
    ),
    R(
        "arrhenius",
        lambda t: 1e9 * np.exp(-6000 / t),
        lambda u, t: u * 6e12 / t**2 * np.exp(-6000 / t),
        uniform(280, 400, 5),
    ),
    R(
        "planck",
        lambda x: x**3 / np.expm1(x),
        lambda u, x: u * (3 * x * x / np.expm1(x) - x**3 * np.exp(x) / np.expm1(x) ** 2),
        uniform(0.3, 6, 5),
    ),
)
