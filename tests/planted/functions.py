"""Functions in plain numpy, each with a backward that takes the name of its mistake: written as people write them.

Unlike the twins, nothing of netcore is in them; the mistakes are of kinds that were once named wrongly, or not at all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck import adapt

RNG = np.random.default_rng(101)
draw = RNG.normal


@dataclass(frozen=True)
class Function:
    """A function, its backward by the name of a mistake (None: right), and what each mistake is rightly called.

    Args:
        name: of the function.
        forward: forward(*inputs).
        back: back(inputs, dy, mistake) -> gradients.
        inputs: arrays.
        names: of the inputs.
        mistakes: name -> {quantity: slugs}; () where it is in no catalogue and nothing untrue may be said.
    """

    name: str
    forward: Callable[..., Any]
    back: Callable[..., Any]
    inputs: tuple[Any, ...]
    names: tuple[str, ...]
    mistakes: dict[str, dict[str, tuple[str, ...]]]

    def target(self, mistake=None):
        return adapt.vjp(
            self.forward,
            lambda inputs, dy: self.back(inputs, dy, mistake),
            *self.inputs,
            names=self.names,
            name=self.name,
        )


def normal(axes, groups=None):
    """Standardise over axes, or in groups of the channels of (N, C, L), with a gain and a shift of each channel."""

    def parted(x):
        return x if groups is None else x.reshape(len(x), groups, -1)

    def aligned(gain, x):
        return gain.reshape((-1,) + (1,) * (x.ndim - 2))

    def parts(x):
        h = parted(x)
        scale = 1 / np.sqrt(h.var(axes, keepdims=True) + 1e-5)
        return (h - h.mean(axes, keepdims=True)) * scale, scale

    def forward(x, gamma, beta):
        return parts(x)[0].reshape(x.shape) * aligned(gamma, x) + aligned(beta, x)

    def back(inputs, dy, mistake):
        x, gamma, _ = inputs
        x_hat, scale = parts(x)
        d = parted(dy * aligned(gamma, x))
        mean, variance = d.mean(axes, keepdims=True), x_hat * (d * x_hat).mean(axes, keepdims=True)
        if mistake == "n for n − 1":
            variance = variance * 20 / 19
        if mistake in ("mean path left out", "statistics as constants"):
            mean = 0.0
        if mistake in ("variance path left out", "statistics as constants"):
            variance = 0.0
        rest = tuple(k for k in range(x.ndim) if k != 1)
        x_hat = x_hat.reshape(x.shape)
        dgamma = (dy * (x if mistake == "dγ of x" else x_hat)).sum(rest)
        dbeta = dy.mean(rest) if mistake == "dβ averaged" else dy.sum(rest)
        return ((d - mean - variance) * scale).reshape(x.shape), dgamma, dbeta

    return forward, back


PATHS = {
    "mean path left out": {"x": ("missing_term",)},
    "variance path left out": {"x": ("missing_term",)},
    "statistics as constants": {"x": ("missing_term", "diagonal")},
    "n for n − 1": {"x": ("wrong_term",)},
    "dγ of x": {"gamma": ("wrong_argument",)},
    "dβ averaged": {"beta": ("mean_for_sum",)},
}


def windows(x):
    return x.reshape(*x.shape[:-1], -1, 3)


def pool_back(inputs, dy, mistake):
    x = windows(inputs[0])
    mask = x == x.max(-1, keepdims=True)
    if mistake == "the next one wins":
        mask = np.roll(mask, 1, -1)
    elif mistake == "the first one wins":
        mask = np.broadcast_to(np.arange(3) == 0, x.shape)
    elif mistake == "all win":
        mask = np.ones_like(mask)
    return ((mask * dy[..., None]).reshape(inputs[0].shape),)


def smooth(p, y):
    r = np.abs(p - y)
    return np.mean(np.where(r < 0.5, r * r, r - 0.25))


def smooth_back(inputs, dy, mistake):
    r = inputs[0] - inputs[1]
    inner, outer = 2 * r, np.sign(r)
    if mistake == "half of it inside":
        g = np.where(np.abs(r) < 0.5, inner / 2, outer)
    elif mistake == "no sign beyond":
        g = np.where(np.abs(r) < 0.5, inner, 1.0)
    else:
        g = np.where(np.abs(r) < 0.5, inner, outer)
    return dy * g / r.size, -dy * np.where(np.abs(r) < 0.5, inner, outer) / r.size


def entropy(p, y):
    return np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p))


def entropy_back(inputs, dy, mistake):
    p, y = inputs
    g = {
        "one class only": -y / p,
        "1 − p left out": (p - y) / p,
        "summed": (p - y) / (p * (1 - p)) * p.size,
    }.get(mistake, (p - y) / (p * (1 - p)))
    return dy * g / p.size, dy * (np.log(1 - p) - np.log(p)) / p.size


def log_softmax(z):
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


ONE_HOT = np.eye(3)[[0, 2, 1, 2]]


def smoothed(z):
    return -np.mean(np.sum((0.9 * ONE_HOT + 0.1 / 3) * log_softmax(z), -1))


def smoothed_back(inputs, dy, mistake):
    truth = ONE_HOT if mistake == "smoothing forgotten" else 0.9 * ONE_HOT + 0.1 / 3
    g = np.exp(log_softmax(inputs[0])) - truth
    return (dy * (g * ONE_HOT if mistake == "the true class alone" else g) / 4,)


def dense_back(inputs, dy, mistake):
    x, W, _ = inputs
    z = x @ W + inputs[2]
    dz = dy * ((dy if mistake == "mask of dy" else z) > 0)
    dW = np.einsum("bti,btj->ij", x, dz)
    db = dz.mean(1).sum(0) if mistake == "db averaged over the steps" else dz.sum((0, 1))
    return dz @ W.T, dW / (x.size / x.shape[-1]) if mistake == "dW averaged over all" else dW, db


def table_back(inputs, dy, mistake):
    T, ids = inputs
    d = np.zeros_like(T)
    np.add.at(d, ids, dy)
    return d / np.maximum(np.bincount(ids.ravel(), minlength=len(T)), 1)[:, None] if mistake else d, None


def last_state(x, W, U, b):
    h = np.zeros((len(x), len(U)))
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ W + h @ U + b)
    return h


def last_state_back(inputs, dy, mistake):
    x, W, U, b = inputs
    states = [np.zeros((len(x), len(U)))]
    for t in range(x.shape[1]):
        states.append(np.tanh(x[:, t] @ W + states[-1] @ U + b))
    dx, dW, dU, db = (np.zeros_like(a) for a in inputs)
    for t in reversed(range(x.shape[1])):
        dz = dy * (1.0 if mistake == "slope left out" else 1 - states[t + 1] ** 2)
        if mistake == "two steps of time" and t < x.shape[1] - 2:
            dz = 0 * dz
        dx[:, t] = dz @ W.T
        dW, dU, db = dW + x[:, t].T @ dz, dU + states[t].T @ dz, db + dz.sum(0)
        dy = dz @ U.T
    return dx, dW, dU, db


LENGTHS = np.array([4, 2, 3])
INSIDE = (np.arange(4) < LENGTHS[:, None])[..., None]


def twice(x, W):
    return np.tanh(x @ W) @ W


def twice_back(inputs, dy, mistake):
    x, W = inputs
    h = np.tanh(x @ W)
    dz = dy @ W.T * (1.0 if mistake else 1 - h * h)
    return dz @ W.T, x.T @ dz + h.T @ dy


ALL = ("x", "W", "U", "b")
EACH = ("x", "W", "b")
FUNCTIONS = (
    Function("batch norm of images", *normal((0, 2, 3)), (draw(size=(2, 2, 2, 5)), 1 + 0.3 * draw(size=2), draw(size=2)), ("x", "gamma", "beta"), PATHS),
    Function("group norm", *normal(-1, 2), (draw(size=(3, 4, 5)), 1 + 0.3 * draw(size=4), draw(size=4)), ("x", "gamma", "beta"), {k: v for k, v in PATHS.items() if k != "n for n − 1"}),
    Function("max pool", lambda x: windows(x).max(-1), pool_back, (draw(size=(3, 2, 6)),), ("x",), {"the next one wins": {"x": ("mask",)}, "the first one wins": {"x": ("mask",)}, "all win": {"x": ("mask",)}}),
    Function("smooth L1", smooth, smooth_back, (draw(size=(6, 4)), draw(size=(6, 4))), ("p", "y"), {"half of it inside": {"p": ("one_side",)}, "no sign beyond": {"p": ("saturation",)}}),
    Function("cross-entropy", entropy, entropy_back, (RNG.uniform(0.1, 0.9, (5, 3)), RNG.uniform(0.1, 0.9, (5, 3))), ("p", "y"), {"one class only": {"p": ("missing_term",)}, "1 − p left out": {"p": ("missing_factor",)}, "summed": {"p": ("sum_for_mean",)}}),
    Function("smoothed labels", smoothed, smoothed_back, (draw(size=(4, 3)),), ("z",), {"smoothing forgotten": {"z": ("missing_term",)}, "the true class alone": {"z": ("mask",)}}),
    Function("dense relu", lambda x, W, b: np.maximum(x @ W + b, 0), dense_back, (draw(size=(3, 4, 5)), draw(size=(5, 6)), draw(size=6)), EACH, {"mask of dy": dict.fromkeys(EACH, ("cotangent_nonlinear",)), "dW averaged over all": {"W": ("mean_for_sum",)}, "db averaged over the steps": {"b": ("mean_for_sum",)}}),
    Function("table", lambda T, ids: T[ids], table_back, (draw(size=(5, 4)), np.array([[0, 2, 2], [1, 2, 0]])), ("T", "ids"), {"averaged by use": {"T": ("mean_for_sum",)}}),
    Function("copies", lambda x: np.repeat(x, 3, -1), lambda inputs, dy, mistake: ((windows(dy).mean(-1) if mistake else windows(dy).sum(-1)),), (draw(size=(2, 4)),), ("x",), {"averaged": {"x": ("mean_for_sum",)}}),
    Function("sort", lambda x: np.sort(x, -1), lambda inputs, dy, mistake: (np.take_along_axis(dy, np.argsort(inputs[0], -1) if mistake else np.argsort(np.argsort(inputs[0], -1), -1), -1),), (draw(size=(3, 5)),), ("x",), {"order for its inverse": {"x": ("permuted", "transposed")}}),
    Function("power", lambda a, b: a**b, lambda inputs, dy, mistake: (dy * inputs[1] * inputs[0] ** (inputs[1] - 1), (dy * inputs[0] ** inputs[1] * (1.0 if mistake else np.log(inputs[0]))).sum(0)), (RNG.uniform(0.5, 2, (6, 4)), RNG.uniform(0.5, 2, 4)), ("a", "b"), {"logarithm left out": {"b": ("missing_factor",)}}),
    Function("elu", lambda x: np.where(x > 0, x, np.expm1(x)), lambda inputs, dy, mistake: (dy * np.where(inputs[0] > 0, 1, np.expm1(inputs[0]) if mistake else np.exp(inputs[0])),), (draw(size=(4, 6)),), ("x",), {"y below zero": {"x": ("wrong_function",)}}),
    Function("mean of rows of any length", lambda x: (x * INSIDE).sum(1) / LENGTHS[:, None], lambda inputs, dy, mistake: (dy[:, None] * INSIDE / (1 if mistake else LENGTHS[:, None, None]),), (draw(size=(3, 4, 2)),), ("x",), {"not divided": {"x": ("sum_for_mean",)}}),
    Function("last state", last_state, last_state_back, (draw(size=(2, 5, 3)), 0.6 * draw(size=(3, 4)), 0.6 * draw(size=(4, 4)), 0.2 * draw(size=4)), ALL, {"two steps of time": dict.fromkeys(ALL, ("truncated_time",)), "slope left out": {"x": ("missing_factor",), "W": ("missing_factor",), "U": (), "b": ("missing_factor",)}}),
    Function("a weight used twice", twice, twice_back, (draw(size=(4, 3)), 0.7 * draw(size=(3, 3))), ("x", "W"), {"slope left out": {"x": (), "W": ()}}),
)  # fmt: skip
MISTAKES = tuple((function, mistake) for function in FUNCTIONS for mistake in function.mistakes)
