"""Mistakes in attention as people make them."""

import numpy as np

from ..right import attention
from ..right.activations import softmax, softmax_pull
from ..right.attention import attend_pull, causal, heads, join, multi_pull, rotate, swap
from .mutators import bug, rewrite, shelf

A = shelf(attention)


def on(name, how, slug, *, size=None, **pulls):
    return bug(A[name], how, slug, size=size, **pulls)


def weights(q, k):
    return softmax(q @ swap(k) / q.shape[-1] ** 0.5)


def diagonal_pull(u, q, k, v):
    p = weights(q, k)
    ds = u @ swap(v) * p * (1 - p) / q.shape[-1] ** 0.5
    return ds @ k, swap(ds) @ q, swap(p) @ u


def no_mean_pull(u, q, k, v):
    p = weights(q, k)
    ds = u @ swap(v) * p / q.shape[-1] ** 0.5
    return ds @ k, swap(ds) @ q, swap(p) @ u


def columns_pull(u, q, k, v):
    p = weights(q, k)
    ds = softmax_pull((u @ swap(v)).T, p.T).T / q.shape[-1] ** 0.5
    return ds @ k, swap(ds) @ q, swap(p) @ u


def assigned(like, i, u):
    g = np.zeros_like(like)
    g[i] = u
    return g


def badly_joined(u, x, Wq, Wk, Wv, Wo):
    dq = attend_pull(heads(u @ Wo.T), heads(x @ Wq), heads(x @ Wk), heads(x @ Wv))[0]
    return x.T @ (0.5 * join(dq) + 0.5 * dq.reshape(len(x), -1))


def linear_without_normaliser(u, q, k, v):
    a = np.exp(q) @ np.exp(k).T
    return (u @ v.T / a.sum(-1, keepdims=True)) @ np.exp(k) * np.exp(q)


RULES = (
    on(
        "plain",
        "scale in the keys' branch only",
        "factor",
        q=lambda u, q, k, v: attend_pull(u, q, k, v)[0] * 5**0.5,
        size=5**0.5 - 1,
    ),
    on(
        "plain",
        "scale in the queries' branch only",
        "factor",
        k=lambda u, q, k, v: attend_pull(u, q, k, v)[1] * 5**0.5,
        size=5**0.5 - 1,
    ),
    on("plain", "scale twice", "factor", q=lambda u, q, k, v: attend_pull(u, q, k, v)[0] / 5**0.5, size=1 - 5**-0.5),
    on("plain", "scale of d", "factor", k=lambda u, q, k, v: attend_pull(u, q, k, v)[1] / 5**0.5, size=1 - 5**-0.5),
    rewrite(A["plain"], "softmax diagonal", "diagonal", diagonal_pull),
    rewrite(A["plain"], "softmax without its mean", "missing_term", no_mean_pull),
    rewrite(A["plain"], "softmax over the queries", "wrong_axis", columns_pull),
    on("plain", "values of unweighted sums", "wrong_function", v=lambda u, q, k, v: np.tile(u.mean(0), (len(k), 1))),
    on("plain", "weights as constants", "zero", q=lambda u, q, k, v: 0 * q, size=1),
    on(
        "causal",
        "weights not transposed",
        "transposed",
        v=lambda u, q, k, v: softmax(np.where(causal(q), q @ k.T / 3**0.5, -1e9)) @ u,
    ),
    rewrite(A["causal"], "mask left out", "mask", lambda u, q, k, v: attend_pull(u, q, k, v)),
    rewrite(A["causal"], "mask transposed", "mask", lambda u, q, k, v: attend_pull(u, q, k, v, causal(q).T)),
    rewrite(
        A["causal"],
        "mask without the diagonal",
        "mask",
        lambda u, q, k, v: attend_pull(u, q, k, v, np.tril(causal(q), -1)),
    ),
    on(
        "causal",
        "last query left out",
        "truncated_time",
        k=lambda u, q, k, v: attend_pull(u[:-1], q[:-1], k, v, causal(q)[:-1])[1],
    ),
    rewrite(A["masked"], "mask left out", "mask", lambda u, q, k, v, m: (*attend_pull(u, q, k, v), None)),
    rewrite(A["masked"], "mask turned", "mask", lambda u, q, k, v, m: (*attend_pull(u, q, k, v, m == 0), None)),
    on("batched", "first of the batch", "missing_sum", k=lambda u, q, k, v: attend_pull(u, q, k[:1] + 0 * k, v)[1]),
    on(
        "two heads with projections",
        "keys' path left out",
        "missing_term",
        x=lambda u, x, Wq, Wk, Wv, Wo: multi_pull(u, x, Wq, 0 * Wk, Wv, Wo)[0],
    ),
    on(
        "two heads with projections",
        "heads swapped",
        "permuted",
        Wo=lambda u, x, Wq, Wk, Wv, Wo: np.roll(multi_pull(u, x, Wq, Wk, Wv, Wo)[4], 2, 0),
    ),
    on(
        "two heads with projections",
        "one head only",
        "missing_term",
        Wv=lambda u, *ws: multi_pull(u, *ws)[3] * np.array([1, 1, 0, 0]),
    ),
    on(
        "two heads with projections",
        "heads joined without the transposition",
        "permuted",
        Wq=lambda u, x, Wq, Wk, Wv, Wo: badly_joined(u, x, Wq, Wk, Wv, Wo),
    ),
    on(
        "with a bias on the scores",
        "scaled like the scores",
        "factor",
        b=lambda u, q, k, v, b: A["with a bias on the scores"].vjp((q, k, v, b), u)[3] / 5**0.5,
        size=1 - 5**-0.5,
    ),
    on("with a bias on the scores", "of the weights before softmax", "missing_term", b=lambda u, q, k, v, b: u @ v.T),
    on(
        "linear", "normaliser as a constant", "missing_term", q=lambda u, q, k, v: linear_without_normaliser(u, q, k, v)
    ),
    on(
        "linear",
        "map's slope left out",
        "missing_factor",
        k=lambda u, q, k, v: A["linear"].vjp((q, k, v), u)[1] / np.exp(k),
    ),
    on(
        "additive scores",
        "tanh's slope left out",
        "missing_factor",
        w=lambda u, q, k, w: np.einsum(
            "qk,qkd->d", softmax_pull(u, softmax(np.tanh(q[:, None] + k) @ w)), q[:, None] + k
        ),
    ),
    on("self, no projections", "as query only", "missing_term", x=lambda u, x: attend_pull(u, x, x, x)[0]),
    on("self, no projections", "as key left out", "missing_term", x=lambda u, x: sum(attend_pull(u, x, x, x)[::2])),
    on("rotary positions", "turned the same way again", "transposed", x=lambda u, x: rotate(u)),
    on("rotary positions", "not turned", "missing_term", x=lambda u, x: u.copy()),
    on(
        "pooled by a query",
        "values' part left out",
        "missing_term",
        x=lambda u, q, x: np.outer(softmax_pull(x @ u, softmax(x @ q)), q),
    ),
    on(
        "hard positions added",
        "repeats overwritten",
        "overwritten_repeats",
        E=lambda u, x, E, i: assigned(E, np.append(i, i[0]), np.concatenate([u, 0.5 * u[:1]])),
    ),
)
