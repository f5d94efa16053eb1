"""Points near the edge of a domain or of a pole, and maps that are constant, flat or linear."""

from functools import partial

import numpy as np
from scipy.special import gamma, gammaln, xlogy

from ..make import away, elementwise, normal, positive, rule, scaled, uniform

E, L, R = partial(elementwise, "edges"), partial(elementwise, "linear"), partial(rule, "linear")
NEAR_0 = positive(1e-9, 1e-6, 3, 5)


def below(edge, low=1e-7, high=1e-4):
    """Below a positive edge by a share of it."""
    return lambda rng: edge * (1 - positive(low, high, 3, 5)(rng))


def above(edge):
    return lambda rng: edge * (1 + positive(1e-7, 1e-4, 3, 5)(rng))


def haar(x):
    return np.concatenate([x[::2] + x[1::2], x[::2] - x[1::2]])


def haar_pull(u, x):
    s, d = np.split(u, 2)
    return np.stack([s + d, s - d], 1).ravel()


DCT = np.cos(np.pi * np.outer(np.arange(7), np.arange(7) + 0.5) / 7)

RULES = (
    E("log near 0", np.log, lambda x: 1 / x, NEAR_0),
    E("sqrt near 0", np.sqrt, lambda x: 0.5 / np.sqrt(x), NEAR_0),
    E("cube root near 0", np.cbrt, lambda x: np.cbrt(x) / x / 3, scaled(1e-9, 1e-6, 3, 5)),
    E("x^0.3 near 0", lambda x: x**0.3, lambda x: 0.3 * x**-0.7, NEAR_0),
    E("x^1.5 near 0", lambda x: x**1.5, lambda x: 1.5 * np.sqrt(x), NEAR_0),
    E("x^x near 0", lambda x: x**x, lambda x: x**x * (np.log(x) + 1), NEAR_0),
    E("x log x near 0", lambda x: xlogy(x, x), lambda x: np.log(x) + 1, NEAR_0),
    E("1/x near 0", lambda x: 1 / x, lambda x: -1 / x**2, scaled(1e-6, 1e-3, 3, 5)),
    E("1/sqrt near 0", lambda x: 1 / np.sqrt(x), lambda x: -0.5 * x**-1.5, NEAR_0),
    E("log1p near −1", np.log1p, lambda x: 1 / (1 + x), lambda rng: -below(1.0)(rng)),
    E("arcsin near 1", np.arcsin, lambda x: 1 / np.sqrt((1 - x) * (1 + x)), below(1.0)),
    E("arccos near −1", np.arccos, lambda x: -1 / np.sqrt((1 - x) * (1 + x)), lambda rng: -below(1.0)(rng)),
    E("arccosh near 1", np.arccosh, lambda x: 1 / np.sqrt((x - 1) * (x + 1)), above(1.0)),
    E("arctanh near 1", np.arctanh, lambda x: 1 / ((1 - x) * (1 + x)), below(1.0, 1e-6)),
    E(
        "half circle near 1",
        lambda x: np.sqrt((1 - x) * (1 + x)),
        lambda x: -x / np.sqrt((1 - x) * (1 + x)),
        below(1.0),
    ),
    E("tan near its pole", np.tan, lambda x: 1 / np.cos(x) ** 2, below(np.pi / 2, 1e-4, 1e-2), precision=1e-6),
    E("log of log near 1", lambda x: np.log(np.log(x)), lambda x: 1 / (x * np.log(x)), above(1.0)),
    E("gamma near 0", gamma, lambda x: -gamma(x) / x * (1 + 0.5772156649015329 * x), scaled(1e-6, 1e-5, 3, 5)),
    E("gammaln near 0", gammaln, lambda x: -1 / x - 0.5772156649015329 + np.pi**2 / 6 * x, positive(1e-7, 1e-5, 3, 5)),
    E("power with a base near 0 and a high exponent", lambda x: x**7, lambda x: 7 * x**6, positive(1e-5, 1e-3, 3, 5)),
    E("sqrt of 1e-30", np.sqrt, lambda x: 0.5 / np.sqrt(x), positive(1e-30, 1e-28, 3, 5)),
    R("constant", lambda x: np.ones((2, 3), x.dtype), lambda u, x: 0 * x, normal(5), names=("x",)),
    R("constant in b", lambda a, b: a**3, lambda u, a, b: (3 * u * a * a, 0 * b), normal(5), normal(7)),
    R("first entry unused", lambda x: x[1:] ** 2, lambda u, x: np.concatenate([[0 * x[0]], 2 * u * x[1:]]), normal(7)),
    R("zero times x", lambda x: 0 * x, lambda u, x: 0 * u, normal(3, 5)),
    R("identity", lambda x: x + 0, lambda u, x: u.copy(), normal(3, 5)),
    R(
        "the very cotangent",
        lambda x: x + 1,
        lambda u, x: u,
        normal(3, 5),
        note="border: hands the cotangent itself back",
    ),
    R(
        "projection on a fixed vector",
        lambda x: x @ np.arange(1, 6).astype(x.dtype),
        lambda u, x: np.outer(u, np.arange(1, 6)).astype(x.dtype),
        normal(3, 5),
    ),
    R("cosine transform", lambda x: DCT.astype(x.dtype) @ x, lambda u, x: DCT.T.astype(x.dtype) @ u, normal(7)),
    R("haar step", haar, haar_pull, normal(8)),
    R(
        "alternating sum",
        lambda x: (x * (-1.0) ** np.arange(7)).sum(),
        lambda u, x: u * (-1.0) ** np.arange(7),
        normal(7),
    ),
    R(
        "difference of means",
        lambda a, b: a.mean(0) - b.mean(0),
        lambda u, a, b: (np.tile(u / 5, (5, 1)), np.tile(-u / 7, (7, 1))),
        normal(5, 3),
        normal(7, 3),
    ),
    L(
        "floor, away from steps",
        np.floor,
        lambda x: 0 * x,
        lambda rng: rng.integers(-4, 4, (3, 5)) + rng.uniform(0.2, 0.8, (3, 5)),
    ),
    L(
        "quantised to 1/64",
        lambda x: np.floor(64 * x) / 64,
        lambda x: 0 * x,
        lambda rng: (rng.integers(-128, 128, (3, 5)) + rng.uniform(0.2, 0.8, (3, 5))) / 64,
    ),
    L("round", np.round, lambda x: 0 * x, lambda rng: rng.integers(-4, 4, (3, 5)) + rng.uniform(-0.3, 0.3, (3, 5))),
    L(
        "round, grey levels",
        np.round,
        lambda x: 0 * x,
        lambda rng: rng.integers(0, 256, (3, 5)) + rng.uniform(-0.3, 0.3, (3, 5)),
    ),
    L("floor, beside 1000", np.floor, lambda x: 0 * x, uniform(1000.2, 1000.8, 3, 5)),
    L("four bits of grey levels", lambda x: 17 * np.round(x / 17), lambda x: 0 * x, uniform(102.0, 108.0, 3, 5)),
    L("sign", np.sign, lambda x: 0 * x, away(3, 5)),
    L(
        "saw tooth",
        lambda x: x - np.floor(x),
        lambda x: 1 + 0 * x,
        lambda rng: rng.integers(-4, 4, (3, 5)) + rng.uniform(0.2, 0.8, (3, 5)),
    ),
    L("all dead relu", lambda x: np.maximum(x, 0), lambda x: x > 0, uniform(-3, -1, 3, 5)),
    L("all clipped", lambda x: np.clip(x, -1, 1), lambda x: np.abs(x) < 1, scaled(2, 9, 3, 5)),
    L("tanh at 1000", np.tanh, lambda x: 0 * x, scaled(100, 1000, 3, 5)),
    L("1e-12 x", lambda x: 1e-12 * x, lambda x: 1e-12),
    L("1e12 x", lambda x: 1e12 * x, lambda x: 1e12),
    L(
        "x + 1e11",
        lambda x: x + 1e11,
        lambda x: 1 + 0 * x,
        oracle=lambda x: x,
        precision=1e-6,
        note="border: values are noisy at 1e-5",
    ),
    L("identity at 1e11", lambda x: 1.0 * x, lambda x: 1 + 0 * x, scaled(1e10, 1e11, 3, 5)),
    L("identity at 1e-11", lambda x: 1.0 * x, lambda x: 1 + 0 * x, scaled(1e-12, 1e-11, 3, 5)),
    L("celsius to fahrenheit", lambda x: 1.8 * x + 32, lambda x: 1.8),
)
