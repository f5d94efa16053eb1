"""Scalar functions with a closed-form derivative at forty digits, to hold the error bars of measurements against.

Arguments and constants are drawn, rounded to the dtype, and the truth is taken at what they were rounded to; constants
in the code are dyadic, so that they mean the same in float32. The groups are what a checker meets: smooth, badly
scaled, oscillating, near the edge of a domain, cancelling, and beside a kink.
"""

from collections.abc import Callable
from dataclasses import dataclass

import mpmath as mp
import numpy as np

from gradcheck.estimate import Estimate
from gradcheck.probes.ladder import measure
from gradcheck.probes.line import Line

mp.mp.dps = 40


@dataclass(frozen=True)
class Family:
    """f(x, *p) in numpy, its derivative df(x, *p) in mpmath, and draw(rng) -> (x, *p)."""

    group: str
    name: str
    f: Callable
    value: Callable
    slope: Callable
    draw: Callable

    def __str__(self):
        return f"{self.group}: {self.name}"


@dataclass(frozen=True)
class Drawn:
    """One measurement beside its truth, both as slopes along v."""

    family: Family
    estimate: Estimate
    truth: float
    error: float

    @property
    def answered(self):
        """Whether a bar was claimed that a verdict could rest on."""
        return np.isfinite(self.estimate.error) and self.estimate.kind not in ("none", "kink")

    @property
    def ratio(self):
        """True error over claimed bar: above 1 the bar does not cover."""
        bar = self.estimate.error
        return abs(self.error) / bar if bar > 0 else 0.0 if self.error == 0 else np.inf


def normal(scale=1.0, mean=0.0):
    return lambda rng: mean + scale * rng.standard_normal()


def sized(low, high, *, both=True):
    """Magnitudes spread evenly in the logarithm."""
    return lambda rng: (rng.choice([-1.0, 1.0]) if both else 1.0) * 10 ** rng.uniform(np.log10(low), np.log10(high))


def uniform(low, high):
    return lambda rng: rng.uniform(low, high)


def family(group, name, f, value, slope, *draws):
    return Family(group, name, f, value, slope, lambda rng: tuple(d(rng) for d in draws))


def near(kink_scale, low, high):
    """A kink k, and x at a distance from it between low and high: drawn as (x, k)."""

    def draw(rng):
        k = kink_scale * rng.standard_normal()
        return k + rng.choice([-1.0, 1.0]) * 10 ** rng.uniform(np.log10(low), np.log10(high)), k

    return draw


def beside(name, f, value, slope, low, high):
    draw = near(1.0, low, high)
    return Family("kink near", name, f, value, slope, draw)


def positive(x):
    return 1 if x > 0 else 0


def hashed(x):
    """Numbers in ±1/2 that look random and depend on every bit of x."""
    wide = np.asarray(x, dtype=np.float64)
    turned = np.sin(wide.view(np.uint64).astype(np.float64) % 104729.0 * 12.9898) * 43758.5453
    return (turned - np.rint(turned)).astype(np.asarray(x).dtype)


def families(dtype):
    """All families; those of one decade's distance are further off in float32."""
    eps = float(np.finfo(dtype).eps)
    close = 1e-6 if eps < 1e-10 else 1e-2  # a kink nearer than a step can resolve is another's test
    fast = 300.0 if eps < 1e-10 else 30.0
    tiny = 1e-8 if eps < 1e-10 else 1e-4
    bits = 30 if eps < 1e-10 else 12
    N = normal()
    return (
        family("smooth", "sin", np.sin, mp.sin, mp.cos, N),
        family("smooth", "exp", np.exp, mp.exp, mp.exp, N),
        family("smooth", "tanh", np.tanh, mp.tanh, lambda x: mp.sech(x) ** 2, N),
        family("smooth", "sigmoid", lambda x: 1 / (1 + np.exp(-x)), lambda x: 1 / (1 + mp.exp(-x)),
               lambda x: mp.exp(-x) / (1 + mp.exp(-x)) ** 2, normal(2.0)),
        family("smooth", "cubic", lambda x, a, b: x * x * x + a * x * x + b * x,
               lambda x, a, b: x**3 + a * x**2 + b * x, lambda x, a, b: 3 * x**2 + 2 * a * x + b, N, N, N),
        family("smooth", "arctan", np.arctan, mp.atan, lambda x: 1 / (1 + x * x), N),
        family("smooth", "log(1 + x²)", lambda x: np.log1p(x * x), lambda x: mp.log(1 + x * x),
               lambda x: 2 * x / (1 + x * x), N),
        family("smooth", "bell", lambda x: np.exp(-x * x), lambda x: mp.exp(-x * x),
               lambda x: -2 * x * mp.exp(-x * x), N),
        family("smooth", "rational", lambda x, a: x / (1 + a * a + x * x), lambda x, a: x / (1 + a * a + x * x),
               lambda x, a: (1 + a * a - x * x) / (1 + a * a + x * x) ** 2, N, N),
        family("smooth", "hypot", lambda x, a: np.sqrt(1 + a * a + x * x), lambda x, a: mp.sqrt(1 + a * a + x * x),
               lambda x, a: x / mp.sqrt(1 + a * a + x * x), N, N),
        family("smooth", "log-sum", lambda x, a: np.log(np.exp(x) + np.exp(a)),
               lambda x, a: mp.log(mp.exp(x) + mp.exp(a)), lambda x, a: 1 / (1 + mp.exp(a - x)), N, N),
        family("smooth", "nested", lambda x: np.cosh(np.sin(x)), lambda x: mp.cosh(mp.sin(x)),
               lambda x: mp.sinh(mp.sin(x)) * mp.cos(x), N),
        family("scale", "a sin(b x)", lambda x, a, b: a * np.sin(b * x), lambda x, a, b: a * mp.sin(b * x),
               lambda x, a, b: a * b * mp.cos(b * x), normal(1.0), sized(1e-6, 1e6), uniform(0.25, 2)),
        family("scale", "square", lambda x: x * x, lambda x: x * x, lambda x: 2 * x, sized(1e-8, 1e8)),
        family("scale", "reciprocal", lambda x: 1 / x, lambda x: 1 / x, lambda x: -1 / x**2, sized(1e-6, 1e6)),
        family("scale", "tenth power", lambda x: ((x * x) ** 2) ** 2 * x * x, lambda x: x**10, lambda x: 10 * x**9,
               sized(0.1, 10)),
        family("scale", "exp far out", np.exp, mp.exp, mp.exp, uniform(-30, 30)),
        family("scale", "tanh far in", np.tanh, mp.tanh, lambda x: mp.sech(x) ** 2, sized(1e-6, 1)),
        family("scale", "linear", lambda x, a, b: a * x + b, lambda x, a, b: a * x + b, lambda x, a, b: a,
               sized(1e-3, 1e3), sized(1e-3, 1e3), N),
        family("oscillating", "sin(ω x)", lambda x, w: np.sin(w * x), lambda x, w: mp.sin(w * x),
               lambda x, w: w * mp.cos(w * x), N, sized(10, fast, both=False)),
        family("oscillating", "chirp", lambda x: np.cos(x * x), lambda x: mp.cos(x * x),
               lambda x: -2 * x * mp.sin(x * x), uniform(2, 10 if eps < 1e-10 else 4)),
        family("oscillating", "exp sin", lambda x, w: np.exp(np.sin(w * x)), lambda x, w: mp.exp(mp.sin(w * x)),
               lambda x, w: w * mp.cos(w * x) * mp.exp(mp.sin(w * x)), N, sized(3, fast / 5, both=False)),
        family("oscillating", "a ripple", lambda x, w: x + np.sin(w * x) / 64, lambda x, w: x + mp.sin(w * x) / 64,
               lambda x, w: 1 + w * mp.cos(w * x) / 64, N, sized(3, fast / 3, both=False)),
        family("edge", "log", np.log, mp.log, lambda x: 1 / x, sized(tiny, 1, both=False)),
        family("edge", "square root", np.sqrt, mp.sqrt, lambda x: 1 / (2 * mp.sqrt(x)), sized(tiny, 1, both=False)),
        family("edge", "x log x", lambda x: x * np.log(x), lambda x: x * mp.log(x), lambda x: mp.log(x) + 1,
               sized(tiny, 1, both=False)),
        family("edge", "arcsin", np.arcsin, mp.asin, lambda x: 1 / mp.sqrt((1 - x) * (1 + x)),
               lambda rng: 1 - 10 ** rng.uniform(-4 if eps < 1e-10 else -2, 0)),
        family("edge", "arccosh", np.arccosh, mp.acosh, lambda x: 1 / mp.sqrt((x - 1) * (x + 1)),
               lambda rng: 1 + 10 ** rng.uniform(-4 if eps < 1e-10 else -2, 1)),
        family("edge", "log of a share", lambda x: np.log(x) - np.log1p(-x), lambda x: mp.log(x) - mp.log(1 - x),
               lambda x: 1 / (x * (1 - x)), uniform(0.01, 0.99)),
        family("cancelling", "sin + 1e6", lambda x: np.sin(x) + 2**20, lambda x: mp.sin(x) + 2**20, mp.cos, N),
        family("cancelling", "exp − 1", lambda x: np.exp(x) - 1, lambda x: mp.exp(x) - 1, mp.exp, sized(1e-6, 1)),
        family("cancelling", "log(1 + x)", lambda x: np.log(1 + x), lambda x: mp.log(1 + x), lambda x: 1 / (1 + x),
               sized(1e-6 if eps < 1e-10 else 3e-3, 0.5)),  # below, 1 + x has too few stairs to measure a slope on
        family("cancelling", "x − sin x", lambda x: x - np.sin(x), lambda x: x - mp.sin(x), lambda x: 1 - mp.cos(x),
               sized(1e-2, 3)),
        family("cancelling", "(1 − cos x) / x²", lambda x: (1 - np.cos(x)) / (x * x), lambda x: (1 - mp.cos(x)) / x**2,
               lambda x: mp.sin(x) / x**2 - 2 * (1 - mp.cos(x)) / x**3, sized(0.03, 3)),
        family("cancelling", "difference of roots", lambda x: np.sqrt(x + 1) - np.sqrt(x),
               lambda x: mp.sqrt(x + 1) - mp.sqrt(x), lambda x: 1 / (2 * mp.sqrt(x + 1)) - 1 / (2 * mp.sqrt(x)),
               sized(1, 1e4, both=False)),
        family("noisy", "rounded", lambda x: np.rint(np.sin(x) * 2**bits) / 2**bits, mp.sin, mp.cos, N),
        family("noisy", "white", lambda x: np.sin(x) + hashed(x) / 2**bits, mp.sin, mp.cos, N),
        beside("|x − k|", lambda x, k: np.abs(x - k), lambda x, k: abs(x - k), lambda x, k: mp.sign(x - k), close, 1),
        beside("relu + sin", lambda x, k: np.maximum(x - k, 0) + np.sin(x), lambda x, k: max(x - k, 0) + mp.sin(x),
               lambda x, k: positive(x - k) + mp.cos(x), close, 1),
        beside("max²", lambda x, k: np.maximum(x, k) ** 2, lambda x, k: max(x, k) ** 2,
               lambda x, k: 2 * x * positive(x - k), close, 1),
        beside("|x − k| x", lambda x, k: np.abs(x - k) * x, lambda x, k: abs(x - k) * x,
               lambda x, k: mp.sign(x - k) * x + abs(x - k), close, 1),
        beside("relu³", lambda x, k: np.maximum(x - k, 0) ** 3 + x, lambda x, k: max(x - k, 0) ** 3 + x,
               lambda x, k: 3 * max(x - k, 0) ** 2 + 1, close, 1),
    )  # fmt: skip


def drawn(family, dtype, rng, *, claim=True, kappa=None):
    """Measure a family at a fresh point; the claim is the truth rounded, or nothing."""
    eps = float(np.finfo(dtype).eps)
    for _ in range(100):
        x, *p = (np.asarray(number, dtype=dtype)[()] for number in family.draw(rng))
        with np.errstate(all="ignore"):
            y = family.f(x, *p)
        if np.isfinite(y):
            break
    exact = [mp.mpf(float(number)) for number in (x, *p)]
    slope = family.slope(*exact)
    size = abs(float(x)) or 1.0
    g = None if not claim else np.array([float(slope)])
    point = np.array([x], dtype=dtype)
    v = np.array([size])

    def evaluate(moved):
        with np.errstate(all="ignore"):
            value = family.f(moved, *p).astype(np.float64)
        return value if np.isfinite(value).all() else None

    line = Line(evaluate, point, v, np.ones(1), evaluate(point), g, eps)
    estimate = measure(line, rng.uniform(0.7, 1.4), kappa=kappa)
    truth = float(slope * size)
    gap = float(slope * mp.mpf(size) - (mp.mpf(float(slope)) * mp.mpf(size) if claim else 0))
    return Drawn(family, estimate, truth, estimate.gap - gap)
