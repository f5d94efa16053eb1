"""Mistakes in physics, integrators, transforms and solvers as people make them."""

from math import pi

import numpy as np

from ..right import physics, schemes, solvers
from .mutators import bug, rewrite, shelf

P = shelf(physics, schemes, solvers)
solve = np.linalg.solve


def in_physics(name, how, slug, *, size=None, **pulls):
    return bug(P[name], how, slug, size=size, **pulls)


def euler_adjoint(u, y, steps=5, h=0.2):
    ys = [y]
    for _ in range(steps - 1):
        ys.append(schemes.rk4(ys[-1], 1, h))
    for y in reversed(ys):
        u = u + h * schemes.pendulum_pull(u, y)
    return u


def frozen_adjoint(u, y, steps=5):
    for _ in range(steps):
        u = schemes.rk4_pull(u, y, 1)
    return u


def equilibrium_turned(u, W, x):
    slope = 1 - physics.equilibrium(W, x) ** 2
    return np.stack([solve(np.eye(3) - W.T * sr, ur) * sr for sr, ur in zip(slope, u, strict=True)])


def stiff_gravity(u, x):
    d = x[:, None] - x
    r = np.sqrt((d * d).sum(-1, keepdims=True)) + np.eye(len(x))[..., None]
    return u * (d / r**3).sum(1)


RULES = (
    rewrite(
        P["runge-kutta 4, five steps"],
        "last step only",
        "truncated_time",
        lambda u, y: schemes.rk4_pull(u, schemes.rk4(y, 4), 1),
    ),
    rewrite(P["runge-kutta 4, five steps"], "by euler's adjoint", "approximation", lambda u, y: euler_adjoint(u, y)),
    rewrite(
        P["runge-kutta 4, five steps"],
        "step 0.19 in the backward",
        "constant",
        lambda u, y: schemes.rk4_pull(u, y, h=0.19),
    ),
    rewrite(
        P["runge-kutta 4, five steps"], "all steps at the first point", "stale_cache", lambda u, y: frozen_adjoint(u, y)
    ),
    in_physics(
        "predator and prey by euler",
        "last step only",
        "truncated_time",
        a=lambda u, y, a: schemes.euler_pull(u, schemes.euler(y, a, 8)[-1], a)[1] * 0.1,
    ),
    rewrite(
        P["leapfrog"],
        "velocity's cotangent left out",
        "cotangent_ignored",
        lambda u, x, v: schemes.leapfrog_pull((u[0], 0 * u[1]), x, v),
    ),
    rewrite(
        P["leapfrog"],
        "five of six steps",
        "truncated_time",
        lambda u, x, v: schemes.leapfrog_pull(u, *schemes.leapfrog(x, v, steps=1), steps=5),
    ),
    in_physics("kepler's equation", "implicit factor left out", "missing_factor", m=lambda u, m, e: u + 0 * e),
    in_physics(
        "kepler's equation",
        "mean for eccentric anomaly",
        "wrong_argument",
        e=lambda u, m, e: u * np.sin(m) / (1 - e * np.cos(m)),
    ),
    in_physics(
        "equilibrium layer",
        "one step's backward",
        "truncated_time",
        W=lambda u, W, x: (z := physics.equilibrium(W, x)).T @ (u * (1 - z * z)),
    ),
    in_physics(
        "equilibrium layer",
        "weight not transposed",
        "transposed",
        x=lambda u, W, x: physics.equilibrium_pull(u, W, x)[1] * 0.5 + equilibrium_turned(u, W, x) * 0.5,
    ),
    in_physics("root of a cubic", "3 x² + a left out", "missing_factor", b=lambda u, a, b: u.copy()),
    in_physics(
        "root of a cubic", "a left out", "missing_term", b=lambda u, a, b: u / (3 * physics.cubic_root(a, b) ** 2)
    ),
    in_physics("heat step", "diffusivity as a constant", "zero", k=lambda u, y, k: 0 * k, size=1),
    in_physics(
        "heat step",
        "walls for periodic ends",
        "boundary",
        y=lambda u, y, k: u + k * (schemes.laplace(u) - (np.arange(7) == 0) * u[:, -1:]),
    ),
    in_physics("implicit heat step", "explicit step", "approximation", y=lambda u, y: u + 0.4 * schemes.laplace(u)),
    in_physics(
        "burgers step",
        "as if linear",
        "missing_term",
        y=lambda u, y: schemes.burgers_pull(u, y) + 0.05 * u * (np.roll(y, -1) - np.roll(y, 1)) / 2,
    ),
    in_physics(
        "burgers step",
        "difference not turned round",
        "sign",
        y=lambda u, y: 2 * (u + 0.1 * schemes.laplace(u)) - schemes.burgers_pull(u, y),
    ),
    in_physics("power spectrum", "n left out", "mean_for_sum", x=lambda u, x: schemes.power_pull(u, x) / 7, size=6 / 7),
    in_physics("power spectrum", "factor 2 left out", "factor", x=lambda u, x: schemes.power_pull(u, x) / 2, size=0.5),
    in_physics(
        "power spectrum", "forward transform again", "permuted", x=lambda u, x: 2 * np.fft.fft(np.fft.fft(x) * u).real
    ),
    in_physics(
        "real fft, both parts", "sign of the imaginary part", "sign", x=lambda u, x: schemes.rfft_pull((u[0], -u[1]), x)
    ),
    in_physics(
        "real fft, both parts",
        "half spectrum counted twice",
        "factor",
        x=lambda u, x: np.fft.irfft(u[0] + 1j * u[1], 7) * 7,
    ),
    in_physics("convolution by fft", "not conjugated", "flipped", x=lambda u, x, k: schemes.fft_convolve(u, k)),
    in_physics(
        "height of a shot, degrees",
        "radians",
        "factor",
        deg=lambda u, v, deg: u * v * v * np.sin(2 * np.deg2rad(deg)) / 19.62,
        size=180 / pi - 1,
    ),
    in_physics(
        "height of a shot, degrees",
        "3.1416 for π",
        "constant",
        deg=lambda u, v, deg: u * v * v * np.sin(2 * np.deg2rad(deg)) * 3.1416 / 180 / 19.62,
        size=3.1416 / pi - 1,
    ),
    in_physics(
        "height of a shot, degrees",
        "sine of the single angle",
        "wrong_argument",
        deg=lambda u, v, deg: u * v * v * np.sin(np.deg2rad(deg)) * pi / 180 / 19.62,
    ),
    in_physics(
        "pinhole camera",
        "depth not squared",
        "missing_factor",
        x=lambda u, x, f: np.concatenate([f * u / x[:, 2:], -(u * f * x[:, :2]).sum(1, keepdims=True) / x[:, 2:]], 1),
    ),
    in_physics("gravity of five bodies", "softening left out", "eps", x=lambda u, x: stiff_gravity(u, x)),
    in_physics(
        "rotation about an axis",
        "axis taken for a unit vector",
        "missing_term",
        v=lambda u, v, a, b: np.cos(1) * u - np.sin(1) * np.cross(a, u) + (1 - np.cos(1)) * (a @ u) * a,
    ),
    in_physics(
        "rotation about an axis", "turned the same way", "sign_inside", v=lambda u, v, a, b: physics.rotate(u, a, 0 * b)
    ),
    in_physics("option price", "vega without the density", "missing_factor", v=lambda u, s, k, v: u * s),
    in_physics("lennard-jones", "12 and 6 swapped", "swapped", r=lambda u, r: 4 * u * (12 * r**-7 - 6 * r**-13)),
    in_physics("planck", "second term left out", "missing_term", x=lambda u, x: 3 * u * x * x / np.expm1(x)),
    in_physics("square root, tolerance 1e-10", "half left out", "factor", x=lambda u, x: u / np.sqrt(x), size=1),
    in_physics(
        "repetition, tolerance 1e-10",
        "implicit factor left out",
        "missing_factor",
        x=lambda u, x: -u * (z := solvers.settle(x)) * np.sin(x * z) / 2,
    ),
    in_physics(
        "jacobi iteration, tolerance 1e-10",
        "not transposed",
        "transposed",
        b=lambda u, a, b: np.linalg.solve(a + 6 * np.eye(5), u),
    ),
    in_physics(
        "conjugate gradients, tolerance 1e-10",
        "one use of a",
        "missing_term",
        a=lambda u, a, b: solvers.cg_pull(u, a, b)[0] / 2,
        size=0.5,
    ),
)
