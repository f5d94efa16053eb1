"""Scaled dot-product attention: plain, masked, causal, several heads, linear."""

from functools import partial

import numpy as np

from ..make import integers, normal, rule
from .activations import softmax, softmax_pull

R = partial(rule, "attention")


def swap(x):
    return np.swapaxes(x, -1, -2)


def attend(q, k, v, mask=None):
    s = q @ swap(k) / q.shape[-1] ** 0.5
    return softmax(s if mask is None else np.where(mask, s, -1e9)) @ v


def attend_pull(u, q, k, v, mask=None):
    s = q @ swap(k) / q.shape[-1] ** 0.5
    p = softmax(s if mask is None else np.where(mask, s, -1e9))
    ds = softmax_pull(u @ swap(v), p) / q.shape[-1] ** 0.5
    return ds @ k, swap(ds) @ q, swap(p) @ u


def causal(q):
    return np.tril(np.ones((q.shape[-2],) * 2, bool))


def heads(x, n=2):
    """(t, d) -> (n, t, d/n)."""
    return x.reshape(x.shape[0], n, -1).transpose(1, 0, 2)


def join(h):
    return h.transpose(1, 0, 2).reshape(h.shape[1], -1)


def multi(x, Wq, Wk, Wv, Wo):
    return join(attend(heads(x @ Wq), heads(x @ Wk), heads(x @ Wv))) @ Wo


def multi_pull(u, x, Wq, Wk, Wv, Wo):
    q, k, v = heads(x @ Wq), heads(x @ Wk), heads(x @ Wv)
    dq, dk, dv = (join(d) for d in attend_pull(heads(u @ Wo.T), q, k, v))
    return dq @ Wq.T + dk @ Wk.T + dv @ Wv.T, x.T @ dq, x.T @ dk, x.T @ dv, join(attend(q, k, v)).T @ u


def linear_attention(q, k, v):
    """φ(q)·(Σ φ(k) v) / φ(q)·Σ φ(k), φ = exp."""
    a = np.exp(q) @ np.exp(k).T
    return a @ v / a.sum(-1, keepdims=True)


def linear_pull(u, q, k, v):
    a = np.exp(q) @ np.exp(k).T
    n = a.sum(-1, keepdims=True)
    y = a @ v / n
    da = (u @ v.T - (u * y).sum(-1, keepdims=True)) / n
    return da @ np.exp(k) * np.exp(q), da.T @ np.exp(q) * np.exp(k), (a / n).T @ u


def additive(q, k, w):
    return softmax(np.tanh(q[:, None] + k) @ w)


def additive_pull(u, q, k, w):
    t = np.tanh(q[:, None] + k)
    ds = softmax_pull(u, softmax(t @ w))
    dt = ds[..., None] * w * (1 - t * t)
    return dt.sum(1), dt.sum(0), np.einsum("qk,qkd->d", ds, t)


def biased_pull(u, q, k, v, b):
    p = softmax(q @ k.T / q.shape[-1] ** 0.5 + b)
    ds = softmax_pull(u @ v.T, p)
    return ds @ k / q.shape[-1] ** 0.5, ds.T @ q / q.shape[-1] ** 0.5, p.T @ u, ds


def rotate(x, sign=1):
    """Rotary positions: pairs (x0, x1) turned by position × frequency."""
    t, d = x.shape
    a = np.arange(t)[:, None] * (10.0 ** -np.arange(d // 2)).astype(x.dtype)
    c, s, even, odd = np.cos(a).astype(x.dtype), sign * np.sin(a).astype(x.dtype), x[:, ::2], x[:, 1::2]
    return np.stack([even * c - odd * s, even * s + odd * c], -1).reshape(t, d)


def some(rng):
    """A mask that leaves each query a key, and takes one from the first."""
    mask = rng.integers(0, 2, (3, 4))
    mask[:, 0], mask[0, 1] = 1, 0
    return mask


QKV = (normal(3, 5), normal(4, 5), normal(4, 2))
PLAIN = R("plain", attend, attend_pull, *QKV, names=("q", "k", "v"))
CAUSAL = R(
    "causal",
    lambda q, k, v: attend(q, k, v, causal(q)),
    lambda u, q, k, v: attend_pull(u, q, k, v, causal(q)),
    normal(5, 3),
    normal(5, 3),
    normal(5, 2),
)
MASKED = R(
    "masked",
    lambda q, k, v, m: attend(q, k, v, m > 0),
    lambda u, q, k, v, m: (*attend_pull(u, q, k, v, m > 0), None),
    *QKV,
    some,
)
BATCHED = R("batched", attend, attend_pull, normal(2, 3, 5), normal(2, 4, 5), normal(2, 4, 7), names=("q", "k", "v"))
MULTI = R(
    "two heads with projections",
    multi,
    multi_pull,
    normal(3, 5),
    normal(5, 4),
    normal(5, 4),
    normal(5, 4),
    normal(4, 7),
)
BIASED = R(
    "with a bias on the scores",
    lambda q, k, v, b: softmax(q @ k.T / q.shape[-1] ** 0.5 + b) @ v,
    biased_pull,
    *QKV,
    normal(3, 4),
)

RULES = (
    PLAIN,
    CAUSAL,
    MASKED,
    BATCHED,
    MULTI,
    BIASED,
    R("linear", linear_attention, linear_pull, *QKV),
    R("additive scores", additive, additive_pull, normal(3, 5), normal(4, 5), normal(5)),
    R("self, no projections", lambda x: attend(x, x, x), lambda u, x: sum(attend_pull(u, x, x, x)), normal(5, 3)),
    R("rotary positions", rotate, lambda u, x: rotate(u, -1), normal(5, 4), names=("x",)),
    R(
        "pooled by a query",
        lambda q, x: softmax(x @ q) @ x,
        lambda u, q, x: pooled_pull(u, q, x),
        normal(3),
        normal(5, 3),
    ),
    R(
        "hard positions added",
        lambda x, E, i: x + E[i],
        lambda u, x, E, i: (u, positions_pull(u, E, i), None),
        normal(5, 3),
        normal(7, 3),
        integers(0, 7, 5),
    ),
)


def pooled_pull(u, q, x):
    p = softmax(x @ q)
    ds = softmax_pull(x @ u, p)
    return x.T @ ds, np.outer(p, u) + np.outer(ds, q)


def positions_pull(u, E, i):
    g = np.zeros_like(E)
    np.add.at(g, i, u)
    return g
