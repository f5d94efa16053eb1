"""Mistakes in losses as people make them."""

import numpy as np
from scipy.special import expit

from ..right import losses, rare_losses
from ..right.activations import softmax
from ..right.losses import one_hot, triplet_pull
from .mutators import bug, shelf

L = shelf(losses, rare_losses)


def on(name, how, slug, *, size=None, **pulls):
    return bug(L[name], how, slug, size=size, **pulls)


def active(a, p, n, margin=5):
    return (((a - p) ** 2).sum(1) - ((a - n) ** 2).sum(1) + margin > 0)[:, None] / len(a)


def unit(a):
    return a / np.sqrt((a * a).sum(1, keepdims=True))


def smoothing(z, k, rest):
    """Targets that give `rest` to each other class."""
    t = np.full(z.shape, rest)
    t[np.arange(len(k)), k] = 0.9 + 0.1 / z.shape[1]
    return t


def margin_mask(z, k):
    return (z - z[np.arange(len(k)), k][:, None] + 1 > 0).astype(z.dtype)


def hits(z, k):
    return (margin_mask(z, k) * (1 - one_hot(k, z))).sum(1, keepdims=True)


RULES = (
    on("mean squared error", "mean left out", "sum_for_mean", p=lambda u, p, y: 2 * u * (p - y), size=14),
    on(
        "mean squared error",
        "mean over the batch only",
        "sum_for_mean",
        p=lambda u, p, y: 2 * u * (p - y) / len(p),
        size=2,
    ),
    on("mean squared error", "factor 2 left out", "factor", p=lambda u, p, y: u * (p - y) / p.size, size=0.5),
    on(
        "mean squared error",
        "targets' gradient of the predictions' sign",
        "sign",
        y=lambda u, p, y: 2 * u * (p - y) / p.size,
        size=2,
    ),
    on("half sum of squares", "a mean", "mean_for_sum", p=lambda u, p, y: u * (p - y) / p.size, size=14 / 15),
    on("mean absolute error", "sign left out", "wrong_function", p=lambda u, p, y: u * (p - y) / p.size),
    on("root mean squared error", "root left out", "missing_factor", p=lambda u, p, y: u * (p - y) / p.size),
    on(
        "squared error, one loss a row",
        "cotangent of the first row",
        "cotangent_ignored",
        p=lambda u, p, y: 2 * u[0] * (p - y),
    ),
    on(
        "cross-entropy of logits",
        "sum over the batch",
        "sum_for_mean",
        z=lambda u, z, k: u * (softmax(z) - one_hot(k, z)),
        size=4,
    ),
    on(
        "cross-entropy of logits",
        "mean over everything",
        "mean_for_sum",
        z=lambda u, z, k: u * (softmax(z) - one_hot(k, z)) / z.size,
        size=2 / 3,
    ),
    on(
        "cross-entropy of logits",
        "labels from one",
        "shift",
        z=lambda u, z, k: u * (softmax(z) - one_hot((k + 1) % 3, z)) / len(k),
    ),
    on("cross-entropy of logits", "target left out", "missing_term", z=lambda u, z, k: u * softmax(z) / len(k)),
    on(
        "cross-entropy of logits",
        "of probabilities",
        "fused",
        z=lambda u, z, k: -u * one_hot(k, z) / softmax(z) / len(k),
    ),
    on(
        "cross-entropy of logits",
        "sign turned",
        "sign",
        z=lambda u, z, k: u * (one_hot(k, z) - softmax(z)) / len(k),
        size=2,
    ),
    on(
        "label-smoothed cross-entropy",
        "smoothing left out",
        "missing_term",
        z=lambda u, z, k: u * (softmax(z) - one_hot(k, z)) / len(k),
    ),
    on(
        "label-smoothed cross-entropy",
        "smoothing over k − 1 classes",
        "constant",
        z=lambda u, z, k: u * (softmax(z) - smoothing(z, k, 0.05)) / len(k),
    ),
    on("binary cross-entropy", "that of logits", "fused", p=lambda u, p, t: u * (p - t) / p.size),
    on("binary cross-entropy", "1 − p left out", "missing_factor", p=lambda u, p, t: u * (p - t) / p / p.size),
    on(
        "binary cross-entropy",
        "half of the targets' gradient",
        "missing_term",
        t=lambda u, p, t: -u * np.log(p) / p.size,
    ),
    on(
        "binary cross-entropy of logits",
        "sigmoid twice",
        "wrong_argument",
        z=lambda u, z, t: u * (expit(expit(z)) - t) / z.size,
    ),
    on(
        "binary cross-entropy of logits",
        "sigmoid's slope once more",
        "extra_factor",
        z=lambda u, z, t: u * (expit(z) - t) * expit(z) * expit(-z) / z.size,
    ),
    on("huber", "threshold 1.35", "constant", p=lambda u, p, y: u * np.clip(p - y, -1.35, 1.35) / p.size),
    on("huber", "never clipped", "mask", p=lambda u, p, y: u * (p - y) / p.size),
    on("huber", "always a sign", "mask", p=lambda u, p, y: u * np.sign(p - y) / p.size),
    on("log-cosh", "slope of a half", "wrong_argument", p=lambda u, p, y: u * np.tanh((p - y) / 2) / p.size),
    on(
        "kullback-leibler of log-probabilities",
        "one left out",
        "missing_term",
        p=lambda u, q, p: u * (np.log(p) - q) / len(p),
    ),
    on(
        "kullback-leibler of log-probabilities",
        "argument an ordinary probability",
        "wrong_argument",
        logq=lambda u, q, p: -u * p / np.exp(q) / len(p),
    ),
    on(
        "least squares with ridge",
        "penalty left out",
        "missing_term",
        w=lambda u, w, x, y: 2 * u * x.T @ (x @ w - y) / len(y),
    ),
    on(
        "least squares with ridge",
        "penalty without its 2",
        "missing_factor",
        w=lambda u, w, x, y: u * (2 * x.T @ (x @ w - y) / len(y) + 0.1 * w),
    ),
    on(
        "least squares with ridge",
        "penalty of a mean",
        "constant",
        w=lambda u, w, x, y: u * (2 * x.T @ (x @ w - y) + 0.2 * w) / len(y),
    ),
    on(
        "gaussian likelihood",
        "normaliser's term left out",
        "missing_term",
        s=lambda u, m, s, y: -u * (y - m) ** 2 * np.exp(-2 * s) / y.size,
    ),
    on(
        "gaussian likelihood",
        "s taken for a log variance",
        "wrong_argument",
        mu=lambda u, m, s, y: -u * (y - m) * np.exp(-s) / y.size,
    ),
    on(
        "kullback-leibler to the standard normal",
        "one left out",
        "missing_term",
        lv=lambda u, m, lv: u * np.exp(lv) / 2 / len(m),
    ),
    on(
        "kullback-leibler to the standard normal",
        "lv taken for a log deviation",
        "wrong_argument",
        lv=lambda u, m, lv: u * (np.exp(2 * lv) - 1) / 2 / len(m),
    ),
    on(
        "cosine distance",
        "lengths as constants",
        "missing_term",
        a=lambda u, a, b: -u / len(a) * unit(b) / np.sqrt((a * a).sum(1, keepdims=True)),
    ),
    on(
        "cosine distance",
        "only projected",
        "missing_factor",
        b=lambda u, a, b: -u / len(a) * (unit(a) - (unit(a) * unit(b)).sum(1, keepdims=True) * unit(b)),
    ),
    on(
        "triplet margin",
        "anchor without the negative",
        "missing_term",
        a=lambda u, a, p, n: u * active(a, p, n) * 2 * (a - p),
    ),
    on("triplet margin", "mask turned", "mask", p=lambda u, a, p, n: -2 * u * (1 / len(a) - active(a, p, n)) * (a - p)),
    on(
        "triplet margin",
        "negative of the positive's sign",
        "sign",
        n=lambda u, a, p, n: -triplet_pull(u, a, p, n)[2],
        size=2,
    ),
    on(
        "multi-class hinge",
        "the right class not counted",
        "missing_term",
        z=lambda u, z, k: u * margin_mask(z, k) * (1 - one_hot(k, z)) / len(k),
    ),
    on(
        "multi-class hinge",
        "the right class counted twice",
        "one_entry",
        z=lambda u, z, k: u * (margin_mask(z, k) * (1 - one_hot(k, z)) - 2 * hits(z, k) * one_hot(k, z)) / len(k),
    ),
    on(
        "pinball, quantile 0.9",
        "quantiles swapped",
        "swapped",
        p=lambda u, p, y: u * np.where(p < y, -0.1, 0.9) / p.size,
    ),
    on(
        "focal, gamma 2",
        "weight as a constant",
        "missing_term",
        z=lambda u, z, t: u * (1 - expit((2 * t - 1) * z)) ** 2 * (expit(z) - t) / z.size,
    ),
    on("dice", "denominator as a constant", "missing_term", p=lambda u, p, t: -2 * u * t / (p.sum() + t.sum() + 1)),
    on(
        "squared hinge",
        "factor 2 left out",
        "factor",
        z=lambda u, z, t: -u * (2 * t - 1) * np.maximum(1 - (2 * t - 1) * z, 0) / z.size,
        size=0.5,
    ),
    on("exponential", "label's sign left out", "missing_factor", z=lambda u, z, t: u * np.exp(-(2 * t - 1) * z)),
    on(
        "poisson of log-rates",
        "rates taken for log-rates",
        "wrong_argument",
        z=lambda u, z, k: u * (1 - k / np.exp(z)) / z.size,
    ),
    on(
        "brier of softmax",
        "softmax diagonal",
        "diagonal",
        z=lambda u, z, t: 2 * u / len(z) * softmax(z) * (1 - softmax(z)) * (softmax(z) - t),
    ),
    on("entropy", "one left out", "missing_term", p=lambda u, p: -u * np.log(p)),
    on("entropy", "in bits", "log_base", p=lambda u, p: -u * (np.log2(p) + 1)),
    on("contrastive, both sides", "keys as constants", "zero", k=lambda u, q, k: 0 * k, size=1),
    on(
        "contrastive, both sides",
        "temperature left out",
        "factor",
        q=lambda u, q, k: u * (softmax(q @ k.T / 0.5) - np.eye(len(q))) / len(q) @ k,
        size=0.5,
    ),
    on("weighted mean", "weights' sum as a constant", "missing_term", w=lambda u, p, w: u * p * p / w.sum()),
    on("elastic penalty", "squares only", "missing_term", w=lambda u, w: 1.4 * u * w),
    on("group penalty", "one norm for all", "wrong_axis", w=lambda u, w: u * w / np.sqrt((w * w).sum())),
    on(
        "squared log error",
        "1 + p left out",
        "missing_factor",
        p=lambda u, p, y: 2 * u * (np.log1p(p) - np.log1p(y)) / p.size,
    ),
    on(
        "relative error",
        "targets' gradient as if absolute",
        "missing_factor",
        y=lambda u, p, y: -2 * u * (p - y) / y**2 / y.size,
    ),
    on(
        "charbonnier",
        "1e-2 for 1e-6",
        "constant",
        p=lambda u, p, y: u * (p - y) / np.sqrt((p - y) ** 2 + 1e-2) / p.size,
    ),
    on(
        "total variation, smoothed",
        "one neighbour only",
        "missing_term",
        x=lambda u, x: np.append(-u * np.diff(x) / np.sqrt(np.diff(x) ** 2 + 1e-2), 0),
    ),
)
