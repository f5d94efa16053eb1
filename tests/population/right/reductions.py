"""Sums, moments, products, running ones, extremes, order statistics and norms."""

from functools import partial

import numpy as np

from ..make import away, distinct, normal, positive, rule

R = partial(rule, "reductions")
X, D, P = normal(3, 5), distinct(3, 5), positive(0.3, 3, 3, 5)


def lse(x):
    m = x.max(1, keepdims=True)
    return (m + np.log(np.exp(x - m).sum(1, keepdims=True)))[:, 0]


def spread(u, x):
    """A cotangent a row, one copy an entry."""
    return np.repeat(u[:, None], x.shape[1], 1)


def reverse_sum(u):
    return np.cumsum(u[:, ::-1], 1)[:, ::-1]


def cumprod_pull(u, x):
    return reverse_sum(u * np.cumprod(x, 1)) / x


def product_pull(u, x):
    """Products of all others, without division: zeros are welcome."""
    ones = np.ones_like(x[:, :1])
    left = np.cumprod(np.concatenate([ones, x[:, :-1]], 1), 1)
    right = np.cumprod(np.concatenate([ones, x[:, :0:-1]], 1), 1)[:, ::-1]
    return u[:, None] * left * right


def var_pull(u, x, ddof=0):
    return u * 2 * (x - x.mean(0)) / (len(x) - ddof)


def std_pull(u, x, ddof=0):
    return u * (x - x.mean(0)) / (len(x) - ddof) / x.std(0, ddof=ddof)


def order_pull(u, x):
    g = np.empty_like(x)
    np.put_along_axis(g, np.argsort(x, 1), u, 1)
    return g


def median_pull(u, x):
    return u[:, None] * (x == np.median(x, 1, keepdims=True))


def quantile(x, q=0.3):
    s = np.sort(x, 1)
    at = q * (x.shape[1] - 1)
    i = int(at)
    return s[:, i] * (1 - (at - i)) + s[:, i + 1] * (at - i)


def quantile_pull(u, x, q=0.3):
    s, at = np.zeros_like(x), q * (x.shape[1] - 1)
    s[:, int(at)], s[:, int(at) + 1] = u * (1 - (at - int(at))), u * (at - int(at))
    return order_pull(s, x)


def pnorm_pull(u, x, p=3):
    n = (np.abs(x) ** p).sum(1, keepdims=True) ** (1 / p)
    return u[:, None] * np.sign(x) * np.abs(x) ** (p - 1) / n ** (p - 1)


def cummax_pull(u, x):
    best = np.maximum.accumulate(x, 1)
    g = np.zeros_like(x)
    for j in range(x.shape[1]):
        g += (x == best[:, j : j + 1]) * u[:, j : j + 1]
    return g


def logcumsumexp_pull(u, x):
    return np.exp(x) * reverse_sum(u / np.cumsum(np.exp(x), 1))


def covariance_pull(u, x):
    d = x - x.mean(0)
    return d @ (u + u.T) / (len(x) - 1)


def correlation(x, y):
    a, b = x - x.mean(), y - y.mean()
    return (a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())


def correlation_pull(u, x, y):
    a, b = x - x.mean(), y - y.mean()
    na, nb = np.sqrt((a * a).sum()), np.sqrt((b * b).sum())
    r = (a * b).sum() / na / nb
    return u * (b / nb - r * a / na) / na, u * (a / na - r * b / nb) / nb


def moment_pull(u, x):
    """Skewness m₃ / m₂^1.5."""
    d = x - x.mean()
    m2, m3, n = (d * d).mean(), (d**3).mean(), x.size
    return u * (3 * (d * d - m2) / m2**1.5 - 3 * m3 * d / m2**2.5) / n


SUM = R("sum of columns", lambda x: x.sum(0), lambda u, x: np.tile(u, (len(x), 1)), X)
MEAN = R("mean of rows", lambda x: x.mean(1), lambda u, x: spread(u, x) / x.shape[1], X)
VAR = R("variance", lambda x: x.var(0), var_pull, normal(5, 3))
STD = R("standard deviation", lambda x: x.std(0), std_pull, normal(5, 3))
STD1 = R("standard deviation, ddof 1", lambda x: x.std(0, ddof=1), partial(std_pull, ddof=1), normal(5, 3))
PROD = R("product", lambda x: x.prod(1), product_pull, away(3, 5, gap=0.3))
CUMSUM = R("cumulative sum", lambda x: np.cumsum(x, 1), lambda u, x: reverse_sum(u), X)
CUMPROD = R("cumulative product", lambda x: np.cumprod(x, 1), cumprod_pull, away(3, 5, gap=0.3))
LSE = R("logsumexp", lse, lambda u, x: u[:, None] * np.exp(x - lse(x)[:, None]), X)
ROW_MAX = R("max", lambda x: x.max(1), lambda u, x: u[:, None] * (x == x.max(1, keepdims=True)), D)
SORT = R("sort", lambda x: np.sort(x, 1), order_pull, distinct(3, 7))
NORM2 = R(
    "2-norm", lambda x: np.sqrt((x * x).sum(1)), lambda u, x: u[:, None] * x / np.sqrt((x * x).sum(1, keepdims=True)), X
)
NORM3 = R("3-norm", lambda x: (np.abs(x) ** 3).sum(1) ** (1 / 3), pnorm_pull, X)
COVARIANCE = R(
    "covariance", lambda x: (x - x.mean(0)).T @ (x - x.mean(0)) / (len(x) - 1), covariance_pull, normal(5, 3)
)
MEDIAN = R("median", lambda x: np.median(x, 1), median_pull, D)
QUANTILE = R("quantile 0.3", lambda x: quantile(x), quantile_pull, distinct(3, 7))

RULES = (
    SUM,
    MEAN,
    VAR,
    STD,
    STD1,
    PROD,
    CUMSUM,
    CUMPROD,
    LSE,
    ROW_MAX,
    SORT,
    NORM2,
    NORM3,
    COVARIANCE,
    MEDIAN,
    QUANTILE,
    R("sum of everything", lambda x: x.sum(), lambda u, x: u * np.ones_like(x), X),
    R("mean of everything", lambda x: x.mean(), lambda u, x: u * np.ones_like(x) / x.size, X),
    R(
        "sum over two of three axes",
        lambda x: x.sum((0, 2)),
        lambda u, x: np.broadcast_to(u[:, None], x.shape).copy(),
        normal(2, 3, 5),
    ),
    R("mean, axis kept", lambda x: x.mean(1, keepdims=True), lambda u, x: np.repeat(u, x.shape[1], 1) / x.shape[1], X),
    R("variance, ddof 1", lambda x: x.var(0, ddof=1), partial(var_pull, ddof=1), normal(5, 3)),
    R(
        "product with a zero",
        lambda x: x.prod(1),
        product_pull,
        lambda rng: rng.standard_normal((3, 5)) * (np.arange(5) != 2),
    ),
    R("min", lambda x: x.min(0), lambda u, x: u * (x == x.min(0)), D),
    R("median of an even count", lambda x: np.median(x, 1), lambda u, x: quantile_pull(u, x, 0.5), distinct(3, 4)),
    R("sort downwards", lambda x: -np.sort(-x, 1), lambda u, x: order_pull(u, -x), D),
    R("1-norm", lambda x: np.abs(x).sum(1), lambda u, x: u[:, None] * np.sign(x), away(3, 5)),
    R(
        "max-norm",
        lambda x: np.abs(x).max(1),
        lambda u, x: u[:, None] * np.sign(x) * (np.abs(x) == np.abs(x).max(1, keepdims=True)),
        lambda rng: rng.permutation(15).reshape(3, 5) - 20.0,
    ),
    R("frobenius norm", lambda x: np.sqrt((x * x).sum()), lambda u, x: u * x / np.sqrt((x * x).sum()), X),
    R(
        "geometric mean",
        lambda x: np.exp(np.log(x).mean(1)),
        lambda u, x: (u * np.exp(np.log(x).mean(1)))[:, None] / x / x.shape[1],
        P,
    ),
    R(
        "harmonic mean",
        lambda x: x.shape[1] / (1 / x).sum(1),
        lambda u, x: u[:, None] * x.shape[1] / (1 / x).sum(1, keepdims=True) ** 2 / x**2,
        P,
    ),
    R("cumulative maximum", lambda x: np.maximum.accumulate(x, 1), cummax_pull, D),
    R("cumulative logsumexp", lambda x: np.log(np.cumsum(np.exp(x), 1)), logcumsumexp_pull, X),
    R(
        "differences",
        lambda x: np.diff(x, axis=1),
        lambda u, x: np.pad(u, ((0, 0), (1, 0))) - np.pad(u, ((0, 0), (0, 1))),
        X,
    ),
    R(
        "second differences",
        lambda x: x[2:] - 2 * x[1:-1] + x[:-2],
        lambda u, x: np.pad(u, (2, 0)) - 2 * np.pad(u, 1) + np.pad(u, (0, 2)),
        normal(7),
    ),
    R("correlation", correlation, correlation_pull, normal(7), normal(7)),
    R("skewness", lambda x: ((x - x.mean()) ** 3).mean() / x.var() ** 1.5, moment_pull, normal(11)),
    R("dot of rows", lambda a, b: (a * b).sum(1), lambda u, a, b: (u[:, None] * b, u[:, None] * a), X, X),
    R(
        "trapezoidal integral",
        lambda y, x: ((y[1:] + y[:-1]) * np.diff(x)).sum() / 2,
        lambda u, y, x: trapezoid_pull(u, y, x),
        normal(7),
        lambda rng: np.sort(rng.uniform(0, 5, 7)),
    ),
    R(
        "range",
        lambda x: np.ptp(x, 1),
        lambda u, x: u[:, None] * ((x == x.max(1, keepdims=True)) * 1.0 - (x == x.min(1, keepdims=True))),
        D,
    ),
    R(
        "logsumexp, scores of 1000",
        lse,
        lambda u, x: u[:, None] * np.exp(x - lse(x)[:, None]),
        normal(3, 5, mean=1000),
        names=("x",),
    ),
)


def trapezoid_pull(u, y, x):
    d, s = np.diff(x), y[1:] + y[:-1]
    return u * (np.pad(d, (1, 0)) + np.pad(d, (0, 1))) / 2, u * (np.pad(s, (1, 0)) - np.pad(s, (0, 1))) / 2
