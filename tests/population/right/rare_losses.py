"""Losses and penalties that are met less often."""

from functools import partial
from math import log, sqrt

import numpy as np
from scipy.special import expit, gammaln

from ..make import away, integers, normal, positive, rule
from .activations import softmax, softplus
from .losses import BITS, PAIR, PROB, far_pair, log_softmax

R = partial(rule, "losses")


def focal_pull(u, z, t):
    """−(1−p)² log p with p = σ(±z)."""
    s = 2 * t - 1
    p = expit(s * z)
    return u * s * (2 * (1 - p) ** 2 * p * np.log(p) - (1 - p) ** 3) / z.size, None


def focal(z, t):
    s = 2 * t - 1
    return ((1 - expit(s * z)) ** 2 * softplus(-s * z)).mean()


def dice_pull(u, p, t):
    a, b = (p * t).sum(), p.sum() + t.sum() + 1
    return u * (-2 * t / b + (2 * a + 1) / b**2), None


def info_nce(q, k):
    z = log_softmax(q @ k.T / 0.5)
    return -np.trace(z) / len(q)


def info_nce_pull(u, q, k):
    d = u * (softmax(q @ k.T / 0.5) - np.eye(len(q))) / len(q) / 0.5
    return d @ k, d.T @ q


def pinball_pull(u, p, y):
    g = u * np.where(p < y, -0.9, 0.1) / p.size
    return g, -g


def hellinger_pull(u, p, q):
    h = np.sqrt(((np.sqrt(p) - np.sqrt(q)) ** 2).sum(1, keepdims=True))
    d = u * (np.sqrt(p) - np.sqrt(q)) / h / 2
    return d / np.sqrt(p), -d / np.sqrt(q)


def student_pull(u, z, s):
    e = np.exp(-2 * s) / 3
    return 4 * u * z * e / (1 + z * z * e), u * (1 - 4 * z * z * e / (1 + z * z * e))


def tv_pull(u, x):
    d = np.diff(x)
    g = u * d / np.sqrt(d * d + 1e-2)
    return np.concatenate([-g[:1], -np.diff(g), g[-1:]])


RULES = (
    R(
        "root mean squared error",
        lambda p, y: np.sqrt(((p - y) ** 2).mean()),
        lambda u, p, y: (
            u * (p - y) / p.size / np.sqrt(((p - y) ** 2).mean()),
            u * (y - p) / p.size / np.sqrt(((p - y) ** 2).mean()),
        ),
        *PAIR,
    ),
    R(
        "squared error, one loss a row",
        lambda p, y: ((p - y) ** 2).sum(1),
        lambda u, p, y: (2 * u[:, None] * (p - y), -2 * u[:, None] * (p - y)),
        *PAIR,
    ),
    R(
        "log-cosh",
        lambda p, y: (softplus(2 * (p - y)) - (p - y) - log(2)).mean(),
        lambda u, p, y: (u * np.tanh(p - y) / p.size, -u * np.tanh(p - y) / p.size),
        *PAIR,
    ),
    R(
        "pinball, quantile 0.9",
        lambda p, y: np.where(p < y, 0.9 * (y - p), 0.1 * (p - y)).mean(),
        pinball_pull,
        draw=far_pair,
    ),
    R("focal, gamma 2", focal, focal_pull, normal(5, 3), BITS),
    R("dice", lambda p, t: 1 - (2 * (p * t).sum() + 1) / (p.sum() + t.sum() + 1), dice_pull, PROB, BITS),
    R(
        "hinge",
        lambda z, t: np.maximum(1 - (2 * t - 1) * z, 0).mean(),
        lambda u, z, t: (u * -(2 * t - 1) * ((2 * t - 1) * z < 1) / z.size, None),
        away(5, 3, gap=0.2, mean=1),
        integers(0, 2, 5, 3),
    ),
    R(
        "squared hinge",
        lambda z, t: (np.maximum(1 - (2 * t - 1) * z, 0) ** 2).mean(),
        lambda u, z, t: (u * -2 * (2 * t - 1) * np.maximum(1 - (2 * t - 1) * z, 0) / z.size, None),
        normal(5, 3),
        BITS,
    ),
    R(
        "exponential",
        lambda z, t: np.exp(-(2 * t - 1) * z).sum(),
        lambda u, z, t: (u * -(2 * t - 1) * np.exp(-(2 * t - 1) * z), None),
        normal(5, 3),
        BITS,
    ),
    R(
        "poisson of log-rates",
        lambda z, k: (np.exp(z) - k * z + gammaln(k + 1.0)).mean(),
        lambda u, z, k: (u * (np.exp(z) - k) / z.size, None),
        normal(5, 3),
        integers(0, 6, 5, 3),
    ),
    R(
        "cauchy",
        lambda p, y: np.log1p((p - y) ** 2).sum(),
        lambda u, p, y: (2 * u * (p - y) / (1 + (p - y) ** 2), -2 * u * (p - y) / (1 + (p - y) ** 2)),
        *PAIR,
    ),
    R(
        "charbonnier",
        lambda p, y: np.sqrt((p - y) ** 2 + 1e-6).mean(),
        lambda u, p, y: (
            u * (p - y) / np.sqrt((p - y) ** 2 + 1e-6) / p.size,
            u * (y - p) / np.sqrt((p - y) ** 2 + 1e-6) / p.size,
        ),
        draw=far_pair,
    ),
    R(
        "brier of softmax",
        lambda z, t: ((softmax(z) - t) ** 2).sum(1).mean(),
        lambda u, z, t: (
            2 * u / len(z) * softmax(z) * ((softmax(z) - t) - (softmax(z) * (softmax(z) - t)).sum(1, keepdims=True)),
            -2 * u / len(z) * (softmax(z) - t),
        ),
        normal(5, 3),
        PROB,
    ),
    R("entropy", lambda p: -(p * np.log(p)).sum(), lambda u, p: -u * (np.log(p) + 1), PROB),
    R("contrastive, both sides", info_nce, info_nce_pull, normal(5, 3), normal(5, 3)),
    R(
        "hellinger",
        lambda p, q: np.sqrt(((np.sqrt(p) - np.sqrt(q)) ** 2).sum(1)).sum(),
        lambda u, p, q: hellinger_pull(u, p, q),
        PROB,
        PROB,
    ),
    R(
        "student likelihood",
        lambda z, s: (s + 2 * np.log1p(z * z * np.exp(-2 * s) / 3)).sum(),
        lambda u, z, s: student_pull(u, z, s),
        *PAIR,
    ),
    R(
        "elastic penalty",
        lambda w: 0.3 * np.abs(w).sum() + 0.7 * (w * w).sum(),
        lambda u, w: u * (0.3 * np.sign(w) + 1.4 * w),
        away(3, 5),
    ),
    R(
        "group penalty",
        lambda w: np.sqrt((w * w).sum(0)).sum(),
        lambda u, w: u * w / np.sqrt((w * w).sum(0)),
        normal(3, 5),
    ),
    R(
        "relative error",
        lambda p, y: (((p - y) / y) ** 2).mean(),
        lambda u, p, y: (2 * u * (p - y) / y**2 / y.size, -2 * u * (p - y) * p / y**3 / y.size),
        normal(5, 3),
        away(5, 3, gap=0.5),
    ),
    R(
        "squared log error",
        lambda p, y: ((np.log1p(p) - np.log1p(y)) ** 2).mean(),
        lambda u, p, y: (
            2 * u * (np.log1p(p) - np.log1p(y)) / (1 + p) / p.size,
            -2 * u * (np.log1p(p) - np.log1p(y)) / (1 + y) / p.size,
        ),
        positive(0.1, 9, 5, 3),
        positive(0.1, 9, 5, 3),
    ),
    R(
        "weighted mean",
        lambda p, w: (w * p * p).sum() / w.sum(),
        lambda u, p, w: (2 * u * w * p / w.sum(), u * (p * p - (w * p * p).sum() / w.sum()) / w.sum()),
        normal(5, 3),
        positive(0.5, 2, 5, 3),
    ),
    R(
        "total variation, smoothed",
        lambda x: np.sqrt(np.diff(x) ** 2 + 1e-2).sum(),
        lambda u, x: tv_pull(u, x),
        normal(7),
    ),
    R(
        "distance to a sphere",
        lambda x: (sqrt(2.0) - np.sqrt((x * x).sum())) ** 2,
        lambda u, x: 2 * u * (np.sqrt((x * x).sum()) - sqrt(2.0)) * x / np.sqrt((x * x).sum()),
        normal(5),
    ),
)
