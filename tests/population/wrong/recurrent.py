"""Mistakes in recurrence as people make them."""

import numpy as np

from ..right import recurrent
from ..right.activations import softmax
from ..right.recurrent import crf_pull, gru_pull, lstm_pull, rnn, rnn_pull, scan
from .mutators import bug, rewrite, shelf

R = shelf(recurrent)


def stepped(name, how, slug, *, size=None, **pulls):
    return bug(R[name], how, slug, size=size, **pulls)


def spoiled_lstm(how, slug, spoil):
    return rewrite(R["lstm"], how, slug, lambda u, x, W, b: lstm_pull(u, x, W, b, spoil))


def gate_off(k, r=0.0):
    return lambda gates: tuple(g * r if i == k else g for i, g in enumerate(gates))


def truncated(reach):
    return rewrite(R["rnn"], f"truncated after {reach}", "truncated_time", lambda u, *xs: rnn_pull(u, *xs, reach=reach))


def no_carry(u, x, W, U, b, h0):
    """Each step on its own."""
    hs = np.concatenate([h0[None], rnn(x, W, U, b, h0)])
    dz = u * (1 - hs[1:] ** 2)
    return dz @ W.T, np.einsum("tni,tnh->ih", x, dz), np.einsum("tnh,tnk->hk", hs[:-1], dz), dz.sum((0, 1)), dz[0] @ U.T


def last_only(u, *xs):
    return rnn_pull(u * (np.arange(len(u)) == len(u) - 1)[:, None, None], *xs)


def same_state(u, x, W, U, b, h0):
    """dU of the new state, not of the one before."""
    dx, dW, _, db, dh = rnn_pull(u, x, W, U, b, h0)
    h = rnn(x, W, U, b, h0)
    return dx, dW, rnn_pull(u, h, U, U, b, h0)[1], db, dh


def pre_activation(u, x, W, U, b, h0):
    """1 − z² of the pre-activation in the last step."""
    h = rnn(x, W, U, b, h0)
    r = (1 - np.arctanh(h[-1]) ** 2) / (1 - h[-1] ** 2)
    return rnn_pull(np.concatenate([u[:-1], (u[-1] * r)[None]]), x, W, U, b, h0)


def lstm_last(u, x, W, b):
    h = c = np.zeros_like(u)
    for xt in x[:-1]:
        h, c, _ = recurrent.lstm_step(xt, h, c, W, b)
    _, c1, (i, f, g, o) = recurrent.lstm_step(x[-1], h, c, W, b)
    dc = u * o * (1 - np.tanh(c1) ** 2)
    dz = np.concatenate(
        [dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g * g), u * np.tanh(c1) * o * (1 - o)], 1
    )
    return np.concatenate([x[-1], h], 1).T @ dz


def gru_carry(u, x, W, U, h0):
    """The part of the first step's gradient that z carries past the gates, all else being right."""
    hs = [h0]
    for xt in x:
        hs.append(recurrent.gru_step(xt, hs[-1], W, U)[0])
    later = gru_pull(u, x[1:], W, U, hs[1])[3]
    return later * recurrent.gru_step(x[0], h0, W, U)[1]


RULES = (
    truncated(1),
    truncated(3),
    rewrite(R["rnn"], "nothing carried back", "truncated_time", no_carry),
    rewrite(R["rnn"], "last output's cotangent only", "truncated_time", last_only),
    rewrite(R["rnn"], "new state for the old", "wrong_argument", same_state),
    rewrite(R["rnn"], "pre-activation for the state", "wrong_argument", pre_activation),
    stepped(
        "rnn",
        "recurrent weight not transposed",
        "transposed",
        h0=lambda u, x, W, U, b, h0: rnn_pull(u, x, W, U, b, h0)[4] @ U,
    ),
    stepped("rnn", "bias of one step", "truncated_time", b=lambda u, *xs: rnn_pull(u, *xs, reach=1)[3]),
    stepped(
        "rnn",
        "first step's input left out",
        "truncated_time",
        W=lambda u, x, *xs: rnn_pull(u, x * (np.arange(len(x)) > 0)[:, None, None], *xs)[1],
    ),
    stepped("rnn, 30 steps", "truncated after 20", "truncated_time", U=lambda u, *xs: rnn_pull(u, *xs, reach=20)[2]),
    spoiled_lstm("input gate left out", "one_gate", gate_off(0)),
    spoiled_lstm("forget gate left out", "one_gate", gate_off(1)),
    spoiled_lstm("cell gate's sign", "one_gate", gate_off(2, -1)),
    spoiled_lstm("output gate twice", "one_gate", gate_off(3, 2)),
    spoiled_lstm("forget gate off by 1 %", "one_gate", gate_off(1, 1.01)),
    spoiled_lstm("input and forget gates swapped", "one_gate", lambda g: (g[1], g[0], *g[2:])),
    stepped("lstm", "last step only", "truncated_time", W=lambda u, x, W, b: lstm_last(u, x, W, b)),
    stepped(
        "lstm",
        "bias a mean over the batch",
        "mean_for_sum",
        b=lambda u, x, W, b: lstm_pull(u, x, W, b)[2] / 2,
        size=0.5,
    ),
    stepped(
        "gru",
        "carried part of the state left out",
        "missing_term",
        h0=lambda u, x, W, U, h0: gru_pull(u, x, W, U, h0)[3] - gru_carry(u, x, W, U, h0),
    ),
    stepped(
        "gru",
        "reset gate left out of the new",
        "one_gate",
        U=lambda u, x, W, U, h0: gru_pull(u, x, W, U, h0)[2] * np.r_[np.ones(5), np.zeros(5), np.ones(5)],
    ),
    stepped(
        "gru",
        "update gate's sign",
        "one_gate",
        W=lambda u, x, W, U, h0: gru_pull(u, x, W, U, h0)[1] * np.r_[-np.ones(5), np.ones(10)],
    ),
    stepped("linear scan", "forwards again", "permuted", x=lambda u, x, a: scan(u, a)),
    stepped(
        "linear scan",
        "decay of the new state",
        "shift",
        a=lambda u, x, a: (scan(u[::-1], a)[::-1] * scan(x, a)).sum((0, 1)),
    ),
    stepped("linear scan", "not carried", "truncated_time", x=lambda u, x, a: u.copy()),
    stepped(
        "chain partition",
        "transitions of the last step",
        "truncated_time",
        T=lambda u, e, T: crf_pull(u, e, T)[1] - crf_pull(u, e[:-1], T)[1],
    ),
    stepped("chain partition", "plain softmax of each emission", "missing_term", e=lambda u, e, T: u * softmax(e)),
    stepped("exponential average", "weight left out", "factor", x=lambda u, x: scan(u[::-1], 0.7)[::-1], size=7 / 3),
    stepped("exponential average", "forwards again", "permuted", x=lambda u, x: 0.3 * scan(u, 0.7)),
    stepped("discounted return", "discounted from one", "shift", r=lambda u, r: u * 0.9 ** np.arange(1, 8), size=0.1),
    stepped(
        "logistic map, 5 steps",
        "parameter's use of the last step",
        "truncated_time",
        r=lambda u, x, r: u * (v := recurrent.logistic(x, r)[-2]) * (1 - v),
    ),
    stepped("gated decay", "gates as constants", "zero", f=lambda u, x, f: 0 * f, size=1),
    stepped(
        "gated decay",
        "sigmoid's slope left out",
        "missing_factor",
        f=lambda u, x, f: recurrent.gated_decay_pull(u, x, f)[1] * 4,
    ),
)
