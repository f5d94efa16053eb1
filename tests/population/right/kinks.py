"""Points on a kink and beside it. On it, any number between the two slopes is right; beside it, only one is."""

from functools import partial

import numpy as np

from ..make import elementwise, rule

E, R = partial(elementwise, "kinks"), partial(rule, "kinks")


def on(*kinks, count=7):
    """Normal numbers, a good half of them exactly on a kink."""

    def draw(rng):
        x = rng.choice([-1, 1], count) * rng.uniform(0.1, 0.9, count) + 2 * max(kinks)
        x[: count // 2 + 1] = np.resize(kinks, count // 2 + 1)
        return rng.permutation(x)

    return draw


def beside(*kinks, count=7):
    """Numbers 1e-9 to 1e-7 beside a kink, on both sides of each."""

    def draw(rng):
        sides = np.resize(np.repeat([-1.0, 1.0], len(kinks)), count)
        return rng.permutation(np.resize(kinks, count) + sides * 10 ** rng.uniform(-9, -7, count))

    return draw


def step(x, at, value):
    """0 left of the kink, 1 right of it, value on it."""
    return np.where(x == at, value, (x > at) * 1.0)


def tied(rng):
    """Rows with two or three equal maxima."""
    x = rng.permutation(15).reshape(3, 5) / 7.0
    x[:, [0, 3]] = 3.0
    x[2, 4] = 3.0
    return (x,)


def first(x):
    return np.arange(x.shape[1]) == x.argmax(1)[:, None]


def last(x):
    return np.arange(x.shape[1]) == x.shape[1] - 1 - x[:, ::-1].argmax(1)[:, None]


def shared(x):
    best = x == x.max(1, keepdims=True)
    return best / best.sum(1, keepdims=True)


def equal_pair(rng):
    a, b = rng.standard_normal(7), rng.standard_normal(7)
    b[:4] = a[:4]
    return a, b


def pair_rule(name, f, share):
    """Share: the part of a where both are equal; f is np.maximum or np.minimum."""
    won = np.greater if f is np.maximum else np.less

    def pull(u, a, b):
        w = np.where(a == b, share, won(a, b) * 1.0)
        return u * w, u * (1 - w)

    return R(name, f, pull, draw=equal_pair, names=("a", "b"))


def relu_layer(x, W):
    return np.maximum(x @ W, 0)


def dead_point(rng):
    """One pre-activation of each column is exactly 0; all sums are exact."""
    x, W = rng.choice([-2.0, -1.0, 1.0, 2.0], (5, 3)), rng.integers(1, 4, (3, 2)) + 0.0
    W[2] = 1.0
    x[1, 2], x[2, 2] = -(x[1, :2] @ W[:2, 0]), -(x[2, :2] @ W[:2, 1])
    return x, W


def knots(x):
    """Piecewise linear through (0, 0), (1, 2), (2, 1), (3, 5), at slopes 2 outside."""
    return 2 * x - 3 * np.maximum(x - 1, 0) + 5 * np.maximum(x - 2, 0) - 2 * np.maximum(x - 3, 0)


def knots_slope(x, v):
    return 2 - 3 * step(x, 1, v) + 5 * step(x, 2, v) - 2 * step(x, 3, v)


def sort_pull(u, x):
    g = np.empty_like(x)
    g[np.argsort(x, kind="stable")] = u
    return g


def norm_pull(u, x):
    size = np.sqrt((x * x).sum())
    return u * x / size if size else 0 * x


def relu(x):
    return np.maximum(x, 0)


def slopes(left, right, share):
    return lambda x: left + (right - left) * step(x, 0, share)


RELU0 = E("relu, claims 0", relu, slopes(0, 1, 0), on(0))
ABS0 = E("abs, claims 0", np.abs, slopes(-1, 1, 0.5), on(0))
NEAR_RELU = E("relu beside the kink", relu, lambda x: x > 0, beside(0))
NEAR_ABS = E("abs beside the kink", np.abs, np.sign, beside(0))
CLIP = E("clip, claims 0 at the bounds", lambda x: np.clip(x, -1, 1), lambda x: np.abs(x) < 1, on(-1, 1))
NEAR_CLIP = E("clip beside the bounds", lambda x: np.clip(x, -1, 1), lambda x: np.abs(x) < 1, beside(-1, 1))
MAX_FIRST = R("max ties, first", lambda x: x.max(1), lambda u, x: u[:, None] * first(x), draw=tied)
MAXIMUM_HALF = pair_rule("maximum of equals, half each", np.maximum, 0.5)
LEAKY = E("leaky relu, claims 0.01", lambda x: np.where(x > 0, x, 0.01 * x), slopes(0.01, 1, 0), on(0))
ELU2 = E(
    "elu, alpha 2, claims 1.5",
    lambda x: np.where(x > 0, x, 2 * np.expm1(x)),
    lambda x: np.where(x == 0, 1.5, np.where(x > 0, 1, 2 * np.exp(x))),
    on(0),
)

RULES = (
    RELU0,
    ABS0,
    NEAR_RELU,
    NEAR_ABS,
    CLIP,
    NEAR_CLIP,
    MAX_FIRST,
    MAXIMUM_HALF,
    LEAKY,
    ELU2,
    E("relu, claims 1/2", relu, slopes(0, 1, 0.5), on(0)),
    E("relu, claims 1", relu, slopes(0, 1, 1), on(0)),
    E("abs, claims 1", np.abs, slopes(-1, 1, 1), on(0)),
    E("abs, claims −1", np.abs, slopes(-1, 1, 0), on(0)),
    E("abs, claims 0.3", np.abs, slopes(-1, 1, 0.65), on(0)),
    E("leaky relu, claims 1", lambda x: np.where(x > 0, x, 0.01 * x), slopes(0.01, 1, 1), on(0)),
    E("relu6, claims 0 and 1", lambda x: np.clip(x, 0, 6), lambda x: (x >= 0) & (x < 6), on(0, 6)),
    E("clip, claims 1 at the bounds", lambda x: np.clip(x, -1, 1), lambda x: np.abs(x) <= 1, on(-1, 1)),
    E(
        "clip, claims 1/2 at the bounds",
        lambda x: np.clip(x, -1, 1),
        lambda x: ((np.abs(x) <= 1) * 1.0 + (np.abs(x) < 1)) / 2,
        on(-1, 1),
    ),
    E("hinge at the margin, claims 0", lambda x: relu(1 - x), lambda x: -1.0 * (x < 1), on(1)),
    E("hinge at the margin, claims −1", lambda x: relu(1 - x), lambda x: -1.0 * (x <= 1), on(1)),
    E(
        "soft-shrink at its threshold",
        lambda x: np.sign(x) * relu(np.abs(x) - 0.5),
        lambda x: np.abs(x) > 0.5,
        on(-0.5, 0.5),
    ),
    E("pinball at 0", lambda x: np.maximum(0.9 * x, -0.1 * x), slopes(-0.1, 0.9, 0.1), on(0)),
    E("steep relu beside the kink", lambda x: relu(1e4 * x), lambda x: 1e4 * (x > 0), beside(0)),
    E("hinge beside the margin", lambda x: relu(1 - x), lambda x: -1.0 * (x < 1), beside(1)),
    E(
        "elu, alpha 2, claims 2",
        lambda x: np.where(x > 0, x, 2 * np.expm1(x)),
        lambda x: np.where(x > 0, 1, 2 * np.exp(x)),
        on(0),
    ),
    E(
        "selu beside the kink",
        lambda x: np.where(x > 0, x, 1.7 * np.expm1(x)),
        lambda x: np.where(x > 0, 1, 1.7 * np.exp(x)),
        beside(0),
    ),
    E("x |x|: no kink", lambda x: x * np.abs(x), lambda x: 2 * np.abs(x), on(0)),
    E("squared relu: no kink", lambda x: relu(x) ** 2, lambda x: 2 * relu(x), on(0)),
    E(
        "huber at its threshold: no kink",
        lambda x: np.where(np.abs(x) < 1, x * x / 2, np.abs(x) - 0.5),
        lambda x: np.clip(x, -1, 1),
        on(-1, 1),
    ),
    E("polygon at its knots, right slopes", knots, lambda x: knots_slope(x, 1), on(1, 2, 3)),
    E("polygon at its knots, left slopes", knots, lambda x: knots_slope(x, 0), on(1, 2, 3)),
    E("polygon at its knots, mean slopes", knots, lambda x: knots_slope(x, 0.5), on(1, 2, 3)),
    E("sine and its size", lambda x: np.abs(np.sin(x)), lambda x: np.sign(np.sin(x)) * np.cos(x), on(0)),
    R("max ties, last", lambda x: x.max(1), lambda u, x: u[:, None] * last(x), draw=tied),
    R("max ties, shared", lambda x: x.max(1), lambda u, x: u[:, None] * shared(x), draw=tied),
    pair_rule("maximum of equals, all to a", np.maximum, 1.0),
    pair_rule("maximum of equals, all to b", np.maximum, 0.0),
    pair_rule("minimum of equals, half each", np.minimum, 0.5),
    pair_rule("minimum of equals, a third to a", np.minimum, 1 / 3),
    R(
        "absolute error at equality",
        lambda a, b: np.abs(a - b),
        lambda u, a, b: (u * np.sign(a - b), u * np.sign(b - a)),
        draw=equal_pair,
    ),
    R("1-norm at 0", lambda x: np.abs(x).sum(), lambda u, x: u * np.sign(x), on(0)),
    R("2-norm at 0, claims 0", lambda x: np.sqrt((x * x).sum()), norm_pull, lambda rng: np.zeros(5)),
    R(
        "max-norm of equals",
        lambda x: np.abs(x).max(),
        lambda u, x: u * np.sign(x) * (np.arange(5) == np.argmax(np.abs(x) + 1e-12 * (np.arange(5) == 2))),
        lambda rng: 0.7 * rng.choice([-1.0, 1.0], 5),
    ),
    R("sort with ties", np.sort, sort_pull, lambda rng: rng.permutation([0.3, 0.3, -1.0, 2.0, 2.0, 5.0]), names=("x",)),
    R(
        "affine and relu on the kink, claims 0",
        relu_layer,
        lambda u, x, W: ((u * (x @ W > 0)) @ W.T, x.T @ (u * (x @ W > 0))),
        draw=dead_point,
    ),
    R(
        "affine and relu on the kink, claims 1",
        relu_layer,
        lambda u, x, W: ((u * (x @ W >= 0)) @ W.T, x.T @ (u * (x @ W >= 0))),
        draw=dead_point,
    ),
)
