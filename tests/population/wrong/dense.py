"""Mistakes in affine layers, their stacks and normalisations as people make them."""

import numpy as np

from ..right import dense, norm
from ..right.dense import distance_pull, two_layers_pull
from ..right.norm import EPS, l2_pull, length, rms, split_groups, standardise, standardise_pull
from .mutators import bug, rewrite, shelf

D, N = shelf(dense), shelf(norm)


def on(name, how, slug, *, size=None, **pulls):
    return bug(D[name], how, slug, size=size, **pulls)


def normed(name, how, slug, *, size=None, **pulls):
    return bug(N[name], how, slug, size=size, **pulls)


def gate(x, T):
    return 1 / (1 + np.exp(-x @ T))


def scale(x, axes, eps=EPS):
    return 1 / np.sqrt(x.var(axes, keepdims=True) + eps)


def no_mean(u, x, axes):
    """The mean's dependence left out."""
    z, r = standardise(x, axes)
    return r * (u - z * (u * z).mean(axes, keepdims=True))


def no_variance(u, x, axes):
    r = scale(x, axes)
    return r * (u - u.mean(axes, keepdims=True))


def eps_outside(u, x, axes, eps):
    """1/(√var + eps) for 1/√(var + eps)."""
    r = 1 / (np.sqrt(x.var(axes, keepdims=True)) + eps)
    z = (x - x.mean(axes, keepdims=True)) * r
    return r * (u - u.mean(axes, keepdims=True) - z * (u * z).mean(axes, keepdims=True))


def unbiased(u, x, axes):
    n = x.shape[axes[0]]
    z, r = standardise(x, axes)
    return r * (u - u.mean(axes, keepdims=True) - z * (u * z).sum(axes, keepdims=True) / (n - 1))


def two_bug(how, slug, spoil):
    """Spoil: (u, x, W, b, V, c) -> gradients, in place of the right ones."""
    return rewrite(D["two layers"], how, slug, spoil)


def pre_activation(u, x, W, b, V, c):
    z = x @ W + b
    dz = u @ V.T * (1 - z * z)
    h = np.tanh(z)
    return dz @ W.T, x.T @ dz, dz.sum(0, keepdims=True), h.T @ u, u.sum(0, keepdims=True)


def no_slope(u, x, W, b, V, c):
    dz = u @ V.T
    h = np.tanh(x @ W + b)
    return dz @ W.T, x.T @ dz, dz.sum(0, keepdims=True), h.T @ u, u.sum(0, keepdims=True)


def hidden_linear(u, x, W, b, V, c):
    dx, dW, db, _, dc = two_layers_pull(u, x, W, b, V, c)
    return dx, dW, db, (x @ W + b).T @ u, dc


DENSE = (
    on("affine", "bias a mean over the batch", "mean_for_sum", b=lambda u, x, W, b: u.mean(0, keepdims=True), size=0.8),
    on("affine", "weight a mean over the batch", "mean_for_sum", W=lambda u, x, W, b: x.T @ u / len(x), size=0.8),
    on("affine", "bias added to the weight", "extra_term", W=lambda u, x, W, b: x.T @ u + u.sum(0)),
    on("affine", "absolute input", "wrong_function", W=lambda u, x, W, b: np.abs(x).T @ u),
    on("affine, square weight", "weight not transposed", "transposed", x=lambda u, x, W: u @ W),
    on("affine, square weight", "outer product the other way", "transposed", W=lambda u, x, W: u.T @ x),
    on(
        "affine, weight transposed",
        "first and last features only",
        "missing_term",
        x=lambda u, x, W: u @ W * np.array([1, 0, 1]),
    ),
    on("affine over sequences", "last step only", "truncated_time", W=lambda u, x, W, b: x[:, -1].T @ u[:, -1]),
    on("affine over sequences", "mean over the steps", "mean_for_sum", b=lambda u, x, W, b: u.mean(1).sum(0), size=0.8),
    on("affine, columns are samples", "first sample's bias", "missing_sum", b=lambda u, W, x, b: u[:, :1]),
    on("affine and relu", "mask of x", "mask", W=lambda u, x, W, b: (x * (x > 0)).T @ u),
    on("affine and relu", "mask left out", "mask", x=lambda u, x, W, b: u @ W.T),
    on(
        "affine and relu",
        "mask without the bias",
        "mask",
        b=lambda u, x, W, b: (u * (x @ W - b > 0)).sum(0, keepdims=True),
    ),
    on("affine, relu mask in the inputs", "mask left out", "mask", x=lambda u, x, W: u @ W.T),
    on("affine, relu mask in the inputs", "input for activation", "wrong_argument", W=lambda u, x, W: x.T @ u),
    two_bug("pre-activation for activation", "wrong_argument", pre_activation),
    two_bug("activation's slope left out", "missing_factor", no_slope),
    two_bug("pre-activation in the outer weight", "wrong_argument", hidden_linear),
    on("residual block", "skip left out", "missing_term", x=lambda u, x, W, V: (u @ V.T * (x @ W > 0)) @ W.T),
    on("residual block", "branch left out", "missing_term", x=lambda u, x, W, V: u),
    on(
        "tied auto-encoder",
        "decoder's use left out",
        "missing_term",
        W=lambda u, x, W: x.T @ (u @ W * (1 - np.tanh(x @ W) ** 2)),
    ),
    on("tied auto-encoder", "encoder's use left out", "missing_term", W=lambda u, x, W: u.T @ np.tanh(x @ W)),
    on(
        "highway",
        "carry left out",
        "missing_term",
        x=lambda u, x, W, T: D["highway"].vjp((x, W, T), u)[0] - u * (1 - gate(x, T)),
    ),
    on("highway", "gate as a constant", "zero", T=lambda u, x, W, T: 0 * T, size=1),
    on(
        "highway",
        "gate sees h alone",
        "missing_term",
        T=lambda u, x, W, T: x.T @ (u * np.tanh(x @ W) * gate(x, T) * (1 - gate(x, T))),
    ),
    on("low rank", "factors in the wrong order", "permuted", A=lambda u, x, A, B: x.T @ u @ B.T[:, ::-1]),
    on(
        "bilinear",
        "other argument's sample shifted",
        "shift",
        x=lambda u, x, A, y: np.einsum("bo,ioj,bj->bi", u, A, np.roll(y, 1, 0)),
    ),
    on("diagonal", "first sample only", "missing_sum", d=lambda u, x, d: u[0] * x[0]),
    on("feature-wise modulation", "one left out", "missing_term", x=lambda u, x, s, b: u * s),
    on("masked weight", "mask left out of the weight's", "mask", W=lambda u, x, W, m: x.T @ u),
    on("masked weight", "mask left out of the input's", "mask", x=lambda u, x, W, m: u @ W.T),
    on("dropout by a given mask", "scale left out", "factor", x=lambda u, x, m: u * m, size=0.4),
    on("dropout by a given mask", "mask left out", "mask", x=lambda u, x, m: u / 0.6),
    on("dropout by a given mask", "scale inverted", "factor", x=lambda u, x, m: u * m * 0.6, size=0.64),
    on(
        "radial basis",
        "factor 2 left out",
        "factor",
        c=lambda u, x, c: D["radial basis"].vjp((x, c), u)[1] / 2,
        size=0.5,
    ),
    on(
        "pairwise distances",
        "not divided by the distance",
        "missing_factor",
        x=lambda u, x, c: (u[..., None] * (x[:, None] - c)).sum(1),
    ),
    on(
        "pairwise distances",
        "centres of the points' sign",
        "sign",
        c=lambda u, x, c: -distance_pull(u, x, c)[1],
        size=2,
    ),
    on(
        "mixture of experts",
        "gates as constants",
        "missing_term",
        g=lambda u, g, y: 0.1 * D["mixture of experts"].vjp((g, y), u)[0],
        size=0.9,
    ),
)

NORM = (
    normed("batch", "statistics as constants", "missing_term", x=lambda u, x, g, b: u * g * scale(x, (0,))),
    normed("batch", "mean as a constant", "missing_term", x=lambda u, x, g, b: no_mean(u * g, x, (0,))),
    normed("batch", "variance as a constant", "missing_term", x=lambda u, x, g, b: no_variance(u * g, x, (0,))),
    normed("batch", "gain left out", "missing_factor", x=lambda u, x, g, b: standardise_pull(u, x, (0,))),
    normed("batch", "gain's input not normalised", "wrong_argument", g=lambda u, x, g, b: (u * x).sum(0)),
    normed(
        "batch", "gain a mean", "mean_for_sum", g=lambda u, x, g, b: (u * standardise(x, (0,))[0]).mean(0), size=0.8
    ),
    normed("batch", "n − 1 for n", "ddof", x=lambda u, x, g, b: unbiased(u * g, x, (0,))),
    normed("batch", "over the features", "wrong_axis", x=lambda u, x, g, b: standardise_pull(u * g, x, (1,))),
    normed(
        "batch", "no root", "missing_factor", x=lambda u, x, g, b: standardise_pull(u * g, x, (0,)) * scale(x, (0,))
    ),
    normed(
        "batch, images",
        "statistics of each image",
        "wrong_axis",
        x=lambda u, x, g, b: standardise_pull(u * g, x, (2, 3)),
    ),
    normed("batch, large eps", "eps outside the root", "eps", x=lambda u, x, g, b: eps_outside(u * g, x, (0,), 0.3)),
    normed("batch, large eps", "eps left out", "eps", x=lambda u, x, g, b: standardise_pull(u * g, x, (0,), 0.0)),
    normed("batch", "eps 1e-3 for 1e-5", "eps", x=lambda u, x, g, b: standardise_pull(u * g, x, (0,), 1e-3)),
    normed("layer", "statistics as constants", "missing_term", x=lambda u, x, g, b: u * g * scale(x, (1,))),
    normed("layer", "mean as a constant", "missing_term", x=lambda u, x, g, b: no_mean(u * g, x, (1,))),
    normed("layer", "variance as a constant", "missing_term", x=lambda u, x, g, b: no_variance(u * g, x, (1,))),
    normed("layer", "gain after the pull", "wrong_argument", x=lambda u, x, g, b: g * standardise_pull(u, x, (1,))),
    normed("layer", "over the batch", "wrong_axis", x=lambda u, x, g, b: standardise_pull(u * g, x, (0,))),
    normed(
        "layer of nearly equal features",
        "eps left out",
        "eps",
        x=lambda u, x, g, b: standardise_pull(u * g, x, (1,), 0.0),
    ),
    normed("layer, sequences", "bias of the last step", "truncated_time", b=lambda u, x, g, b: u[:, -1].sum(0)),
    normed(
        "instance", "statistics of the batch", "wrong_axis", x=lambda u, x, g, b: standardise_pull(u * g, x, (0, 2, 3))
    ),
    normed(
        "group",
        "four groups for two",
        "groups",
        x=lambda u, x: standardise_pull(split_groups(u, 4), split_groups(x, 4), (2,)).reshape(x.shape),
    ),
    normed("root mean square", "length as a constant", "missing_term", x=lambda u, x, g: u * g / rms(x)),
    normed(
        "root mean square",
        "cubed length left out",
        "missing_factor",
        x=lambda u, x, g: u * g / rms(x) - x * (u * g * x).mean(-1, keepdims=True),
    ),
    normed(
        "root mean square",
        "that of the layer norm",
        "wrong_function",
        x=lambda u, x, g: standardise_pull(u * g, x, (1,)),
    ),
    normed("root mean square", "gain's input not normalised", "wrong_argument", g=lambda u, x, g: (u * x).sum(0)),
    normed("l2", "length as a constant", "missing_term", x=lambda u, x: u / length(x)),
    normed("l2", "length squared", "missing_factor", x=lambda u, x: l2_pull(u, x) / length(x)),
    normed(
        "l1",
        "sign left out",
        "wrong_function",
        x=lambda u, x: (
            u / np.abs(x).sum(-1, keepdims=True)
            - (u * x).sum(-1, keepdims=True) / np.abs(x).sum(-1, keepdims=True) ** 2
        ),
    ),
    normed("weight", "length as a constant", "missing_term", v=lambda u, x, v, g: x.T @ u * g / length(v, 0)),
    normed("weight", "direction not of unit length", "missing_factor", g=lambda u, x, v, g: (x.T @ u * v).sum(0)),
    normed(
        "with given statistics",
        "variance's half left out",
        "factor",
        v=lambda u, x, m, v: -(u * (x - m) * (v + EPS) ** -1.5).sum(0),
        size=1,
    ),
    normed("with given statistics", "mean's gradient left out", "zero", m=lambda u, x, m, v: 0 * m, size=1),
    normed(
        "standardise, eps outside the root",
        "eps inside the root",
        "eps",
        x=lambda u, x: standardise_pull(u, x, (0,), 0.01),
    ),
    normed("local response", "neighbours' part left out", "missing_term", x=lambda u, x: u * local_power(x)),
    normed(
        "from least to largest", "bounds as constants", "missing_term", x=lambda u, x: u / np.ptp(x, -1, keepdims=True)
    ),
    normed("centred", "mean's part left out", "missing_term", x=lambda u, x: u.copy()),
)


def local_power(x):
    return (2 + 0.5 * sum(np.pad(x * x, ((0, 0), (1, 1), (0, 0)))[:, i : i + x.shape[1]] for i in range(3))) ** -0.75


RULES = DENSE + NORM
