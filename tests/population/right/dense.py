"""Affine layers and small stacks of them, with every parameter."""

from functools import partial

import numpy as np

from ..make import away, integers, normal, rule, uniform

R = partial(rule, "dense")


def two_layers(x, W, b, V, c):
    return np.tanh(x @ W + b) @ V + c


def two_layers_pull(u, x, W, b, V, c):
    h = np.tanh(x @ W + b)
    dz = u @ V.T * (1 - h * h)
    return dz @ W.T, x.T @ dz, dz.sum(0, keepdims=True), h.T @ u, u.sum(0, keepdims=True)


def residual_pull(u, x, W, V):
    h = np.maximum(x @ W, 0)
    dz = u @ V.T * (h > 0)
    return u + dz @ W.T, x.T @ dz, h.T @ u


def bilinear_pull(u, x, A, y):
    return np.einsum("bo,ioj,bj->bi", u, A, y), np.einsum("bo,bi,bj->ioj", u, x, y), np.einsum("bo,ioj,bi->bj", u, A, x)


def tied_pull(u, x, W):
    h = np.tanh(x @ W)
    dz = u @ W * (1 - h * h)
    return dz @ W.T, x.T @ dz + u.T @ h


def highway_pull(u, x, W, T):
    h, t = np.tanh(x @ W), 1 / (1 + np.exp(-x @ T))
    dh, dt = u * t * (1 - h * h), u * (h - x) * t * (1 - t)
    return dh @ W.T + dt @ T.T + u * (1 - t), x.T @ dh, x.T @ dt


def relu_point(rng):
    """Whole numbers and a half-shifted bias: no pre-activation comes near 0, each column has both signs."""
    while True:
        x, W = rng.integers(-4, 5, (5, 3)) + 0.0, rng.integers(-3, 4, (3, 2)) + 0.0
        b = rng.choice([-5.6, -4.4, 3.4, 5.4], (1, 2))
        on = x @ W + b > 0
        if on.any(0).all() and not on.all(0).any() and (np.abs(x @ W) < np.abs(b)).any(0).all():
            return x, W, b


AFFINE = R(
    "affine",
    lambda x, W, b: x @ W + b,
    lambda u, x, W, b: (u @ W.T, x.T @ u, u.sum(0, keepdims=True)),
    normal(5, 3),
    normal(3, 2),
    normal(1, 2),
)
SQUARE = R("affine, square weight", lambda x, W: x @ W, lambda u, x, W: (u @ W.T, x.T @ u), normal(5, 3), normal(3, 3))
TWO = R("two layers", two_layers, two_layers_pull, normal(5, 3), normal(3, 7), normal(1, 7), normal(7, 2), normal(1, 2))
RELU_LAYER = R(
    "affine and relu",
    lambda x, W, b: np.maximum(x @ W + b, 0),
    lambda u, x, W, b: relu_layer_pull(u, x, W, b),
    draw=relu_point,
)
HIGHWAY = R(
    "highway",
    lambda x, W, T: np.tanh(x @ W) / (1 + np.exp(-x @ T)) + x * (1 - 1 / (1 + np.exp(-x @ T))),
    highway_pull,
    normal(5, 3),
    normal(3, 3),
    normal(3, 3),
)
TIED = R("tied auto-encoder", lambda x, W: np.tanh(x @ W) @ W.T, tied_pull, normal(5, 3), normal(3, 2))


def relu_layer_pull(u, x, W, b):
    dz = u * (x @ W + b > 0)
    return dz @ W.T, x.T @ dz, dz.sum(0, keepdims=True)


RULES = (
    AFFINE,
    SQUARE,
    TWO,
    RELU_LAYER,
    HIGHWAY,
    TIED,
    R("affine, weight transposed", lambda x, W: x @ W.T, lambda u, x, W: (u @ W, u.T @ x), normal(5, 3), normal(2, 3)),
    R(
        "affine over sequences",
        lambda x, W, b: x @ W + b,
        lambda u, x, W, b: (u @ W.T, np.einsum("bti,bto->io", x, u), u.sum((0, 1))),
        normal(2, 5, 3),
        normal(3, 7),
        normal(7),
    ),
    R(
        "affine, columns are samples",
        lambda W, x, b: W @ x + b,
        lambda u, W, x, b: (u @ x.T, W.T @ u, u.sum(1, keepdims=True)),
        normal(2, 3),
        normal(3, 5),
        normal(2, 1),
    ),
    R(
        "bilinear",
        lambda x, A, y: np.einsum("bi,ioj,bj->bo", x, A, y),
        bilinear_pull,
        normal(5, 3),
        normal(3, 2, 7),
        normal(5, 7),
    ),
    R(
        "residual block",
        lambda x, W, V: x + np.maximum(x @ W, 0) @ V,
        residual_pull,
        lambda rng: rng.integers(-4, 4, (5, 3)) + 0.3,
        lambda rng: rng.integers(-3, 4, (3, 2)) + 0.0,
        normal(2, 3),
    ),
    R(
        "low rank",
        lambda x, A, B: x @ A @ B,
        lambda u, x, A, B: (u @ B.T @ A.T, x.T @ u @ B.T, (x @ A).T @ u),
        normal(5, 7),
        normal(7, 2),
        normal(2, 3),
    ),
    R("diagonal", lambda x, d: x * d, lambda u, x, d: (u * d, (u * x).sum(0)), normal(5, 3), normal(3)),
    R(
        "feature-wise modulation",
        lambda x, s, b: x * (1 + s) + b,
        lambda u, x, s, b: (u * (1 + s), u * x, u),
        normal(5, 3),
        normal(5, 3),
        normal(5, 3),
    ),
    R(
        "masked weight",
        lambda x, W, m: x @ (W * m),
        lambda u, x, W, m: (u @ (W * m).T, (x.T @ u) * m, None),
        normal(5, 3),
        normal(3, 7),
        integers(0, 2, 3, 7),
    ),
    R(
        "dropout by a given mask",
        lambda x, m: x * m / 0.6,
        lambda u, x, m: (u * m / 0.6, None),
        normal(5, 7),
        integers(0, 2, 5, 7),
    ),
    R(
        "radial basis",
        lambda x, c: np.exp(-((x[:, None] - c) ** 2).sum(-1)),
        lambda u, x, c: radial_pull(u, x, c),
        normal(5, 3, scale=0.5),
        normal(2, 3, scale=0.5),
    ),
    R(
        "pairwise distances",
        lambda x, c: np.sqrt(((x[:, None] - c) ** 2).sum(-1)),
        lambda u, x, c: distance_pull(u, x, c),
        normal(5, 3),
        normal(2, 3),
    ),
    R(
        "mixture of experts",
        lambda g, y: (np.exp(g) / np.exp(g).sum(1, keepdims=True) * y).sum(1),
        lambda u, g, y: expert_pull(u, g, y),
        normal(5, 3),
        normal(5, 3),
    ),
    R(
        "affine, relu mask in the inputs",
        lambda x, W: np.maximum(x, 0) @ W,
        lambda u, x, W: (u @ W.T * (x > 0), np.maximum(x, 0).T @ u),
        away(5, 3),
        uniform(-1, 1, 3, 2),
    ),
)


def radial_pull(u, x, c):
    d = x[:, None] - c
    g = -2 * (u * np.exp(-(d * d).sum(-1)))[..., None] * d
    return g.sum(1), -g.sum(0)


def distance_pull(u, x, c):
    d = x[:, None] - c
    g = (u / np.sqrt((d * d).sum(-1)))[..., None] * d
    return g.sum(1), -g.sum(0)


def expert_pull(u, g, y):
    p = np.exp(g) / np.exp(g).sum(1, keepdims=True)
    du = u[:, None]
    return du * p * (y - (p * y).sum(1, keepdims=True)), du * p
