"""Layers with a backward that somebody wrote wrongly: each beside the right layer whose forward it shares.

Unlike the kinds of `tests.planted.models`, which spoil a right gradient, these are the mistakes themselves, written as
they are made: a mean path left out, a cell state that is not carried back, a kernel that is not turned.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import netcore
from gradcheck import adapt
from netcore import layers as L
from netcore.layers import recurrence, standardise
from netcore.layers.convolution import convolve_back

ACT = netcore.ACTIVATIONS


class Mistaken:
    """A layer whose backward replaces some of the right gradients: wrong(layer, params, cache, dy, right) -> {name: gradient}."""

    def __init__(self, inner, wrong):
        self.inner, self.wrong = inner, wrong

    def init(self, rng):
        return self.inner.init(rng)

    def forward(self, params, x, *, rng=None):
        y, cache = self.inner.forward(params, x, rng=rng)
        return y, (x, y, cache)

    def backward(self, params, cache, dy):
        x, y, inner = cache
        dx, grads = self.inner.backward(params, inner, dy)
        found = {"x": dx, **grads}
        found |= self.wrong(Seen(self.inner, params, x, y, inner, dy, found))
        return found.pop("x"), found


@dataclass(frozen=True)
class Seen:
    """What a wrong backward has at hand."""

    layer: Any
    p: Any
    x: Any
    y: Any
    cache: Any
    dy: Any
    right: Any


@dataclass(frozen=True)
class Twin:
    """A wrong layer.

    Args:
        how: what is wrong.
        layer: the right one.
        shape: of its input; integers are drawn for an Embedding.
        wrong: Seen -> wrong gradients by name.
        slugs: that name it rightly; () where it is in no catalogue and nothing untrue may be said.
        told: words that the message holds.
        quantities: that are wrong.
        seed: of the layer's generator, in training.
    """

    how: str
    layer: Any
    shape: Any
    wrong: Callable[[Seen], dict[str, Any]]
    slugs: tuple[str, ...]
    quantities: tuple[str, ...]
    told: str = ""
    seed: int | None = None

    def __str__(self):
        return f"{type(self.layer).__name__}: {self.how}"

    def point(self):
        rng = np.random.default_rng(12)
        params = {n: a + 0.3 * rng.normal(size=a.shape) for n, a in self.layer.init(rng).items()}
        if "running_var" in params:
            params["running_var"] = np.abs(params["running_var"]) + 0.2
        if isinstance(self.layer, L.Embedding):
            x = rng.integers(0, self.layer.n_ids, size=self.shape)
        elif isinstance(self.shape, list):
            x = tuple(rng.normal(size=s) for s in self.shape)
        else:
            x = rng.normal(size=self.shape)
        return params, x

    def target(self, *, right=False):
        params, x = self.point()
        layer = self.layer if right else Mistaken(self.layer, self.wrong)
        return adapt.layer(layer, params, x, name=str(self), seed=self.seed)

    def targets(self):
        """The layer between others in a network."""
        params, x = self.point()
        layer = Mistaken(self.layer, self.wrong)
        y, _ = layer.forward(params, x)
        model = netcore.Model([layer, ACT["tanh"]], loss="mse")
        model.params[0] = params
        truth = np.random.default_rng(5).normal(size=y.shape)
        return adapt.model(model, x, truth, name="twin")


def flat(a):
    return a.reshape(-1, a.shape[-1])


def norm_back(s, axes, mean=True, variance=True, rows=()):
    """The pullback of standardising with a path or two left out."""
    g = s.dy * standardise.align(s.p["gamma"], s.dy.ndim, axis=1 if isinstance(s.layer, L.BatchNorm) else s.dy.ndim - 1)
    x_hat, scale = s.cache.x_hat, s.cache.scale
    dx = g * scale
    if mean:
        dx = dx - standardise.average(g, axes) * scale
    if variance:
        dx = dx - x_hat * standardise.average(g * x_hat, axes) * scale
    return dx


def rnn_back(s, *, carry=lambda d, U: d @ U.T, slope=None, span=None):
    """The pullback of RNN: carry takes dz_t to the step before; of span steps at the most."""
    h = s.cache.h
    dh = recurrence.received(s.dy, h, s.layer.sequences, s.layer.reverse)
    slope = (1 - h[1:] ** 2) if slope is None else slope(h)
    total = np.zeros_like(dh)
    for end in range(len(dh)):  # each output by itself, so that its reach can be cut
        carried = dh[end]
        for t in range(end, -1, -1):
            if span is not None and end - t >= span:
                break
            dz = carried * slope[t]
            total[t] += dz
            carried = carry(dz, s.p["U"])
    dx, grads = recurrence.backward_products(s.p, s.cache.xt, h, total, s.layer.reverse)
    return {"x": dx, **grads}


def lstm_back(s, *, slopes=(1, 1, 1, 1), cell=1.0, late=()):
    """The pullback of LSTM, with gates' slopes switched off, or with what the cell carries back scaled."""
    n = s.layer.n
    xt, h, c, tanh_c, gates = s.cache
    i, f, o, g = (gates[..., k * n : (k + 1) * n] for k in range(4))
    dz = np.empty_like(gates)
    dh = recurrence.received(s.dy, h, s.layer.sequences, s.layer.reverse)
    carried, dc = np.zeros(h.shape[1:]), np.zeros(h.shape[1:])
    own = [i * (1 - i), f * (1 - f), o * (1 - o), 1 - g * g]
    own = [a if on else np.ones_like(a) for a, on in zip(own, slopes, strict=True)]
    for t in reversed(range(len(dh))):
        dht = dh[t] + carried
        dc = dc + dht * o[t] * (1 - tanh_c[t] ** 2)
        parts = [dc * g[t], dc * c[t], dht * tanh_c[t], dc * i[t]]
        dz[t] = np.concatenate([part * slope[t] for part, slope in zip(parts, own, strict=True)], axis=1)
        dc = cell * dc * f[t]
        carried = dz[t] @ s.p["U"].T
    for k, factor in late:
        dz[..., k * n : (k + 1) * n] *= factor
    dx, grads = recurrence.backward_products(s.p, xt, h, dz, s.layer.reverse)
    return {"x": dx, **grads}


def only(*names):
    """Of a whole wrong pullback some gradients."""
    return lambda found: {n: found[n] for n in names}


def attention_back(s, *, centred=True, by_q=None, by_k=None):
    q, k, v = s.x
    p = s.cache.p
    ds = s.dy @ v.swapaxes(-1, -2)
    if centred:
        ds = ds - (ds * p).sum(-1, keepdims=True)
    ds = ds * p
    scale = 1 / np.sqrt(q.shape[-1])
    dq, dk = (ds @ k) * (scale if by_q is None else by_q), (ds.swapaxes(-1, -2) @ q) * (scale if by_k is None else by_k)
    return {"x": (dq, dk, p.swapaxes(-1, -2) @ s.dy)}


def conv_back(s, **changed):
    dx, grads = convolve_back({**s.p, **changed}, s.cache, s.dy, s.layer.windows, s.layer.groups)
    return {"x": dx, **grads}


class Held:
    """A layer that keeps the cache of its first forward, or of the forward before."""

    def __init__(self, inner, which):
        self.inner, self.which, self.caches = inner, which, []

    def init(self, rng):
        return self.inner.init(rng)

    def forward(self, params, x, *, rng=None):
        y, cache = self.inner.forward(params, x, rng=rng)
        self.caches.append(cache)
        return y, len(self.caches) - 1

    def backward(self, params, cache, dy):
        return self.inner.backward(params, self.caches[0 if self.which == "first" else max(0, cache - 1)], dy)


def overwritten(s):
    dW = np.zeros_like(s.p["W"])
    dW[s.x] = s.dy
    return dW


def unpooled(s):
    """Every pixel of a window is handed the whole of dy."""
    k = s.layer.kernel
    return np.repeat(np.repeat(s.dy, k[0], axis=2), k[1], axis=3)


dense, square = L.Dense(4, 3, initialiser="glorot"), L.Dense(4, 4, initialiser="glorot")
conv, pooled = L.Conv2d(2, 3, (2, 3)), (2, 2, 4, 6)
padded = L.Conv2d(2, 2, 3, padding=1)
rnn, lstm, gru = L.RNN(3, 4), L.LSTM(3, 2), L.GRU(3, 4)
seq = (2, 5, 3)
W, B, X = ("W",), ("b",), ("x",)
ALL = ("x", "W", "U", "b")

TWINS = (
    Twin("dW of the first sample only", dense, (5, 4), lambda s: {"W": s.x[:1].T @ s.dy[:1]}, ("missing_sum",), W),
    Twin("dW averaged over the batch", dense, (5, 4), lambda s: {"W": s.x.T @ s.dy / len(s.x)}, ("mean_for_sum",), W, "batch"),
    Twin("dW averaged over a batch of 2", dense, (2, 4), lambda s: {"W": s.x.T @ s.dy / len(s.x)}, ("mean_for_sum",), W, "batch"),
    Twin("dW over the fan-in", L.Dense(6, 3), (5, 6), lambda s: {"W": s.x.T @ s.dy / 6}, ("factor",), W, "axis 0 of W (6)"),
    Twin("dW over the fan-out", L.Dense(4, 7), (5, 4), lambda s: {"W": s.x.T @ s.dy / 7}, ("factor",), W, "outputs"),
    Twin("dW times n/(n − 1)", dense, (5, 4), lambda s: {"W": s.x.T @ s.dy * len(s.x) / (len(s.x) - 1)}, ("factor",), W, "n − 1"),
    Twin("db averaged", dense, (5, 4), lambda s: {"b": s.dy.mean(0, keepdims=True)}, ("mean_for_sum",), B, "batch"),
    Twin("db of the first sample", dense, (5, 4), lambda s: {"b": s.dy[:1]}, ("missing_sum",), B),
    Twin("db of the last sample", dense, (5, 4), lambda s: {"b": s.dy[-1:]}, ("missing_sum",), B),
    Twin("db summed over the last step only", dense, (2, 5, 4), lambda s: {"b": s.dy[:, -1].sum(0, keepdims=True)}, ("missing_sum",), B),
    Twin("db squared", dense, (5, 4), lambda s: {"b": (s.dy**2).sum(0, keepdims=True)}, ("cotangent_nonlinear",), B),
    Twin("dW without dy", dense, (5, 4), lambda s: {"W": s.x.T @ np.ones_like(s.dy)}, ("cotangent_ignored",), W),
    Twin("dx = dy W", square, (5, 4), lambda s: {"x": s.dy @ s.p["W"]}, ("transposed",), X),
    Twin("dW transposed", square, (5, 4), lambda s: {"W": s.dy.T @ s.x}, ("transposed",), W),
    Twin("dW of the output", square, (5, 4), lambda s: {"W": s.y.T @ s.dy}, ("wrong_argument",), W, "output"),
    Twin("dW of |x|", dense, (5, 4), lambda s: {"W": np.abs(s.x).T @ s.dy}, ("wrong_argument",), W, "|x|"),
    Twin("dW of the next sample's x", dense, (5, 4), lambda s: {"W": np.roll(s.x, 1, 0).T @ s.dy}, ("shift",), W),
    Twin("dx of the last feature missing", dense, (5, 4), lambda s: {"x": s.right["x"] * (np.arange(4) < 3)}, ("one_channel",), X),
    Twin("dx without the last sample", dense, (5, 4), lambda s: {"x": s.right["x"] * (np.arange(5) < 4)[:, None]}, ("one_row",), X),
    Twin("dW and db zero", dense, (5, 4), lambda s: {"W": 0 * s.p["W"], "b": 0 * s.p["b"]}, ("zero",), ("W", "b")),
    Twin("float16 inside", dense, (5, 4), lambda s: {"W": (s.x.astype(np.float16).T @ s.dy.astype(np.float16)).astype(float)}, ("low_precision",), W),
    Twin("float32 inside", dense, (5, 4), lambda s: {"x": (s.dy.astype(np.float32) @ s.p["W"].astype(np.float32).T).astype(float)}, ("low_precision",), X),
    Twin("dx cut at ± 0.3", dense, (5, 4), lambda s: {"x": np.clip(s.right["x"], -0.3, 0.3)}, ("clipped",), X),
    Twin("weight decay", dense, (5, 4), lambda s: {"W": s.right["W"] + 0.05 * s.p["W"]}, ("extra_term",), W),
    # activations
    Twin("at the output", ACT["tanh"], (3, 5), lambda s: {"x": s.dy * s.layer.grad(s.y)}, ("wrong_argument",), X, "output"),
    Twin("at the output", ACT["sigmoid"], (3, 5), lambda s: {"x": s.dy * s.layer.grad(s.y)}, ("wrong_argument",), X, "output"),
    Twin("at the output", ACT["gelu"], (3, 5), lambda s: {"x": s.dy * s.layer.grad(s.y)}, ("wrong_argument",), X, "output"),
    Twin("x (1 − x)", ACT["sigmoid"], (3, 5), lambda s: {"x": s.dy * s.x * (1 - s.x)}, ("wrong_function", "wrong_argument"), X, "x (1 − x)"),
    Twin("1 − x²", ACT["tanh"], (3, 5), lambda s: {"x": s.dy * (1 - s.x**2)}, ("wrong_function", "wrong_argument"), X, "1 − x²"),
    Twin("1 − y", ACT["tanh"], (3, 5), lambda s: {"x": s.dy * (1 - s.y)}, ("wrong_function", "missing_factor"), X),
    Twin("y left out of y (1 − y)", ACT["sigmoid"], (3, 5), lambda s: {"x": s.dy * (1 - s.y)}, ("missing_factor", "wrong_function"), X),
    Twin("slope left out", ACT["tanh"], (3, 5), lambda s: {"x": s.dy.copy()}, ("missing_factor",), X),
    Twin("slope twice", ACT["tanh"], (3, 5), lambda s: {"x": s.dy * s.layer.grad(s.x) ** 2}, ("extra_factor",), X),
    Twin("zero beyond 1.2", ACT["tanh"], (4, 7), lambda s: {"x": s.right["x"] * (np.abs(s.x) < 1.2)}, ("saturation",), X),
    Twin("zero above 0.8", ACT["sigmoid"], (4, 7), lambda s: {"x": s.right["x"] * (s.x < 0.8)}, ("saturation",), X),
    Twin("no mask", ACT["relu"], (3, 5), lambda s: {"x": s.dy.copy()}, ("missing_factor", "mask"), X),
    Twin("mask turned", ACT["relu"], (3, 5), lambda s: {"x": s.dy * (s.x < 0)}, ("mask",), X),
    Twin("mask of dy", ACT["relu"], (3, 5), lambda s: {"x": s.dy * (s.dy > 0)}, ("cotangent_nonlinear", "mask"), X),
    Twin("slope 1 for x < 0", ACT["elu"], (3, 5), lambda s: {"x": s.dy.copy()}, ("missing_factor", "mask"), X),
    Twin("y/x alone", ACT["silu"], (3, 5), lambda s: {"x": s.dy / (1 + np.exp(-s.x))}, ("missing_term",), X),
    Twin("x g′ alone", ACT["silu"], (3, 5), lambda s: {"x": s.right["x"] - s.dy * s.y / s.x}, ("missing_term",), X),
    Twin("diagonal", netcore.Softmax(), (3, 5), lambda s: {"x": s.dy * s.y * (1 - s.y)}, ("diagonal",), X),
    Twin("sum left out", netcore.Softmax(), (3, 5), lambda s: {"x": s.dy * s.y}, ("missing_term", "diagonal"), X),
    Twin("over the other axis", netcore.Softmax(), (3, 5), lambda s: {"x": s.y * (s.dy - (s.y * s.dy).sum(0))}, (), X),
    Twin("handed on", netcore.Softmax(), (3, 5), lambda s: {"x": s.dy.copy()}, ("identity",), X),
    # normalisations
    Twin("mean path left out", L.LayerNorm(5), (3, 5), lambda s: {"x": norm_back(s, (-1,), mean=False)}, ("missing_term",), X, "mean"),
    Twin("variance path left out", L.LayerNorm(5), (3, 5), lambda s: {"x": norm_back(s, (-1,), variance=False)}, ("missing_term",), X, "variance"),
    Twin("statistics as constants", L.LayerNorm(5), (3, 5), lambda s: {"x": norm_back(s, (-1,), mean=False, variance=False)}, ("missing_term", "diagonal"), X),
    Twin("gain left out", L.LayerNorm(5), (3, 5), lambda s: {"x": standardise.standardise_back(s.dy, s.cache.x_hat, s.cache.scale, (-1,))}, ("missing_factor",), X, "gamma"),
    Twin("dγ of x", L.LayerNorm(5), (3, 5), lambda s: {"gamma": (s.dy * s.x).sum(0)}, ("wrong_argument",), ("gamma",)),
    Twin("dβ averaged", L.LayerNorm(5), (3, 5), lambda s: {"beta": s.dy.mean(0)}, ("mean_for_sum",), ("beta",)),
    Twin("dγ of the first row", L.LayerNorm(5), (3, 5), lambda s: {"gamma": (s.dy * s.cache.x_hat)[0]}, ("missing_sum",), ("gamma",)),
    Twin("length's path left out", L.RMSNorm(5), (3, 5), lambda s: {"x": s.dy * s.p["gamma"] * s.cache.scale}, ("missing_term", "diagonal"), X),
    Twin("mean path left out", L.BatchNorm(3), (7, 3), lambda s: {"x": norm_back(s, (0,), mean=False)}, ("missing_term",), X, "mean", seed=0),
    Twin("variance path left out", L.BatchNorm(3), (7, 3), lambda s: {"x": norm_back(s, (0,), variance=False)}, ("missing_term",), X, "variance", seed=0),
    Twin("statistics as constants", L.BatchNorm(3), (7, 3), lambda s: {"x": norm_back(s, (0,), mean=False, variance=False)}, ("missing_term", "diagonal"), X, seed=0),
    Twin("averaged over the features", L.BatchNorm(3), (7, 3), lambda s: {"x": norm_back(s, (1,))}, (), X, seed=0),
    # images
    Twin("kernel not turned", conv, (2, 2, 4, 5), lambda s: {"x": conv_back(s, W=s.p["W"][..., ::-1, ::-1])["x"]}, ("permuted",), X, "kernel"),
    Twin("channels exchanged", L.Conv2d(3, 3, 2), (2, 3, 4, 5), lambda s: {"x": conv_back(s, W=s.p["W"].swapaxes(0, 1))["x"]}, ("transposed",), X),
    Twin("dW turned", conv, (2, 2, 4, 5), lambda s: {"W": s.right["W"][..., ::-1, ::-1].copy()}, ("permuted",), W),
    Twin("db without the rows", conv, (2, 2, 4, 5), lambda s: {"b": s.dy[:, :, 0].sum((0, 2))}, ("missing_sum",), B),
    Twin("db of the first image", conv, (2, 2, 4, 5), lambda s: {"b": s.dy[0].sum((1, 2))}, ("missing_sum",), B),
    Twin("db averaged over the pixels", conv, (2, 2, 4, 5), lambda s: {"b": s.dy.mean((2, 3)).sum(0)}, ("factor", "mean_for_sum"), B),
    Twin("dW averaged over the batch", conv, (3, 2, 4, 5), lambda s: {"W": s.right["W"] / len(s.x)}, ("mean_for_sum",), W, "batch"),
    Twin("border without its derivative", padded, (2, 2, 4, 5), lambda s: {"x": s.right["x"] * np.pad(np.ones((2, 3)), 1)}, ("boundary",), X),
    Twin("dx off by one", padded, (2, 2, 4, 5), lambda s: {"x": np.roll(s.right["x"], 1, 3)}, ("shift",), X),
    Twin("every pixel wins", L.MaxPool2d((2, 3)), pooled, lambda s: {"x": unpooled(s)}, ("mask",), X),
    Twin("shared like a mean", L.MaxPool2d((2, 3)), pooled, lambda s: {"x": unpooled(s) / 6}, (), X),
    Twin("not divided", L.AvgPool2d((2, 3)), pooled, lambda s: {"x": unpooled(s)}, ("factor", "sum_for_mean"), X, "6"),
    # sequences
    Twin("not through time", rnn, seq, lambda s: rnn_back(s, span=1), ("truncated_time",), ALL),
    Twin("two steps of time", rnn, seq, lambda s: rnn_back(s, span=2), ("truncated_time",), ALL),
    Twin("dx through two steps", rnn, seq, lambda s: only("x")(rnn_back(s, span=2)), ("truncated_time",), X),
    Twin("dz U for dz Uᵀ", rnn, seq, lambda s: rnn_back(s, carry=lambda d, U: d @ U), ("truncated_time",), ALL, "carried"),
    Twin("slope of the state before", rnn, seq, lambda s: rnn_back(s, slope=lambda h: 1 - h[:-1] ** 2), (), ALL),
    Twin("dU with the new state", rnn, seq, lambda s: {"U": flat(s.cache.h[1:]).T @ flat(dz_of(s))}, (), ("U",)),
    Twin("db of the last step", rnn, seq, lambda s: {"b": dz_of(s)[-1].sum(0, keepdims=True)}, (), B),
    Twin("slope left out", rnn, seq, lambda s: only("x", "W", "b")(rnn_back(s, slope=lambda h: np.ones_like(h[1:]))), ("missing_factor",), ("x", "W", "b"), "one step"),
    Twin("slope left out", rnn, seq, lambda s: only("U")(rnn_back(s, slope=lambda h: np.ones_like(h[1:]))), (), ("U",)),
    Twin("the cell carries nothing back", lstm, seq, lambda s: lstm_back(s, cell=0.0), ("truncated_time",), ALL, "carried"),
    Twin("forget gate's part zero", lstm, seq, lambda s: only("W", "U", "b")(lstm_back(s, late=[(1, 0.0)])), ("one_gate",), ("W", "U", "b"), "part 2 of 4"),
    Twin("output gate's part twice", lstm, seq, lambda s: only("W", "U", "b")(lstm_back(s, late=[(2, 2.0)])), ("one_gate",), ("W", "U", "b"), "part 3 of 4"),
    Twin("input gate without its slope", L.LSTM(3, 2, sequences=False), (2, 1, 3), lambda s: only("W", "b")(lstm_back(s, slopes=(0, 1, 1, 1))), ("one_gate",), ("W", "b"), "part 1 of 4"),
    Twin("output gate without its slope", lstm, seq, lambda s: only("W", "b")(lstm_back(s, slopes=(1, 1, 0, 1))), ("one_gate",), ("W", "b"), "part 3 of 4"),
    Twin("output gate without its slope", lstm, seq, lambda s: only("x", "U")(lstm_back(s, slopes=(1, 1, 0, 1))), (), ("x", "U")),
    Twin("U through r only", gru, seq, lambda s: {"c": s.right["b"][:, 8:]}, (), ("c",)),
    # attention and tables
    Twin("dq not scaled", L.Attention(), [(2, 3, 4), (2, 5, 4), (2, 5, 7)], lambda s: {"x": attention_back(s, by_q=1.0)["x"]}, ("factor",), ("x.0",), "2"),
    Twin("dk scaled twice", L.Attention(), [(2, 3, 5), (2, 4, 5), (2, 4, 7)], lambda s: {"x": attention_back(s, by_k=1 / 5)["x"]}, ("factor",), ("x.1",), "√"),
    Twin("softmax taken for its diagonal", L.Attention(), [(2, 3, 4), (2, 5, 4), (2, 5, 7)], lambda s: {"x": attention_back(s, centred=False)["x"]}, ("missing_term", "diagonal"), ("x.0", "x.1")),
    Twin("q's columns not scaled", L.MultiHeadAttention(4, 2), (2, 3, 4), lambda s: {"W": s.right["W"] * np.repeat([2**0.5, 1, 1], 4)}, ("one_gate",), W, "part 1 of 3"),
    Twin("dc of the first query", L.MultiHeadAttention(4, 2), (2, 3, 4), lambda s: {"c": s.dy[:, 0].sum(0, keepdims=True)}, ("missing_sum",), ("c",)),
    Twin("written over", L.Embedding(4, 3), (2, 5), lambda s: {"W": overwritten(s)}, ("overwritten_repeats",), W),
    Twin("first id left out", L.Embedding(4, 3), (2, 5), lambda s: {"W": s.right["W"] * (np.arange(4) > 0)[:, None]}, ("one_row",), W),
    Twin("branch around left out", L.Residual(square), (5, 4), lambda s: {"x": s.right["x"] - s.dy}, ("missing_term",), X),
    Twin("branch through left out", L.Residual(square), (5, 4), lambda s: {"x": s.dy.copy()}, ("identity",), X),
)  # fmt: skip


def dz_of(s):
    """All dz of a right RNN."""
    h = s.cache.h
    dh = recurrence.received(s.dy, h, s.layer.sequences, s.layer.reverse)
    slope, dz, carried = 1 - h[1:] ** 2, np.empty_like(dh), np.zeros(h.shape[1:])
    for t in reversed(range(len(dh))):
        dz[t] = (dh[t] + carried) * slope[t]
        carried = dz[t] @ s.p["U"].T
    return dz


@dataclass(frozen=True)
class Stale:
    """A layer whose backward uses the cache of its first forward, of the one before, or of one elsewhere."""

    which: str
    layer: Any
    shape: Any

    slugs = ("stale_cache",)
    told = ""

    def __str__(self):
        return f"{type(self.layer).__name__}: the cache of the {self.which} forward"

    def target(self):
        rng = np.random.default_rng(3)
        params = self.layer.init(rng)
        layer = Held(self.layer, self.which)
        if self.which == "another":
            layer.which = "first"
            layer.forward(params, rng.normal(size=self.shape))
        return adapt.layer(layer, params, rng.normal(size=self.shape), name=str(self))


STALE = tuple(
    Stale(which, layer, shape)
    for which in ("first", "last", "another")
    for layer, shape in ((dense, (5, 4)), (ACT["tanh"], (3, 5)), (L.LayerNorm(5), (3, 5)), (rnn, (2, 3, 3)), (L.RMSNorm(4), (3, 4)))
)  # fmt: skip
