"""Normalisations: batch, layer, group, instance, root mean square, l2, weight; their statistics depend on the input."""

from functools import partial
from math import sqrt

import numpy as np

from ..make import moved, normal, positive, rule, scaled, uniform

R = partial(rule, "norm")
EPS = 1e-5


def standardise(x, axes, eps=EPS):
    """(x − mean)/√(var + eps) over axes, and 1/√(var + eps)."""
    d = x - x.mean(axes, keepdims=True)
    r = 1 / np.sqrt((d * d).mean(axes, keepdims=True) + eps)
    return d * r, r


def standardise_pull(u, x, axes, eps=EPS):
    z, r = standardise(x, axes, eps)
    return r * (u - u.mean(axes, keepdims=True) - z * (u * z).mean(axes, keepdims=True))


def affine_norm(name, axes, shape, g_shape, rest, eps=EPS):
    """γ · standardise(x) + β, γ and β shared over the axes rest."""

    def pull(u, x, g, b):
        z, _ = standardise(x, axes, eps)
        return standardise_pull(u * g, x, axes, eps), (u * z).sum(rest).reshape(g.shape), u.sum(rest).reshape(g.shape)

    return R(
        name,
        lambda x, g, b: g * standardise(x, axes, eps)[0] + b,
        pull,
        normal(*shape),
        normal(*g_shape, mean=1),
        normal(*g_shape),
    )


def split_groups(x, k):
    return x.reshape(x.shape[0], k, -1)


def group_norm(x, k=2):
    return standardise(split_groups(x, k), (2,))[0].reshape(x.shape)


def group_norm_pull(u, x, k=2):
    return standardise_pull(split_groups(u, k), split_groups(x, k), (2,)).reshape(x.shape)


def rms(x):
    return np.sqrt((x * x).mean(-1, keepdims=True) + EPS)


def rms_pull(u, x, g):
    r = rms(x)
    du = u * g
    return du / r - x * (du * x).mean(-1, keepdims=True) / r**3, (u * x / r).sum(0)


def length(x, axis=-1):
    return np.sqrt((x * x).sum(axis, keepdims=True))


def l2_pull(u, x, axis=-1):
    n = length(x, axis)
    return u / n - x * (u * x).sum(axis, keepdims=True) / n**3


def weight_norm_pull(u, x, v, g):
    w = v / length(v, 0)
    dw = x.T @ u
    return u @ (g * w).T, l2_pull(dw * g, v, 0), (dw * w).sum(0)


def l1_pull(u, x):
    n = np.abs(x).sum(-1, keepdims=True)
    return u / n - np.sign(x) * (u * x).sum(-1, keepdims=True) / n**2


def running_pull(u, x, m, v):
    r = 1 / np.sqrt(v + EPS)
    return u * r, -(u * r).sum(0), (u * (x - m) * r**3 / -2).sum(0)


def local_response(x):
    s = sum(np.pad(x * x, ((0, 0), (1, 1), (0, 0)))[:, i : i + x.shape[1]] for i in range(3))
    return x / (2 + 0.5 * s) ** 0.75


def local_response_pull(u, x):
    pad = ((0, 0), (1, 1), (0, 0))
    base = 2 + 0.5 * sum(np.pad(x * x, pad)[:, i : i + x.shape[1]] for i in range(3))
    t = u * x * base**-1.75
    return u * base**-0.75 - 0.75 * x * sum(np.pad(t, pad)[:, i : i + x.shape[1]] for i in range(3))


def outer_eps_pull(u, x):
    """d / (√var + eps): eps stands outside the root."""
    d = x - x.mean(0)
    s = np.sqrt((d * d).mean(0))
    g = u / (s + 0.1) - d * (u * d).mean(0) / (s * (s + 0.1) ** 2)
    return g - g.mean(0)


def minmax_pull(u, x):
    lo, hi = x.min(-1, keepdims=True), x.max(-1, keepdims=True)
    y = (x - lo) / (hi - lo)
    du = u / (hi - lo)
    return du - (x == lo) * (du * (1 - y)).sum(-1, keepdims=True) - (x == hi) * (du * y).sum(-1, keepdims=True)


def centre(u):
    return u - u.mean(0)


BATCH = affine_norm("batch", (0,), (5, 3), (3,), (0,))
BATCH_IMAGES = affine_norm("batch, images", (0, 2, 3), (5, 2, 3, 4), (2, 1, 1), (0, 2, 3))
LAYER = affine_norm("layer", (1,), (3, 5), (5,), (0,))
LAYER_SEQ = affine_norm("layer, sequences", (2,), (2, 3, 5), (5,), (0, 1))
INSTANCE = affine_norm("instance", (2, 3), (2, 3, 4, 5), (3, 1, 1), (0, 2, 3))
GROUP = R("group", group_norm, group_norm_pull, normal(3, 4, 5), names=("x",))
RMS = R("root mean square", lambda x, g: x / rms(x) * g, rms_pull, normal(3, 5), normal(5, mean=1))
L2 = R("l2", lambda x: x / length(x), l2_pull, normal(3, 5))
WEIGHT = R(
    "weight",
    lambda x, v, g: x @ (g * v / length(v, 0)),
    weight_norm_pull,
    normal(5, 3),
    normal(3, 2),
    normal(2, mean=1),
)
OUTER_EPS = R(
    "standardise, eps outside the root",
    lambda x: (x - x.mean(0)) / (np.sqrt(((x - x.mean(0)) ** 2).mean(0)) + 0.1),
    outer_eps_pull,
    normal(5, 3),
)


CONSTANT = R(
    "standardise, constant features",
    lambda x: standardise(x, 0)[0],
    lambda u, x: standardise_pull(u, x, 0),
    lambda rng: np.tile(rng.standard_normal((1, 5)), (3, 1)),
)

RULES = (
    CONSTANT,
    BATCH,
    BATCH_IMAGES,
    LAYER,
    LAYER_SEQ,
    INSTANCE,
    GROUP,
    RMS,
    L2,
    WEIGHT,
    OUTER_EPS,
    affine_norm("batch, large eps", (0,), (5, 3), (3,), (0,), eps=0.3),
    affine_norm("layer of nearly equal features", (1,), (3, 7), (7,), (0,), eps=1.0),
    moved(BATCH, "small variance", normal(5, 3, scale=1e-3), normal(3), normal(3)),
    moved(LAYER, "offset 1000", normal(3, 5, mean=1000), normal(5), normal(5)),
    moved(RMS, "mixed scales", scaled(1e-3, 1e3, 3, 5), normal(5), precision=1e-6),
    moved(L2, "tiny", normal(3, 5, scale=1e-6)),
    R("l1", lambda x: x / np.abs(x).sum(-1, keepdims=True), l1_pull, scaled(0.1, 1, 3, 5)),
    R(
        "with given statistics",
        lambda x, m, v: (x - m) / np.sqrt(v + EPS),
        running_pull,
        normal(5, 3),
        normal(3),
        positive(0.5, 2, 3),
    ),
    R("local response", local_response, local_response_pull, normal(2, 5, 3)),
    R("whole array", lambda x: standardise(x, (0, 1))[0], lambda u, x: standardise_pull(u, x, (0, 1)), normal(5, 3)),
    R(
        "from least to largest",
        lambda x: (x - x.min(-1, keepdims=True)) / np.ptp(x, -1, keepdims=True),
        minmax_pull,
        lambda rng: rng.permutation(15).reshape(3, 5) + rng.uniform(0, 0.3, (3, 5)),
    ),
    R("centred", lambda x: x - x.mean(0), lambda u, x: centre(u), normal(5, 3)),
    R(
        "statistics of a batch",
        lambda x: (x.mean(0), x.var(0)),
        lambda u, x: u[0] / len(x) + 2 * u[1] * (x - x.mean(0)) / len(x) + 0 * x,
        normal(5, 3),
    ),
    R(
        "unit ball projection",
        lambda x: x / np.maximum(length(x), 1),
        lambda u, x: np.where(length(x) > 1, l2_pull(u, x), u),
        lambda rng: ball(rng),
    ),
    R(
        "scaled to length",
        lambda x, s: s * x / sqrt(5) / length(x, 0),
        lambda u, x, s: (l2_pull(u * s / sqrt(5), x, 0), (u * x / sqrt(5) / length(x, 0)).sum(0)),
        normal(5, 3),
        uniform(1, 2, 3),
    ),
)


def ball(rng):
    """Rows of lengths well inside and well outside of 1."""
    x = rng.standard_normal((4, 3))
    return x / length(x) * np.array([[0.3], [2.0], [0.7], [5.0]])
