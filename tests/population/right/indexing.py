"""Moving entries about: gather, scatter, embeddings with repeats, slices, rolls, pads, joins and splits."""

from functools import partial

import numpy as np

from ..make import integers, normal, rule

R = partial(rule, "indexing")


def scatter(like, at, u):
    """Zeros like an array, with u added at the index; repeats add up."""
    g = np.zeros_like(like)
    np.add.at(g, at, u)
    return g


def permuted(n):
    return lambda rng: rng.permutation(n)


def repeats(n, k):
    """K whole numbers below n, the first one thrice."""
    return lambda rng: np.concatenate([np.full(3, 1), rng.integers(0, n, k - 3)])


def along(x, i):
    return np.take_along_axis(x, i, 1)


def along_pull(u, x, i):
    return scatter(x, (np.arange(len(x))[:, None], i), u), None


def scatter_add_pull(u, x, i, v):
    return u, None, u[i]


def overwrite(x, v):
    y = x.copy()
    y[1:3, ::2] = v
    return y


def overwrite_pull(u, x, v):
    g = u.copy()
    g[1:3, ::2] = 0
    return g, u[1:3, ::2].copy()


def reflect(x):
    return np.pad(x, ((0, 0), (2, 2)), mode="reflect")


def reflect_pull(u, x):
    g = u[:, 2:-2].copy()
    g[:, 1:3] += u[:, 1::-1]
    g[:, -3:-1] += u[:, :-3:-1]
    return g


def edge_pull(u, x):
    g = u[:, 2:-2].copy()
    g[:, 0] += u[:, :2].sum(1)
    g[:, -1] += u[:, -2:].sum(1)
    return g


def wrap_pull(u, x):
    g = u[:, 2:-2].copy()
    g[:, -2:] += u[:, :2]
    g[:, :2] += u[:, -2:]
    return g


def segment_sum(x, s):
    y = np.zeros((4, x.shape[1]), x.dtype)
    np.add.at(y, s, x)
    return y


def segment_mean(x, s):
    return segment_sum(x, s) / np.maximum(np.bincount(s, minlength=4), 1).astype(x.dtype)[:, None]


def segment_mean_pull(u, x, s):
    return (u / np.maximum(np.bincount(s, minlength=4), 1).astype(x.dtype)[:, None])[s], None


def bag_pull(u, E, i):
    return scatter(E, i, np.repeat(u[:, None], i.shape[1], 1)), None


def triangle(v):
    m = np.zeros((4, 4), v.dtype)
    m[np.tril_indices(4)] = v
    return m


def lerp(x, t):
    i = np.clip(np.floor(t).astype(int), 0, len(x) - 2)
    w = t - i
    return (1 - w) * x[i] + w * x[i + 1]


def lerp_pull(u, x, t):
    i = np.clip(np.floor(t).astype(int), 0, len(x) - 2)
    w = t - i
    return scatter(x, i, u * (1 - w)) + scatter(x, i + 1, u * w), u * (x[i + 1] - x[i])


def between(n, k):
    """K positions below n − 1, none near a whole number."""
    return lambda rng: rng.integers(0, n - 1, k) + rng.uniform(0.1, 0.9, k)


def pad_pull(u, x):
    return u[1 : 1 + x.shape[0], 2 : 2 + x.shape[1]].copy()


EMBED = R(
    "embedding with repeats", lambda E, i: E[i], lambda u, E, i: (scatter(E, i, u), None), normal(5, 3), repeats(5, 7)
)
TAKE = R("take along axis", along, along_pull, normal(3, 5), integers(0, 5, 3, 7))
SCATTER = R(
    "scatter-add", lambda x, i, v: x + scatter(x, i, v), scatter_add_pull, normal(5, 3), repeats(5, 7), normal(7, 3)
)
ROLL = R("roll", lambda x: np.roll(x, 2, 0), lambda u, x: np.roll(u, -2, 0), normal(7, 3))
PAD = R("pad", lambda x: np.pad(x, ((1, 2), (2, 3))), pad_pull, normal(3, 5))
REFLECT = R("pad by reflection", reflect, reflect_pull, normal(3, 7))
EDGE = R("pad by the edge", lambda x: np.pad(x, ((0, 0), (2, 2)), mode="edge"), edge_pull, normal(3, 5))
CONCAT = R(
    "concatenate",
    lambda a, b: np.concatenate([a, b], 1),
    lambda u, a, b: (u[:, :3].copy(), u[:, 3:].copy()),
    normal(5, 3),
    normal(5, 2),
)
STACK = R(
    "stack", lambda a, b: np.stack([a, b]), lambda u, a, b: (u[0].copy(), u[1].copy()), normal(5, 3), normal(5, 3)
)
OVERWRITE = R("overwrite a slice", overwrite, overwrite_pull, normal(5, 7), normal(2, 4))
SLICE = R("slice with steps", lambda x: x[1::2, ::-2], lambda u, x: scatter(x, np.s_[1::2, ::-2], u), normal(5, 7))
SEGMENT_MEAN = R("segment mean", segment_mean, segment_mean_pull, normal(7, 3), integers(0, 4, 7))
PERMUTE = R(
    "transpose of three axes", lambda x: x.transpose(2, 0, 1), lambda u, x: u.transpose(1, 2, 0), normal(2, 3, 5)
)
FLIP = R("flip", lambda x: x[:, ::-1], lambda u, x: u[:, ::-1], normal(3, 5))
TILE = R(
    "tile", lambda x: np.tile(x, (2, 3)), lambda u, x: u.reshape(2, x.shape[0], 3, x.shape[1]).sum((0, 2)), normal(5, 7)
)
REPEAT = R("repeat", lambda x: np.repeat(x, 3, 1), lambda u, x: u.reshape(*x.shape, 3).sum(2), normal(5, 2))
BAG = R("embedding bag", lambda E, i: E[i].sum(1), bag_pull, normal(5, 3), integers(0, 5, 2, 7))

RULES = (
    EMBED,
    TAKE,
    SCATTER,
    ROLL,
    PAD,
    REFLECT,
    EDGE,
    CONCAT,
    STACK,
    OVERWRITE,
    SLICE,
    SEGMENT_MEAN,
    PERMUTE,
    FLIP,
    TILE,
    REPEAT,
    BAG,
    R(
        "gather rows, no repeats",
        lambda x, i: x[i],
        lambda u, x, i: (u[np.argsort(i)], None),
        normal(5, 3),
        permuted(5),
    ),
    R(
        "pick one entry a row",
        lambda x, i: x[np.arange(5), i],
        lambda u, x, i: (scatter(x, (np.arange(5), i), u), None),
        normal(5, 3),
        integers(0, 3, 5),
    ),
    R("segment sum", segment_sum, lambda u, x, s: (u[s], None), normal(7, 3), integers(0, 4, 7)),
    R("pad by wrapping", lambda x: np.pad(x, ((0, 0), (2, 2)), mode="wrap"), wrap_pull, normal(3, 5)),
    R("split", lambda x: (x[:, :2], x[:, 2:]), lambda u, x: np.concatenate(u, 1), normal(3, 5)),
    R("unstack", lambda x: tuple(x), lambda u, x: np.stack(u), normal(3, 5)),
    R("reshape", lambda x: x.reshape(5, 6), lambda u, x: u.reshape(x.shape), normal(2, 3, 5)),
    R("swap axes", lambda x: np.swapaxes(x, 0, 2), lambda u, x: np.swapaxes(u, 0, 2), normal(2, 3, 5)),
    R("rot90", lambda x: np.rot90(x), lambda u, x: np.rot90(u, -1), normal(3, 5)),
    R(
        "expand dims and broadcast",
        lambda x: np.broadcast_to(x[:, None], (5, 2, 3)),
        lambda u, x: u.sum(1),
        normal(5, 3),
    ),
    R("lower triangle of a vector", triangle, lambda u, v: u[np.tril_indices(4)], normal(10)),
    R(
        "diagonal",
        lambda x: np.diagonal(x, 1),
        lambda u, x: scatter(x, (np.arange(3), np.arange(1, 4)), u),
        normal(3, 5),
    ),
    R(
        "boolean mask",
        lambda x, m: x[m],
        lambda u, x, m: (scatter(x, m, u), None),
        normal(3, 5),
        lambda rng: rng.permutation(15).reshape(3, 5) < 7,
    ),
    R(
        "where by a given mask",
        lambda m, a, b: np.where(m, a, b),
        lambda u, m, a, b: (None, u * m, u * ~m),
        lambda rng: rng.random((3, 5)) < 0.5,
        normal(3, 5),
        normal(3, 5),
    ),
    R("linear interpolation in a table", lerp, lerp_pull, normal(5), between(5, 7)),
    R(
        "block matrix",
        lambda a, b: np.block([[a, a @ b], [b.T, b.T @ b]]),
        lambda u, a, b: block_pull(u, a, b),
        normal(2, 3),
        normal(3, 5),
    ),
    R("tril", np.tril, lambda u, x: np.tril(u), normal(3, 5), names=("x",)),
    R(
        "slice used twice",
        lambda x: x[1:] * x[:-1],
        lambda u, x: scatter(x, np.s_[1:], u * x[:-1]) + scatter(x, np.s_[:-1], u * x[1:]),
        normal(7),
    ),
)


def block_pull(u, a, b):
    p, w = u[:2, 3:], u[2:, 3:]
    return u[:2, :3] + p @ b.T, a.T @ p + u[2:, :3].T + b @ (w + w.T)
