"""Odd shapes and types: 0-d, views, integers, Python floats, several outputs, unlike dtypes, many entries."""

from functools import partial

import numpy as np
from scipy.special import expit

from ..make import distinct, elementwise, fixed, integers, normal, positive, rule
from . import activations, dense, indexing, losses, norm
from .activations import softmax, softmax_pull

E, R, B = partial(elementwise, "shapes"), partial(rule, "shapes"), partial(rule, "large")


NOISE32 = "border: values are noisy at 6e-8"
STEP32 = "border: a float32 input moves in steps of 6e-8, the output is float64"


def f32(draw):
    return lambda rng: draw(rng).astype(np.float32)


def read_only(draw):
    def frozen(rng):
        x = draw(rng)
        x.flags.writeable = False
        return x

    return frozen


def through_float32(f):
    """Round the input to float32, compute there, and come back."""
    return lambda *xs: f(*(x.astype(np.float32) for x in xs)).astype(xs[0].dtype)


def moments(x):
    return x.mean(), ((x - x.mean()) ** 2).mean(), (x**3).sum(0)


def moments_pull(u, x):
    return u[0] / x.size + 2 * u[1] * (x - x.mean()) / x.size + 3 * u[2] * x * x


def polar_pull(u, r, a):
    return u[0] * np.cos(a) + u[1] * np.sin(a), -u[0] * r * np.sin(a) + u[1] * r * np.cos(a)


def five(a, b, c, d, e):
    return a * b + c * np.sin(d) + e**3


def five_pull(u, a, b, c, d, e):
    return u * b, u * a, u * np.sin(d), u * c * np.cos(d), 3 * u * e * e


def table_pull(u, W, i, j):
    return indexing.scatter(W, (i, j), u), None, None


def again(name, base, *draws):
    """A rule of another family with very many entries."""
    return B(name, base.forward, lambda u, *xs: base.vjp(xs, u), *draws, names=base.names)


SMALL = (
    R("0-d input", lambda x: x * np.sin(x), lambda u, x: u * (np.sin(x) + x * np.cos(x)), normal()),
    R("0-d inputs, 0-d output", lambda x, y: x**2 * y, lambda u, x, y: (2 * u * x * y, u * x * x), normal(), normal()),
    R(
        "0-d times array",
        lambda s, x: s * x * x,
        lambda u, s, x: ((u * x * x).sum(), 2 * u * s * x),
        normal(),
        normal(3, 5),
    ),
    R("one entry", np.exp, lambda u, x: u * np.exp(x), normal(1), names=("x",)),
    R("one entry of three axes", lambda x: x**3, lambda u, x: 3 * u * x * x, normal(1, 1, 1)),
    R("column of three", lambda x: (x * x).sum(1), lambda u, x: 2 * u[:, None] * x, normal(3, 1)),
    R(
        "four axes",
        lambda x: np.einsum("abcd->ca", x**2),
        lambda u, x: 2 * x * u.T[:, None, :, None],
        normal(2, 3, 5, 4),
    ),
    R("python float from an array", lambda x: float((x**2).sum()), lambda u, x: 2 * u * x, normal(3, 5)),
    R(
        "python float from numbers",
        lambda a, b: float(a * np.exp(b)),
        lambda u, a, b: (u * np.exp(b), u * a * np.exp(b)),
        normal(),
        normal(),
    ),
    R(
        "transposed view in",
        lambda x: np.tanh(x),
        lambda u, x: u * (1 - np.tanh(x) ** 2),
        lambda rng: rng.standard_normal((5, 3)).T,
    ),
    R("every other row in", lambda x: x**3, lambda u, x: 3 * u * x * x, lambda rng: rng.standard_normal((6, 5))[::2]),
    R(
        "reversed view in",
        lambda x: np.cumsum(x * x),
        lambda u, x: np.cumsum(u[::-1])[::-1] * 2 * x,
        lambda rng: rng.standard_normal(7)[::-1],
    ),
    R(
        "column order in",
        lambda x, W: np.tanh(x @ W),
        lambda u, x, W: ((v := u * (1 - np.tanh(x @ W) ** 2)) @ W.T, x.T @ v),
        normal(5, 3),
        lambda rng: np.asfortranarray(rng.standard_normal((3, 2))),
    ),
    R("read-only in", lambda x: x * x, lambda u, x: 2 * u * x, read_only(normal(3, 5))),
    R(
        "read-only gradient",
        lambda x: x.sum(),
        lambda u, x: np.broadcast_to(u, x.shape),
        normal(3, 5),
        note="border: a view of one number",
    ),
    R("gradient in column order", lambda x: x.T * 2, lambda u, x: 2 * u.T, normal(3, 5)),
    R("gradient a numpy scalar", lambda x: 3 * x, lambda u, x: 3 * np.float64(u), normal(), note="border: no array"),
    R(
        "integer exponents",
        lambda x, n: x**n,
        lambda u, x, n: (u * n * x ** (n - 1), None),
        positive(0.5, 2, 3, 5),
        integers(1, 5, 3, 5),
    ),
    R("two index arrays", lambda W, i, j: W[i, j], table_pull, normal(3, 5), integers(0, 3, 7), integers(0, 5, 7)),
    R(
        "boolean and array",
        lambda m, x: m * np.exp(x),
        lambda u, m, x: (None, u * m * np.exp(x)),
        lambda rng: rng.random((3, 5)) < 0.7,
        normal(3, 5),
    ),
    R("five inputs", five, five_pull, *[normal(3, 5)] * 5),
    R("three outputs of unlike shapes", moments, moments_pull, normal(5, 3)),
    R("polar to cartesian", lambda r, a: (r * np.cos(a), r * np.sin(a)), polar_pull, positive(0.5, 2, 5), normal(5)),
    R(
        "output and its square",
        lambda x: (np.sin(x), np.sin(x) ** 2),
        lambda u, x: u[0] * np.cos(x) + u[1] * np.sin(2 * x),
        normal(3, 5),
    ),
    R("tuple of one", lambda x: (np.exp(x),), lambda u, x: u[0] * np.exp(x), normal(3, 5)),
    R("a constant among the outputs", lambda x: (x * x, np.ones(2, x.dtype)), lambda u, x: 2 * u[0] * x, normal(5)),
    R(
        "float32 weights, float64 data",
        lambda x, W: x @ W,
        lambda u, x, W: (u @ W.T, (x.T @ u).astype(np.float32)),
        normal(5, 3),
        f32(normal(3, 2)),
        precision=1e-6,
        note=STEP32,
    ),
    R(
        "float32 scale, float64 data",
        lambda x, s: np.sin(x) * s,
        lambda u, x, s: (u * np.cos(x) * s, (u * np.sin(x)).sum().astype(np.float32)),
        normal(5),
        lambda rng: np.array(1.7, np.float32),
        precision=1e-6,
        note=STEP32,
    ),
    E("tanh through float32", through_float32(np.tanh), lambda x: 1 - np.tanh(x) ** 2, oracle=np.tanh, note=NOISE32),
    E(
        "sigmoid through float32, both ways",
        through_float32(expit),
        lambda x: expit(x.astype(np.float32)) * expit(-x.astype(np.float32)),
        oracle=expit,
        note=NOISE32,
        precision=1e-5,
    ),
    R(
        "softmax through float32",
        through_float32(softmax),
        lambda u, x: softmax_pull(u, softmax(x)),
        normal(3, 5),
        names=("x",),
        oracle=softmax,
        note=NOISE32,
    ),
    R(
        "matmul through float32",
        through_float32(np.matmul),
        lambda u, x, W: (u @ W.T, x.T @ u),
        normal(5, 3),
        normal(3, 2),
        names=("x", "W"),
        oracle=np.matmul,
        note=NOISE32,
    ),
    R("the same every time", lambda x: x**2 / 2, lambda u, x: u * x, fixed([0.5, -1.25, 2.0, 0.75])),
)

LARGE = (
    again("tanh of 200,000", activations.TANH, normal(400, 500)),
    again("softmax of 100 × 700", activations.SOFTMAX, normal(100, 700)),
    again("affine, 50 × 200 × 90", dense.AFFINE, normal(50, 200), normal(200, 90, scale=0.1), normal(1, 90)),
    again("layer normalisation of 64 × 500", norm.LAYER, normal(64, 500), normal(500), normal(500)),
    again("batch normalisation of 500 × 30", norm.BATCH, normal(500, 30), normal(30), normal(30)),
    again("embedding of 1,000 × 20", indexing.EMBED, normal(1000, 20), integers(0, 1000, 700)),
    again("mean squared error of 100,000", losses.MSE, normal(1000, 100), normal(1000, 100)),
    again("cross-entropy of 2,000 × 10", losses.CROSS_ENTROPY, normal(2000, 10), integers(0, 10, 2000)),
    B("sum of 200,000", lambda x: x.sum(), lambda u, x: u * np.ones_like(x), normal(200000)),
    B("cumulative sum of 100,000", np.cumsum, lambda u, x: np.cumsum(u[::-1])[::-1], normal(100000), names=("x",)),
    B("sort of 10,000", np.sort, lambda u, x: u[np.argsort(np.argsort(x))], distinct(10000, step=0.01), names=("x",)),
    B("max of 50,000", lambda x: x.max(), lambda u, x: u * (x == x.max()), distinct(50000, step=1e-3)),
    B(
        "fourier magnitudes of 2^13",
        lambda x: np.abs(np.fft.rfft(x)) ** 2,
        lambda u, x: (
            np.fft.irfft(np.fft.rfft(x) * u * np.where(np.arange(u.size) % (u.size - 1) == 0, 2, 1), x.size) * x.size
        ),
        normal(8192),
    ),
    B(
        "running mean of 60,000",
        lambda x: np.convolve(x, np.ones(9) / 9, "valid"),
        lambda u, x: np.convolve(u, np.ones(9) / 9),
        normal(60000),
    ),
    B(
        "2-norm of 100,000",
        lambda x: np.sqrt((x * x).sum()),
        lambda u, x: u * x / np.sqrt((x * x).sum()),
        normal(100000),
    ),
)

RULES = SMALL + LARGE
