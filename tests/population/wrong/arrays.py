"""Mistakes in indexing, reductions and broadcasting as people make them."""

import numpy as np

from ..right import broadcast, indexing, reductions
from ..right.indexing import edge_pull, lerp_pull, scatter
from ..right.reductions import cumprod_pull, lse, order_pull, quantile_pull, reverse_sum, spread, std_pull, var_pull
from .mutators import bug, rewrite, shelf

X, R, B = shelf(indexing), shelf(reductions), shelf(broadcast)


def moved(name, how, slug, *, size=None, **pulls):
    return bug(X[name], how, slug, size=size, **pulls)


def over(name, how, slug, pull, size=None):
    return bug(R[name], how, slug, size=size, x=pull)


def two(name, how, slug, *, size=None, **pulls):
    return bug(B[name], how, slug, size=size, **pulls)


def assigned(like, at, u):
    g = np.zeros_like(like)
    g[at] = u
    return g


INDEXING = (
    moved("embedding with repeats", "repeats overwritten", "overwritten_repeats", E=lambda u, E, i: assigned(E, i, u)),
    moved(
        "embedding with repeats",
        "mean over repeats",
        "mean_for_sum",
        E=lambda u, E, i: scatter(E, i, u) / np.maximum(np.bincount(i, minlength=5), 1)[:, None],
    ),
    moved("embedding with repeats", "index off by one", "shift", E=lambda u, E, i: scatter(E, (i + 1) % 5, u)),
    moved(
        "embedding bag",
        "repeats overwritten",
        "overwritten_repeats",
        E=lambda u, E, i: assigned(E, i, np.repeat(u[:, None], 7, 1)),
    ),
    moved(
        "embedding bag",
        "mean for sum",
        "mean_for_sum",
        E=lambda u, E, i: scatter(E, i, np.repeat(u[:, None], 7, 1)) / 7,
        size=6 / 7,
    ),
    moved(
        "take along axis",
        "repeats overwritten",
        "overwritten_repeats",
        x=lambda u, x, i: assigned(x, (np.arange(3)[:, None], i), u),
    ),
    moved(
        "gather rows, no repeats",
        "permuted back, off by one",
        "shift",
        x=lambda u, x, i: np.roll(u[np.argsort(i)], 1, 0),
    ),
    moved("pick one entry a row", "sent to every entry", "mask", x=lambda u, x, i: np.repeat(u[:, None], 3, 1)),
    moved(
        "scatter-add",
        "repeats of the first only",
        "missing_sum",
        v=lambda u, x, i, v: u[i] * np.append(True, i[1:] != i[:-1])[:, None],
    ),
    moved("scatter-add", "touched rows only", "mask", x=lambda u, x, i, v: assigned(x, i[:4], u[i[:4]])),
    moved("segment mean", "sum for mean", "sum_for_mean", x=lambda u, x, s: u[s]),
    moved("segment mean", "divided by all", "mean_for_sum", x=lambda u, x, s: u[s] / len(s)),
    moved("segment sum", "segment of the next", "shift", x=lambda u, x, s: u[(s + 1) % 4]),
    moved("roll", "rolled the same way", "shift", x=lambda u, x: np.roll(u, 2, 0)),
    moved("roll", "along the other axis", "wrong_axis", x=lambda u, x: np.roll(u, -2, 1)),
    moved("roll", "by one", "shift", x=lambda u, x: np.roll(u, -1, 0)),
    moved("pad", "cut off by one", "padding", x=lambda u, x: u[2:5, 2:7].copy()),
    moved("pad", "cut at the corner", "padding", x=lambda u, x: u[:3, :5].copy()),
    moved("pad by reflection", "reflections left out", "boundary", x=lambda u, x: u[:, 2:-2].copy()),
    moved("pad by reflection", "that of the edge", "boundary", x=edge_pull),
    moved("pad by the edge", "edges left out", "boundary", x=lambda u, x: u[:, 2:-2].copy()),
    moved("pad by wrapping", "that of the edge", "boundary", x=edge_pull),
    moved("concatenate", "cut late", "shift", b=lambda u, a, b: u[:, 2:4].copy()),
    rewrite(X["stack"], "parts swapped", "swapped", lambda u, a, b: (u[1].copy(), u[0].copy())),
    moved("split", "parts swapped", "swapped", x=lambda u, x: np.concatenate([u[1], u[0]], 1)),
    moved("unstack", "last part left out", "zero_part", x=lambda u, x: np.stack([*u[:-1], 0 * u[-1]])),
    moved("overwrite a slice", "overwritten entries keep theirs", "mask", x=lambda u, x, v: u.copy()),
    moved("overwrite a slice", "steps left out", "shift", v=lambda u, x, v: u[1:3, :4].copy()),
    moved("slice with steps", "reversed again", "permuted", x=lambda u, x: scatter(x, np.s_[1::2, ::2], u)),
    moved("slice with steps", "starts at the first row", "shift", x=lambda u, x: scatter(x, np.s_[:4:2, ::-2], u)),
    moved("flip", "not flipped", "permuted", x=lambda u, x: u.copy()),
    moved("flip", "other axis too", "permuted", x=lambda u, x: u[::-1, ::-1]),
    moved("transpose of three axes", "reshaped", "permuted", x=lambda u, x: u.reshape(x.shape)),
    moved("swap axes", "reshaped", "permuted", x=lambda u, x: u.reshape(x.shape)),
    moved("rot90", "half a turn more", "permuted", x=lambda u, x: np.rot90(u, 1)),
    moved("tile", "mean for sum", "mean_for_sum", x=lambda u, x: u.reshape(2, 5, 3, 7).mean((0, 2)), size=5 / 6),
    moved("tile", "first copy", "missing_sum", x=lambda u, x: u[:5, :7].copy()),
    moved("repeat", "that of tile", "permuted", x=lambda u, x: u.reshape(5, 3, 2).sum(1)),
    moved("repeat", "first copy", "missing_sum", x=lambda u, x: u[:, ::3].copy()),
    moved("reshape", "column order", "permuted", x=lambda u, x: u.reshape(x.shape, order="F")),
    moved("expand dims and broadcast", "first copy", "missing_sum", x=lambda u, x: u[:, 0].copy()),
    moved("lower triangle of a vector", "upper triangle", "transposed", v=lambda u, v: u[np.triu_indices(4)]),
    moved(
        "lower triangle of a vector", "diagonal left out", "diagonal", v=lambda u, v: np.tril(u, -1)[np.tril_indices(4)]
    ),
    moved("diagonal", "main diagonal", "shift", x=lambda u, x: scatter(x, (np.arange(3), np.arange(3)), u)),
    moved("where by a given mask", "both sides", "mask", a=lambda u, m, a, b: u.copy()),
    moved("where by a given mask", "mask turned", "mask", b=lambda u, m, a, b: u * m),
    moved(
        "linear interpolation in a table",
        "weights swapped",
        "swapped",
        x=lambda u, x, t: lerp_pull(u, x, 2 * np.floor(t) + 1 - t)[0],
    ),
    moved(
        "linear interpolation in a table",
        "nearest entry only",
        "approximation",
        x=lambda u, x, t: scatter(x, np.round(t).astype(int), u),
    ),
    moved(
        "linear interpolation in a table",
        "value for slope",
        "wrong_function",
        t=lambda u, x, t: u * x[np.floor(t).astype(int)],
    ),
    moved("tril", "mask left out", "mask", x=lambda u, x: u.copy()),
    moved("slice used twice", "one use only", "missing_term", x=lambda u, x: scatter(x, np.s_[1:], u * x[:-1])),
    moved("block matrix", "one use only", "missing_term", b=lambda u, a, b: a.T @ u[:2, 3:]),
)

REDUCTIONS = (
    over("sum of columns", "mean", "mean_for_sum", lambda u, x: np.tile(u / 3, (3, 1)), 2 / 3),
    over("mean of rows", "not divided", "sum_for_mean", lambda u, x: spread(u, x), 4),
    over("mean of rows", "divided by the rows", "factor", lambda u, x: spread(u, x) / 3, 2 / 3),
    over("mean of everything", "divided by the rows", "sum_for_mean", lambda u, x: u * np.ones_like(x) / 3, 4),
    over(
        "sum over two of three axes",
        "first axis' mean",
        "mean_for_sum",
        lambda u, x: np.broadcast_to(u[:, None], x.shape) / 2,
        0.5,
    ),
    over("variance", "n − 1 for n", "ddof", lambda u, x: var_pull(u, x, 1), 0.25),
    over("variance", "factor 2 left out", "factor", lambda u, x: var_pull(u, x) / 2, 0.5),
    over("variance", "mean not subtracted", "missing_term", lambda u, x: 2 * u * x / len(x)),
    over("standard deviation", "n − 1 in the backward", "ddof", lambda u, x: std_pull(u, x, 1)),
    over("standard deviation", "that of the variance", "wrong_function", lambda u, x: var_pull(u, x)),
    over("standard deviation, ddof 1", "n in the backward", "ddof", lambda u, x: std_pull(u, x)),
    over(
        "product",
        "times the entry",
        "extra_factor",
        lambda u, x: u[:, None] * x.prod(1, keepdims=True) * np.ones_like(x),
    ),
    over(
        "product", "neighbours only", "missing_factor", lambda u, x: u[:, None] * np.roll(x, 1, 1) * np.roll(x, -1, 1)
    ),
    over("product with a zero", "by division, zero for the zero", "zero", lambda u, x: 0 * x, 1),
    over("cumulative sum", "not reversed", "permuted", lambda u, x: np.cumsum(u, 1)),
    over("cumulative sum", "exclusive", "shift", lambda u, x: reverse_sum(u) - u),
    over("cumulative product", "not divided by x", "missing_factor", lambda u, x: cumprod_pull(u, x) * x),
    over("cumulative product", "not reversed", "permuted", lambda u, x: np.cumsum(u * np.cumprod(x, 1), 1) / x),
    over("logsumexp", "not normalised", "missing_factor", lambda u, x: u[:, None] * np.exp(x)),
    over(
        "logsumexp",
        "normalised by the maximum",
        "missing_factor",
        lambda u, x: u[:, None] * np.exp(x - x.max(1, keepdims=True)),
    ),
    over("logsumexp", "normalised over all", "wrong_axis", lambda u, x: u[:, None] * np.exp(x) / np.exp(x).sum()),
    over("logsumexp", "sent to the maximum", "approximation", lambda u, x: u[:, None] * (x == x.max(1, keepdims=True))),
    over(
        "logsumexp, scores of 1000",
        "half of its entries",
        "missing_term",
        lambda u, x: u[:, None] * np.exp(x - lse(x)[:, None]) * (np.arange(5) < 3),
    ),
    over("max", "sent to every entry", "mask", lambda u, x: spread(u, x)),
    over("max", "maximum of all", "wrong_axis", lambda u, x: u[:, None] * (x == x.max())),
    over("max", "sent to the least", "mask", lambda u, x: u[:, None] * (x == x.min(1, keepdims=True))),
    over("sort", "not put back", "permuted", lambda u, x: u.copy()),
    over("sort", "order for its inverse", "permuted", lambda u, x: np.take_along_axis(u, np.argsort(x, 1), 1)),
    over("sort downwards", "sorted upwards", "permuted", lambda u, x: order_pull(u, x)),
    over("median", "mean", "approximation", lambda u, x: spread(u, x) / 5),
    over(
        "quantile 0.3",
        "lower neighbour only",
        "approximation",
        lambda u, x: order_pull(u[:, None] * (np.arange(7) == 1), x),
    ),
    over("quantile 0.3", "quantile 0.25", "constant", lambda u, x: quantile_pull(u, x, 0.25)),
    over("2-norm", "not divided", "missing_factor", lambda u, x: u[:, None] * x),
    over("2-norm", "factor 2", "factor", lambda u, x: 2 * u[:, None] * x / np.sqrt((x * x).sum(1, keepdims=True)), 1),
    over(
        "3-norm",
        "sign left out",
        "wrong_function",
        lambda u, x: u[:, None] * (x / (np.abs(x) ** 3).sum(1, keepdims=True) ** (1 / 3)) ** 2,
    ),
    over("1-norm", "sign left out", "wrong_function", lambda u, x: spread(u, x)),
    over("max-norm", "sign left out", "sign", lambda u, x: -R["max-norm"].vjp((x,), u)[0], 2),
    over("covariance", "one side only", "missing_term", lambda u, x: (x - x.mean(0)) @ u / (len(x) - 1)),
    over("covariance", "divided by n", "ddof", lambda u, x: (x - x.mean(0)) @ (u + u.T) / len(x), 0.2),
    over("covariance", "mean not subtracted", "missing_term", lambda u, x: x @ (u + u.T) / (len(x) - 1)),
    over("geometric mean", "n left out", "sum_for_mean", lambda u, x: (u * np.exp(np.log(x).mean(1)))[:, None] / x, 4),
    over(
        "harmonic mean",
        "not squared",
        "missing_factor",
        lambda u, x: u[:, None] * 5 / (1 / x).sum(1, keepdims=True) / x,
    ),
    over("differences", "forward again", "shift", lambda u, x: np.pad(np.diff(u, axis=1), ((0, 0), (1, 1)))),
    over("second differences", "middle left out", "missing_term", lambda u, x: np.pad(u, (2, 0)) + np.pad(u, (0, 2))),
    over(
        "cumulative maximum",
        "running maximum of the last only",
        "truncated_time",
        lambda u, x: u * (x == np.maximum.accumulate(x, 1)),
    ),
    over(
        "cumulative logsumexp",
        "not reversed",
        "permuted",
        lambda u, x: np.exp(x) * np.cumsum(u / np.cumsum(np.exp(x), 1), 1),
    ),
    over(
        "skewness",
        "spread as a constant",
        "missing_term",
        lambda u, x: u * 3 * ((x - x.mean()) ** 2 - x.var()) / x.var() ** 1.5 / x.size,
    ),
    bug(
        R["correlation"],
        "spread as a constant",
        "missing_term",
        x=lambda u, x, y: u * (y - y.mean()) / x.std() / y.std() / x.size,
    ),
    bug(R["trapezoidal integral"], "ends not halved", "boundary", y=lambda u, y, x: u * np.gradient(x)),
    bug(R["trapezoidal integral"], "grid as a constant", "zero", x=lambda u, y, x: 0 * x, size=1),
)

BROADCAST = (
    two("add", "sum over the wrong axis", "wrong_axis", b=lambda u, a, b: u.sum((0, 1)) * np.ones((2, 1, 1)) / 2),
    two("add", "mean over the broadcast axis", "mean_for_sum", b=lambda u, a, b: u.mean(1, keepdims=True), size=2 / 3),
    two("multiply", "first row only", "missing_sum", b=lambda u, a, b: u[:, :1] * a[0]),
    two("multiply", "own factor", "wrong_argument", a=lambda u, a, b: u.sum(0) * a),
    two("divide", "sign", "sign", b=lambda u, a, b: (u * a / b**2).sum(1, keepdims=True), size=2),
    two("divide", "not squared", "missing_factor", b=lambda u, a, b: -(u * a / b).sum(1, keepdims=True)),
    two("power", "exponent not lowered", "missing_factor", a=lambda u, a, b: (u * b * a**b).sum(0)),
    two("power", "logarithm left out", "missing_factor", b=lambda u, a, b: (u * a**b).sum(1, keepdims=True)),
    two(
        "power",
        "decimal logarithm",
        "log_base",
        b=lambda u, a, b: (u * a**b * np.log10(a)).sum(1, keepdims=True),
        size=1 - 1 / np.log(10),
    ),
    two("maximum", "both get it", "mask", a=lambda u, a, b: u.sum(0)),
    two("maximum", "turned", "swapped", b=lambda u, a, b: (u * (b < a)).sum(1, keepdims=True)),
    two("minimum", "that of maximum", "swapped", a=lambda u, a, b: (u * (a > b)).sum(0)),
    two("subtract", "sign left out", "sign", b=lambda u, a, b: u.sum(1, keepdims=True), size=2),
    two("logaddexp", "weights swapped", "swapped", a=lambda u, a, b: (u / (1 + np.exp(a - b))).sum(0)),
    two("arctan2", "arguments swapped", "swapped", a=lambda u, a, b: (u * a / (a * a + b * b)).sum(0)),
    two("absolute difference", "sign left out", "wrong_function", b=lambda u, a, b: u.sum(1, keepdims=True)),
    two("remainder", "divisor as a constant", "zero", b=lambda u, a, b: 0 * b, size=1),
    two("scalar times matrix", "mean for sum", "mean_for_sum", a=lambda u, a, b: (u * b).mean(), size=14 / 15),
    two("matrix plus one entry", "one entry for the sum", "missing_sum", b=lambda u, a, b: u[0, :1].copy()),
    two(
        "three factors",
        "one factor left out",
        "missing_factor",
        c=lambda u, a, b, c: (u * a).sum((1, 2), keepdims=True),
    ),
)

RULES = INDEXING + REDUCTIONS + BROADCAST
