"""Recurrent nets over several steps, back-propagated through all of them."""

from functools import partial

import numpy as np
from scipy.special import expit

from ..make import normal, rule, uniform

R = partial(rule, "recurrent")


def rnn(x, W, U, b, h0):
    """h_t = tanh(x_t W + h_{t−1} U + b); (t, n, i) -> all h (t, n, h)."""
    hs = [h0]
    for xt in x:
        hs.append(np.tanh(xt @ W + hs[-1] @ U + b))
    return np.stack(hs[1:])


def rnn_pull(u, x, W, U, b, h0, reach=None):
    """Reach: through how many last steps; None for all of them."""
    hs = np.concatenate([h0[None], rnn(x, W, U, b, h0)])
    dx, dW, dU, db, dh = np.zeros_like(x), np.zeros_like(W), np.zeros_like(U), np.zeros_like(b), np.zeros_like(h0)
    for t in reversed(range(len(x))):
        if reach is not None and t < len(x) - reach:
            break
        dz = (dh + u[t]) * (1 - hs[t + 1] ** 2)
        dx[t], dh = dz @ W.T, dz @ U.T
        dW += x[t].T @ dz
        dU += hs[t].T @ dz
        db += dz.sum(0)
    return dx, dW, dU, db, dh


def lstm_step(x, h, c, W, b):
    i, f, g, o = np.split(np.concatenate([x, h], 1) @ W + b, 4, axis=1)
    i, f, g, o = expit(i), expit(f), np.tanh(g), expit(o)
    c = f * c + i * g
    return o * np.tanh(c), c, (i, f, g, o)


def lstm(x, W, b):
    """(t, n, i), W (i + h, 4 h), b (4 h,) -> last h; starts from zero."""
    h = c = np.zeros((x.shape[1], b.size // 4), x.dtype)
    for xt in x:
        h, c, _ = lstm_step(xt, h, c, W, b)
    return h


def lstm_pull(u, x, W, b, spoil=lambda gates: gates):
    """Spoil: what a mistaken backward does to the four gates' gradients."""
    h = c = np.zeros((x.shape[1], b.size // 4), x.dtype)
    trace = []
    for xt in x:
        before = h, c
        h, c, gates = lstm_step(xt, h, c, W, b)
        trace.append((*before, c, gates))
    dx, dW, db, dh, dc = np.zeros_like(x), np.zeros_like(W), np.zeros_like(b), u, np.zeros_like(u)
    for t in reversed(range(len(x))):
        h, c, c1, (i, f, g, o) = trace[t]
        dc = dc + dh * o * (1 - np.tanh(c1) ** 2)
        gates = (dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g * g), dh * np.tanh(c1) * o * (1 - o))
        dz = np.concatenate(spoil(gates), 1)
        dW += np.concatenate([x[t], h], 1).T @ dz
        db += dz.sum(0)
        both = dz @ W.T
        dx[t], dh, dc = both[:, : x.shape[2]], both[:, x.shape[2] :], dc * f
    return dx, dW, db


def gru(x, W, U, h0):
    """z, r = σ(x W + h U); n = tanh(x W_n + r (h U_n)); h' = (1 − z) n + z h."""
    h = h0
    for xt in x:
        h = gru_step(xt, h, W, U)[0]
    return h


def gru_step(x, h, W, U):
    (az, ar, an), (bz, br, bn) = np.split(x @ W, 3, 1), np.split(h @ U, 3, 1)
    z, r = expit(az + bz), expit(ar + br)
    n = np.tanh(an + r * bn)
    return (1 - z) * n + z * h, z, r, n, bn


def gru_pull(u, x, W, U, h0):
    hs = [h0]
    for xt in x:
        hs.append(gru_step(xt, hs[-1], W, U)[0])
    dx, dW, dU, dh = np.zeros_like(x), np.zeros_like(W), np.zeros_like(U), u
    for t in reversed(range(len(x))):
        _, z, r, n, bn = gru_step(x[t], hs[t], W, U)
        dn = dh * (1 - z) * (1 - n * n)
        dz, dr = dh * (hs[t] - n) * z * (1 - z), dn * bn * r * (1 - r)
        da, db = np.concatenate([dz, dr, dn], 1), np.concatenate([dz, dr, dn * r], 1)
        dx[t] = da @ W.T
        dW += x[t].T @ da
        dU += hs[t].T @ db
        dh = dh * z + db @ U.T
    return dx, dW, dU, dh


def scan(x, a):
    """h_t = a h_{t−1} + x_t."""
    h, out = 0 * x[0], []
    for xt in x:
        h = a * h + xt
        out.append(h)
    return np.stack(out)


def scan_pull(u, x, a):
    h = scan(x, a)
    dx = scan(u[::-1], a)[::-1]
    return dx, (dx[1:] * h[:-1]).sum((0, 1))


def crf(e, T):
    """Log partition of a chain: emissions (t, k), transitions (k, k)."""
    a = e[0]
    for et in e[1:]:
        s = a[:, None] + T
        m = s.max(0)
        a = m + np.log(np.exp(s - m).sum(0)) + et
    return a.max() + np.log(np.exp(a - a.max()).sum())


def crf_pull(u, e, T):
    alphas = [e[0]]
    for et in e[1:]:
        alphas.append(np.log(np.exp(alphas[-1][:, None] + T).sum(0)) + et)
    g = u * np.exp(alphas[-1] - crf(e, T))
    de, dT = np.zeros_like(e), np.zeros_like(T)
    for t in range(len(e) - 1, 0, -1):
        de[t] = g
        joint = np.exp(alphas[t - 1][:, None] + T + e[t] - alphas[t]) * g
        dT += joint
        g = joint.sum(1)
    de[0] = g
    return de, dT


RNN = R(
    "rnn", rnn, rnn_pull, normal(5, 2, 3), normal(3, 4, scale=0.5), normal(4, 4, scale=0.5), normal(4), normal(2, 4)
)
LSTM = R("lstm", lstm, lstm_pull, normal(4, 2, 3), normal(8, 20, scale=0.5), normal(20), names=("x", "W", "b"))
GRU = R("gru", gru, gru_pull, normal(4, 2, 3), normal(3, 15, scale=0.5), normal(5, 15, scale=0.5), normal(2, 5))
SCAN = R("linear scan", scan, scan_pull, normal(7, 2, 3), uniform(0.3, 0.9, 3))
CRF = R("chain partition", crf, crf_pull, normal(5, 3), normal(3, 3))

RULES = (
    RNN,
    LSTM,
    GRU,
    SCAN,
    CRF,
    R("lstm, one step", lstm, lstm_pull, normal(1, 2, 3), normal(8, 20), normal(20), names=("x", "W", "b")),
    R(
        "rnn, 30 steps",
        rnn,
        rnn_pull,
        normal(30, 2, 3, scale=0.3),
        normal(3, 4, scale=0.3),
        normal(4, 4, scale=0.4),
        normal(4, scale=0.1),
        normal(2, 4),
    ),
    R("exponential average", lambda x: scan(x * 0.3, 0.7), lambda u, x: 0.3 * scan(u[::-1], 0.7)[::-1], normal(7, 2)),
    R(
        "discounted return",
        lambda r: (r * 0.9 ** np.arange(r.size)).sum(),
        lambda u, r: u * 0.9 ** np.arange(r.size),
        normal(7),
    ),
    R(
        "logistic map, 5 steps",
        lambda x, r: logistic(x, r)[-1],
        lambda u, x, r: logistic_pull(u, x, r),
        uniform(0.2, 0.8, 3, 5),
        uniform(2.5, 3.5, 3, 5),
    ),
    R(
        "gated decay",
        lambda x, f: gated_decay(x, f)[-1],
        lambda u, x, f: gated_decay_pull(u, x, f),
        normal(5, 3),
        normal(5, 3),
    ),
)


def logistic(x, r):
    xs = [x]
    for _ in range(5):
        xs.append(r * xs[-1] * (1 - xs[-1]))
    return xs


def logistic_pull(u, x, r):
    dr = 0 * r
    for v in reversed(logistic(x, r)[:-1]):
        dr = dr + u * v * (1 - v)
        u = u * r * (1 - 2 * v)
    return u, dr


def gated_decay(x, f):
    hs = [0 * x[0]]
    for xt, ft in zip(x, f, strict=True):
        hs.append(expit(ft) * hs[-1] + xt)
    return hs


def gated_decay_pull(u, x, f):
    hs, dx, df = gated_decay(x, f), np.zeros_like(x), np.zeros_like(f)
    for t in reversed(range(len(x))):
        dx[t], df[t] = u, u * hs[t] * expit(f[t]) * expit(-f[t])
        u = u * expit(f[t])
    return dx, df
