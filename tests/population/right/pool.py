"""Pooling: maxima with and without ties, averages, global ones."""

from functools import partial

import numpy as np

from ..make import distinct, normal, rule

R = partial(rule, "pool")


def blocks(x, kh, kw):
    """(n, c, h, w) -> (n, c, h/kh, w/kw, kh·kw)."""
    n, c, h, w = x.shape
    return x.reshape(n, c, h // kh, kh, w // kw, kw).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h // kh, w // kw, -1)


def unblocks(b, kh, kw):
    n, c, h, w, _ = b.shape
    return b.reshape(n, c, h, w, kh, kw).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h * kh, w * kw)


def first_max(b):
    """One-hot of the first maximum of the last axis."""
    return np.arange(b.shape[-1]) == b.argmax(-1)[..., None]


def max_pool_pull(u, x):
    b = blocks(x, 2, 3)
    return unblocks(u[..., None] * first_max(b), 2, 3)


def average_pull(u, x):
    return unblocks(np.repeat(u[..., None], 6, -1) / 6, 2, 3)


def slide(x, k=3, s=2):
    return np.stack([x[..., i : i + s * ((x.shape[-1] - k) // s) + 1 : s] for i in range(k)], -1)


def slide_back(w, x, k=3, s=2):
    g = np.zeros_like(x)
    for i in range(k):
        g[..., i : i + s * ((x.shape[-1] - k) // s) + 1 : s] += w[..., i]
    return g


def lp_pull(u, x):
    b = blocks(x, 2, 3)
    y = (np.abs(b) ** 3).sum(-1, keepdims=True) ** (1 / 3)
    return unblocks(u[..., None] * np.sign(b) * b * b / y**2, 2, 3)


def softmax_pool(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return (e * x).sum(-1) / e.sum(-1)


def softmax_pool_pull(u, x):
    e = np.exp(x - x.max(-1, keepdims=True))
    p = e / e.sum(-1, keepdims=True)
    return u[..., None] * p * (1 + x - (p * x).sum(-1, keepdims=True))


def padded_average(x):
    return slide(np.pad(x, ((0, 0), (0, 0), (1, 1))), 3, 1).mean(-1)


def padded_average_pull(u, x):
    return slide_back(np.repeat(u[..., None], 3, -1) / 3, np.zeros((*x.shape[:-1], x.shape[-1] + 2), x.dtype), 3, 1)[
        ..., 1:-1
    ]


def counted_average(x):
    """Border windows divide by the pixels that are there."""
    return padded_average(x) * 3 / padded_count(x)


def padded_count(x):
    c = np.full(x.shape[-1], 3, x.dtype)
    c[[0, -1]] = 2
    return c


def k_best(x, k=2):
    return np.sort(x, -1)[..., -k:]


def k_best_pull(u, x, k=2):
    g = np.zeros_like(x)
    np.put_along_axis(g, np.argsort(x, -1)[..., -k:], u, -1)
    return g


def upsample(x):
    return x.repeat(2, -2).repeat(3, -1)


def crested(rng):
    """Distinct entries, one of them the maximum of two windows."""
    x = distinct(2, 3, 7)(rng)
    x[0, 0, 2] = 9.0
    return (x,)


MAX = R("max 2 × 3", lambda x: blocks(x, 2, 3).max(-1), max_pool_pull, distinct(2, 3, 4, 6))
AVERAGE = R("average 2 × 3", lambda x: blocks(x, 2, 3).mean(-1), average_pull, normal(2, 3, 4, 6))
SLIDING_MAX = R(
    "overlapping max",
    lambda x: slide(x).max(-1),
    lambda u, x: slide_back(u[..., None] * first_max(slide(x)), x),
    draw=crested,
)
SLIDING_AVERAGE = R(
    "overlapping average",
    lambda x: slide(x).mean(-1),
    lambda u, x: slide_back(np.repeat(u[..., None], 3, -1) / 3, x),
    normal(2, 3, 7),
)
GLOBAL_AVERAGE = R(
    "global average",
    lambda x: x.mean((2, 3)),
    lambda u, x: np.broadcast_to(u[..., None, None] / (x.shape[2] * x.shape[3]), x.shape).copy(),
    normal(2, 3, 4, 5),
)
GLOBAL_MAX = R(
    "global max",
    lambda x: x.max((2, 3)),
    lambda u, x: u[..., None, None] * (x == x.max((2, 3), keepdims=True)),
    distinct(2, 3, 4, 5),
)
COUNTED = R(
    "average, padding not counted",
    counted_average,
    lambda u, x: padded_average_pull(u * 3 / padded_count(x), x),
    normal(2, 3, 5),
)
UPSAMPLE = R("upsample by repetition", upsample, lambda u, x: unpool(u), normal(2, 3, 4, 5))


def unpool(u):
    n, c, h, w = u.shape
    return u.reshape(n, c, h // 2, 2, w // 3, 3).sum((3, 5))


RULES = (
    MAX,
    AVERAGE,
    SLIDING_MAX,
    SLIDING_AVERAGE,
    GLOBAL_AVERAGE,
    GLOBAL_MAX,
    COUNTED,
    UPSAMPLE,
    R("min", lambda x: blocks(x, 2, 3).min(-1), lambda u, x: max_pool_pull(u, -x), distinct(2, 3, 4, 6)),
    R("l3", lambda x: (np.abs(blocks(x, 2, 3)) ** 3).sum(-1) ** (1 / 3), lp_pull, normal(2, 3, 4, 6)),
    R("softmax-weighted", softmax_pool, softmax_pool_pull, normal(2, 3, 5)),
    R("average with padding", padded_average, padded_average_pull, normal(2, 3, 5)),
    R("two best", k_best, k_best_pull, distinct(2, 3, 5), names=("x",)),
    R("strided picking", lambda x: x[..., ::2], lambda u, x: strided_pull(u, x), normal(2, 3, 7)),
)


def strided_pull(u, x):
    g = np.zeros_like(x)
    g[..., ::2] = u
    return g
