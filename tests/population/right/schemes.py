"""Schemes on a grid: integrators with discrete adjoints, difference steps, Fourier transforms."""

from functools import partial

import numpy as np

from ..make import normal, rule, uniform

R = partial(rule, "physics")
solve = np.linalg.solve


def pendulum(y):
    return np.stack([y[1], -np.sin(y[0])])


def pendulum_pull(u, y):
    return np.stack([-np.cos(y[0]) * u[1], u[0]])


def rk4(y, steps=5, h=0.2):
    for _ in range(steps):
        k1 = pendulum(y)
        k2 = pendulum(y + h / 2 * k1)
        k3 = pendulum(y + h / 2 * k2)
        k4 = pendulum(y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y


def rk4_pull(u, y, steps=5, h=0.2):
    """The discrete adjoint: each stage's in reverse."""
    ys = [y]
    for _ in range(steps - 1):
        ys.append(rk4(ys[-1], 1, h))
    for y in reversed(ys):
        k1 = pendulum(y)
        k2 = pendulum(y + h / 2 * k1)
        k3 = pendulum(y + h / 2 * k2)
        d4 = pendulum_pull(h / 6 * u, y + h * k3)
        d3 = pendulum_pull(h / 3 * u + h * d4, y + h / 2 * k2)
        d2 = pendulum_pull(h / 3 * u + h / 2 * d3, y + h / 2 * k1)
        d1 = pendulum_pull(h / 6 * u + h / 2 * d2, y)
        u = u + d1 + d2 + d3 + d4
    return u


def euler(y, a, steps=9, h=0.1):
    """Lotka-Volterra; y (2, n), a (4,)."""
    ys = [y]
    for _ in range(steps):
        p, q = ys[-1]
        ys.append(np.stack([p + h * (a[0] * p - a[1] * p * q), q + h * (a[2] * p * q - a[3] * q)]))
    return ys


def euler_pull(u, y, a, h=0.1):
    da = np.zeros_like(a)
    for p, q in reversed(euler(y, a)[:-1]):
        da += h * np.array([(u[0] * p).sum(), -(u[0] * p * q).sum(), (u[1] * p * q).sum(), -(u[1] * q).sum()], a.dtype)
        u = np.stack(
            [
                u[0] * (1 + h * (a[0] - a[1] * q)) + u[1] * h * a[2] * q,
                -u[0] * h * a[1] * p + u[1] * (1 + h * (a[2] * p - a[3])),
            ]
        )
    return u, da


def leapfrog(x, v, h=0.1, steps=6):
    for _ in range(steps):
        v = v - h / 2 * x**3
        x = x + h * v
        v = v - h / 2 * x**3
    return x, v


def leapfrog_pull(u, x, v, h=0.1, steps=6):
    xs = [x]
    for _ in range(steps):
        x, v = leapfrog(x, v, h, 1)
        xs.append(x)
    dx, dv = u
    for k in reversed(range(steps)):
        dx = dx - h / 2 * 3 * xs[k + 1] ** 2 * dv
        dv = dv + h * dx
        dx = dx - h / 2 * 3 * xs[k] ** 2 * dv
    return dx, dv


def laplace(y):
    """Periodic second difference along the last axis: its own adjoint."""
    return np.roll(y, 1, -1) - 2 * y + np.roll(y, -1, -1)


def heat_pull(u, y, k):
    return u + k * laplace(u), (u * laplace(y)).sum()


def heat_matrix(n):
    return np.eye(n) - 0.4 * laplace(np.eye(n))


def burgers(y, nu=0.1, dt=0.05):
    return y - dt * y * (np.roll(y, -1) - np.roll(y, 1)) / 2 + nu * laplace(y)


def burgers_pull(u, y, nu=0.1, dt=0.05):
    w = u * y * dt / 2
    return u - dt * u * (np.roll(y, -1) - np.roll(y, 1)) / 2 - np.roll(w, 1) + np.roll(w, -1) + nu * laplace(u)


def power_pull(u, x):
    f = np.fft.fft(x) * u
    return 2 * np.fft.ifft(f).real * x.size


def rfft(x):
    f = np.fft.rfft(x)
    return f.real, f.imag


def rfft_pull(u, x):
    c = np.zeros(x.size, complex)
    c[: u[0].size] = u[0] + 1j * u[1]
    return np.fft.ifft(c).real * x.size


def fft_convolve(x, k):
    return np.fft.ifft(np.fft.fft(x) * np.fft.fft(k)).real


def fft_convolve_pull(u, x, k):
    f = np.fft.fft(u)
    return np.fft.ifft(f * np.fft.fft(k).conj()).real, np.fft.ifft(f * np.fft.fft(x).conj()).real


RK4 = R("runge-kutta 4, five steps", rk4, rk4_pull, normal(2, 5), names=("y",))


EULER = R(
    "predator and prey by euler", lambda y, a: euler(y, a)[-1], euler_pull, uniform(0.5, 2, 2, 3), uniform(0.5, 1.5, 4)
)


LEAPFROG = R("leapfrog", leapfrog, leapfrog_pull, normal(5), normal(5))


HEAT = R(
    "heat step", lambda y, k: y + k * laplace(y), heat_pull, normal(3, 7), lambda rng: np.array(rng.uniform(0.1, 0.4))
)


BURGERS = R("burgers step", burgers, burgers_pull, normal(7), names=("y",))


POWER = R("power spectrum", lambda x: np.abs(np.fft.fft(x)) ** 2, power_pull, normal(7))


FFT_CONVOLVE = R("convolution by fft", fft_convolve, fft_convolve_pull, normal(7), normal(7))


RULES = (
    RK4,
    EULER,
    LEAPFROG,
    HEAT,
    BURGERS,
    POWER,
    FFT_CONVOLVE,
    R("implicit heat step", lambda y: solve(heat_matrix(7), y), lambda u, y: solve(heat_matrix(7).T, u), normal(7)),
    R("real fft, both parts", rfft, rfft_pull, normal(7)),
    R(
        "cross-correlation by fft",
        lambda x: np.fft.ifft(np.abs(np.fft.fft(x)) ** 2).real,
        lambda u, x: np.fft.ifft(np.fft.fft(x) * (2 * np.fft.fft(u).real)).real,
        normal(7),
    ),
)
