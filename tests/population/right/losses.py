"""Losses: scalar functions of predictions and targets; integer targets have no gradient."""

from functools import partial
from math import log, pi

import numpy as np
from scipy.special import expit

from ..make import integers, normal, rule, uniform
from .activations import LOG_SOFTMAX, softmax, softplus

R = partial(rule, "losses")
PAIR = (normal(5, 3), normal(5, 3))
PROB = uniform(0.1, 0.9, 5, 3)
BITS = integers(0, 2, 5, 3)
log_softmax = LOG_SOFTMAX.forward


def one_hot(k, z):
    return (np.arange(z.shape[1]) == k[:, None]).astype(z.dtype)


def far_pair(rng):
    """Predictions and targets whose differences keep away from 0 and from ±1."""
    y = rng.standard_normal((5, 3))
    return y + rng.choice([-1, 1], (5, 3)) * rng.choice([0.5, 1.7], (5, 3)) * rng.uniform(0.8, 1.2, (5, 3)), y


def ranked(rng):
    """Scores whose differences keep away from the margin of 1."""
    return rng.permutation(15).reshape(5, 3) * 0.3 + rng.uniform(-0.04, 0.04, (5, 3))


def cross_entropy(z, k):
    return -log_softmax(z)[np.arange(len(k)), k].mean()


def cross_entropy_pull(u, z, k):
    return u * (softmax(z) - one_hot(k, z)) / len(k), None


def smoothed(z, k, a=0.1):
    t = (1 - a) * one_hot(k, z) + a / z.shape[1]
    return -(t * log_softmax(z)).sum(1).mean()


def smoothed_pull(u, z, k, a=0.1):
    t = (1 - a) * one_hot(k, z) + a / z.shape[1]
    return u * (softmax(z) - t) / len(k), None


def huber(p, y):
    d = np.abs(p - y)
    return np.where(d < 1, d * d / 2, d - 0.5).mean()


def cosine(a, b):
    return 1 - ((a * b).sum(1) / np.sqrt((a * a).sum(1) * (b * b).sum(1))).mean()


def cosine_pull(u, a, b):
    na, nb = np.sqrt((a * a).sum(1, keepdims=True)), np.sqrt((b * b).sum(1, keepdims=True))
    c = (a * b).sum(1, keepdims=True) / na / nb
    return -u / len(a) * (b / na / nb - c * a / na**2), -u / len(a) * (a / na / nb - c * b / nb**2)


def triplet(a, p, n):
    return np.maximum(((a - p) ** 2).sum(1) - ((a - n) ** 2).sum(1) + 5, 0).mean()


def triplet_pull(u, a, p, n):
    on = (((a - p) ** 2).sum(1) - ((a - n) ** 2).sum(1) + 5 > 0)[:, None] * u / len(a)
    return on * 2 * (n - p), on * -2 * (a - p), on * 2 * (a - n)


def ridge_pull(u, w, x, y):
    r = x @ w - y
    return u * (2 * x.T @ r / len(y) + 0.2 * w), u * 2 * np.outer(r, w) / len(y), -2 * u * r / len(y)


def multi_margin(z, k):
    rows = np.arange(len(k))
    m = np.maximum(z - z[rows, k][:, None] + 1, 0)
    return (m.sum(1) - m[rows, k]).mean()


def multi_margin_pull(u, z, k):
    rows = np.arange(len(k))
    on = (z - z[rows, k][:, None] + 1 > 0).astype(z.dtype)
    on[rows, k] = 0
    on[rows, k] = -on.sum(1)
    return u * on / len(k), None


MSE = R(
    "mean squared error",
    lambda p, y: ((p - y) ** 2).mean(),
    lambda u, p, y: (2 * u * (p - y) / p.size, -2 * u * (p - y) / p.size),
    *PAIR,
)
HALF_SSE = R(
    "half sum of squares", lambda p, y: ((p - y) ** 2).sum() / 2, lambda u, p, y: (u * (p - y), u * (y - p)), *PAIR
)
MAE = R(
    "mean absolute error",
    lambda p, y: np.abs(p - y).mean(),
    lambda u, p, y: (u * np.sign(p - y) / p.size, -u * np.sign(p - y) / p.size),
    draw=far_pair,
)
CROSS_ENTROPY = R("cross-entropy of logits", cross_entropy, cross_entropy_pull, normal(5, 3), integers(0, 3, 5))
SMOOTHED = R("label-smoothed cross-entropy", smoothed, smoothed_pull, normal(5, 3), integers(0, 3, 5))
BCE = R(
    "binary cross-entropy",
    lambda p, t: -(t * np.log(p) + (1 - t) * np.log1p(-p)).mean(),
    lambda u, p, t: (u * (p - t) / (p * (1 - p)) / p.size, u * (np.log1p(-p) - np.log(p)) / p.size),
    PROB,
    uniform(0, 1, 5, 3),
)
BCE_LOGITS = R(
    "binary cross-entropy of logits",
    lambda z, t: (softplus(z) - t.astype(z.dtype) * z).mean(),
    lambda u, z, t: (u * (expit(z) - t.astype(z.dtype)) / z.size, None),
    normal(5, 3),
    BITS,
)
HUBER = R(
    "huber",
    huber,
    lambda u, p, y: (u * np.clip(p - y, -1, 1) / p.size, -u * np.clip(p - y, -1, 1) / p.size),
    draw=far_pair,
)
KL = R(
    "kullback-leibler of log-probabilities",
    lambda logq, p: (p * (np.log(p) - logq)).sum(1).mean(),
    lambda u, logq, p: (-u * p / len(p), u * (np.log(p) + 1 - logq) / len(p)),
    normal(5, 3, mean=-1),
    PROB,
)
RIDGE = R(
    "least squares with ridge",
    lambda w, x, y: ((x @ w - y) ** 2).mean() + 0.1 * (w * w).sum(),
    ridge_pull,
    normal(3),
    normal(5, 3),
    normal(5),
)
GAUSSIAN = R(
    "gaussian likelihood",
    lambda mu, s, y: (s + (y - mu) ** 2 * np.exp(-2 * s) / 2 + log(2 * pi) / 2).mean(),
    lambda u, mu, s, y: (
        -u * (y - mu) * np.exp(-2 * s) / y.size,
        u * (1 - (y - mu) ** 2 * np.exp(-2 * s)) / y.size,
        u * (y - mu) * np.exp(-2 * s) / y.size,
    ),
    *PAIR,
    normal(5, 3),
)
VAE = R(
    "kullback-leibler to the standard normal",
    lambda mu, lv: -(1 + lv - mu * mu - np.exp(lv)).sum(1).mean() / 2,
    lambda u, mu, lv: (u * mu / len(mu), u * (np.exp(lv) - 1) / 2 / len(mu)),
    *PAIR,
)
COSINE = R("cosine distance", cosine, cosine_pull, *PAIR)
TRIPLET = R("triplet margin", triplet, triplet_pull, normal(5, 3), normal(5, 3), normal(5, 3))
MULTI_MARGIN = R("multi-class hinge", multi_margin, multi_margin_pull, ranked, integers(0, 3, 5))

RULES = (
    MSE,
    HALF_SSE,
    MAE,
    CROSS_ENTROPY,
    SMOOTHED,
    BCE,
    BCE_LOGITS,
    HUBER,
    KL,
    RIDGE,
    GAUSSIAN,
    VAE,
    COSINE,
    TRIPLET,
    MULTI_MARGIN,
)
