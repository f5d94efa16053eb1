"""Mistakes that are hard to see: on kinks, near edges, in many entries, in bad scales, in single precision."""

import numpy as np

from ..right import edges, kinks, numerics, precision, shapes
from ..right.kinks import shared
from .mutators import (
    alternate,
    bug,
    cotangent_absolute,
    factor,
    one_channel,
    one_entry,
    one_row,
    rewrite,
    shelf,
    shifted,
    sign,
    times_at,
    transposed,
    where,
    zero,
)

K, E, N, H, F = shelf(kinks), shelf(edges), shelf(numerics), shelf(shapes), shelf(precision)


def claim(name, how, value, slug="kink"):
    """Claim a fixed number at x = 0, outside of the two slopes there."""
    return bug(K[name], how, slug, x=lambda u, x: np.where(x == 0, u * value, K[name].vjp((x,), u)[0]))


def at(name, how, slug, df, size=None):
    room = N if name in N else E
    return bug(room[name], how, slug, size=size, x=lambda u, x: u * df(x))


def single(name):
    return F[f"{name}, float32"]


JOINTLY = "border: between the slopes of each entry alone, but no subgradient of all together"
APART = "border: between the slopes of each input alone, but no subgradient of both together"
CLOSE = "border: wrong beside the kink by less than 1e-7"
OWN_SCALE = "border: seen on the entry's own scale only"


KINKS = (
    claim("relu, claims 0", "claims 1.5", 1.5),
    claim("relu, claims 0", "claims −0.5", -0.5),
    claim("relu, claims 0", "claims 1.01", 1.01),
    claim("abs, claims 0", "claims 2", 2.0),
    claim("abs, claims 0", "claims −1.1", -1.1),
    claim("leaky relu, claims 0.01", "claims 0", 0.0),
    claim("elu, alpha 2, claims 1.5", "claims 0.9", 0.9),
    claim("elu, alpha 2, claims 1.5", "claims 2.2", 2.2),
    bug(
        K["clip, claims 0 at the bounds"],
        "claims −1 at the bounds",
        "kink",
        x=lambda u, x: u * np.where(np.abs(x) == 1, -1, np.abs(x) < 1),
    ),
    bug(
        K["polygon at its knots, mean slopes"],
        "slope 6",
        "kink",
        x=lambda u, x: u * np.where(x == 1, 6, kinks.knots_slope(x, 0.5)),
    ),
    bug(K["relu beside the kink"], "counts 1e-6 as 0", "mask", note=CLOSE, x=lambda u, x: u * (x > 1e-6)),
    bug(K["relu beside the kink"], "counts −1e-6 as 0, claims 1", "mask", note=CLOSE, x=lambda u, x: u * (x > -1e-6)),
    bug(K["relu beside the kink"], "half", "factor", x=lambda u, x: u * 0.5 * (np.abs(x) < 1)),
    bug(
        K["abs beside the kink"],
        "counts 1e-6 as 0",
        "mask",
        note=CLOSE,
        x=lambda u, x: u * np.sign(x) * (np.abs(x) > 1e-6),
        size=1,
    ),
    bug(
        K["clip beside the bounds"],
        "bounds wider by 1e-6",
        "mask",
        note=CLOSE,
        x=lambda u, x: u * (np.abs(x) < 1 + 1e-6),
    ),
    bug(
        K["max ties, first"],
        "sent to all",
        "ties",
        note=JOINTLY,
        x=lambda u, x: u[:, None] * (x == x.max(1, keepdims=True)),
    ),
    bug(
        K["max ties, shared"],
        "shared by all entries of the row",
        "ties",
        x=lambda u, x: u[:, None] * (shared(x) + 0.2) / 2,
    ),
    rewrite(
        K["maximum of equals, half each"],
        "both get all",
        "ties",
        lambda u, a, b: (u * (a >= b), u * (b >= a)),
        note=APART,
    ),
    rewrite(
        K["maximum of equals, half each"],
        "neither gets any",
        "ties",
        lambda u, a, b: (u * (a > b), u * (b > a)),
        note=APART,
    ),
    bug(K["x |x|: no kink"], "claims 1 at 0", "kink", x=lambda u, x: u * (2 * np.abs(x) + (x == 0))),
    bug(
        K["huber at its threshold: no kink"],
        "claims 0 at the threshold",
        "kink",
        x=lambda u, x: u * np.clip(x, -1, 1) * (np.abs(x) != 1),
    ),
    cotangent_absolute(K["max ties, first"]),
    cotangent_absolute(K["max ties, shared"]),
)

EDGES = (
    at("log near 0", "1/(x + 1e-8)", "eps", lambda x: 1 / (x + 1e-8)),
    at("log near 0", "1/max(x, 1e-7)", "clipped", lambda x: 1 / np.maximum(x, 1e-7)),
    at("sqrt near 0", "eps 1e-8 in the root", "eps", lambda x: 0.5 / np.sqrt(x + 1e-8)),
    at("sqrt near 0", "half left out", "factor", lambda x: 1 / np.sqrt(x), 1.0),
    at("1/x near 0", "not squared", "missing_factor", lambda x: -1 / x),
    at("x^0.3 near 0", "exponent not lowered", "missing_factor", lambda x: 0.3 * x**0.3),
    at("x^x near 0", "power rule", "missing_term", lambda x: x * x ** (x - 1)),
    at("x log x near 0", "one left out", "missing_term", np.log),
    at("arcsin near 1", "that of arctan", "wrong_function", lambda x: 1 / (1 + x * x)),
    at(
        "arcsin near 1",
        "1 − x² clipped at 1e-6",
        "clipped",
        lambda x: 1 / np.sqrt(np.maximum((1 - x) * (1 + x), 1e-6)) * (1 - 1e-4),
    ),
    at("arccos near −1", "sign", "sign", lambda x: 1 / np.sqrt((1 - x) * (1 + x)), 2.0),
    at("arctanh near 1", "1 + x² for 1 − x²", "sign_inside", lambda x: 1 / (1 + x * x)),
    at("tan near its pole", "1 + tan", "missing_factor", lambda x: 1 + np.tan(x)),
    at("tanh at 1000", "1e-3 in saturation", "saturation", lambda x: 1e-3 + 0 * x),
    at("all dead relu", "1e-6 where dead", "mask", lambda x: 1e-6 + 0 * x),
    at("floor, away from steps", "straight through", "approximation", lambda x: 1 + 0 * x),
    at("quantised to 1/64", "straight through", "approximation", lambda x: 1 + 0 * x),
    at("round", "straight through", "approximation", lambda x: 1 + 0 * x),
    at("sign", "straight through", "approximation", lambda x: np.abs(x) < 9),
    bug(E["constant"], "cotangent handed on", "extra_term", x=lambda u, x: np.full_like(x, u.mean())),
    bug(E["constant in b"], "gradient of a for b", "extra_term", b=lambda u, a, b: np.resize(u, 7)),
    bug(E["first entry unused"], "shifted by one", "shift", x=lambda u, x: np.append(2 * u * x[1:], 0)),
    bug(E["cosine transform"], "not transposed", "transposed", x=lambda u, x: edges.DCT @ u),
    bug(
        E["haar step"], "differences' sign", "sign", x=lambda u, x: edges.haar_pull(np.concatenate([u[:4], -u[4:]]), x)
    ),
)

SCALES = (
    at("1e-12 x", "zero", "zero", lambda x: 0 * x, 1.0),
    at("1e-12 x", "doubled", "factor", lambda x: 2e-12, 1.0),
    at("1e-12 tanh x", "slope of tanh left out", "missing_factor", lambda x: 1e-12 + 0 * x),
    at("1e12 sin x", "off by 1e-4", "factor", lambda x: 1e12 * np.cos(x) * (1 + 1e-4), 1e-4),
    at("1e12 x", "off by 1e-6", "factor", lambda x: 1e12 * (1 + 1e-6), 1e-6),
    at("identity at 1e11", "off by 1e-3", "factor", lambda x: 1.001, 1e-3),
    at("square at 1e-8", "factor 2 left out", "factor", lambda x: x, 0.5),
    at("square at 1e8", "off by 1e-5", "factor", lambda x: 2 * x * (1 + 1e-5), 1e-5),
    at("sin 50x", "sign", "sign", lambda x: -50 * np.cos(50 * x), 2.0),
    at("sin 1000x", "off by 1e-3", "factor", lambda x: 1001 * np.cos(1000 * x), 1e-3),
    at("cos of 1/x", "not squared", "missing_factor", lambda x: np.sin(1 / x) / x),
    at("waves of 1e-3 on a slope", "waves left out", "missing_term", lambda x: 1 + 0 * x),
    at("runge", "factor 2 left out", "factor", lambda x: -25 * x / (1 + 25 * x * x) ** 2, 0.5),
    at("exp of exp", "inner slope left out", "missing_factor", lambda x: np.exp(np.exp(x))),
    at("exp(x) − 1, naive", "off by 1e-3", "factor", lambda x: 1.001 * np.exp(x), 1e-3),
    at("(1 − cos x)/x², naive", "sign", "sign", lambda x: x / 12 - x**3 / 180, 2.0),
    at("√(x+1) − √x, naive", "second root's slope left out", "missing_term", lambda x: 0.5 / np.sqrt(x + 1)),
    at("log of base 2", "natural", "log_base", lambda x: 1 / x, 1 - np.log(2)),
    at("rastrigin", "2π left out inside", "missing_factor", lambda x: 2 * x + 20 * np.sin(2 * np.pi * x)),
    at("cosine at 0", "claims 1e-6", "extra_term", lambda x: 1e-6 + 0 * x),
    times_at(N["squares of mixed scales"], 0, 2, "one_entry", "smallest entry", note=OWN_SCALE),
    times_at(N["squares of mixed scales"], 2, 0, "one_entry", "entry of 1e-2", note=OWN_SCALE),
    times_at(N["sines of mixed scales"], -1, 1.5, "one_entry", "smallest gradient", note=OWN_SCALE),
    times_at(N["outputs of mixed scales"], 0, 3, "one_entry", "smallest gradient", note=OWN_SCALE),
    bug(
        N["logs of mixed scales, summed"],
        "1/x² for 1/x where large",
        "mask",
        note=OWN_SCALE,
        x=lambda u, x: 2 * u / np.where(np.abs(x) > 1e3, x * x, x),
    ),
    bug(N["product of unlike factors"], "each its own", "swapped", a=lambda u, a, b: u * a),
    bug(N["rosenbrock"], "valley's slope left out", "missing_term", x=lambda u, x: u * np.append(-2 * (1 - x[:-1]), 0)),
    bug(
        N["rosenbrock"],
        "last coordinate's sign",
        "one_entry",
        x=lambda u, x: N["rosenbrock"].vjp((x,), u)[0] * np.r_[np.ones(6), -1],
    ),
)

MANY = (
    one_entry(H["tanh of 200,000"], 2.0),
    factor(H["tanh of 200,000"], 1e-5),
    alternate(H["tanh of 200,000"]),
    zero(H["sum of 200,000"]),
    one_entry(H["sort of 10,000"], 100.0),
    shifted(H["sort of 10,000"], 0),
    one_row(H["affine, 50 × 200 × 90"], 2.0, row=7),
    one_entry(H["affine, 50 × 200 × 90"], -1.0, block=1),
    one_channel(H["layer normalisation of 64 × 500"], 1.1, channel=17),
    one_row(H["softmax of 100 × 700"], 0.0, row=42),
    factor(H["cumulative sum of 100,000"], 1.0),
    sign(H["mean squared error of 100,000"], 1),
    factor(H["max of 50,000"], 1e-3),
    cotangent_absolute(H["running mean of 60,000"]),
    bug(
        H["embedding of 1,000 × 20"], "repeats overwritten", "overwritten_repeats", E=lambda u, E, i: assigned(E, i, u)
    ),
    bug(H["2-norm of 100,000"], "not divided", "missing_factor", x=lambda u, x: u * x),
    where(H["cross-entropy of 2,000 × 10"], lambda x: x > 2, 0.5, "saturation", "half where z > 2"),
)

SINGLE = (
    factor(single("sigmoid"), 1.0),
    factor(single("affine"), 0.1, block=1),
    factor(single("matmul"), -0.5),
    sign(single("gelu")),
    zero(single("lstm"), 1),
    sign(single("rnn"), 2),
    transposed(single("highway"), 1),
    one_entry(single("2d"), 2.0),
    one_row(single("plain"), 0.0),
    one_channel(single("batch"), 2.0),
    alternate(single("layer")),
    shifted(single("cumulative sum"), 1),
    cotangent_absolute(single("softmax")),
    bug(
        single("softmax"),
        "diagonal only",
        "diagonal",
        x=lambda u, x: (
            u * (np.exp(x) / np.exp(x).sum(-1, keepdims=True)) * (1 - np.exp(x) / np.exp(x).sum(-1, keepdims=True))
        ),
    ),
    bug(
        single("embedding with repeats"),
        "repeats overwritten",
        "overwritten_repeats",
        E=lambda u, E, i: assigned(E, i, u),
    ),
    bug(single("mean squared error"), "mean left out", "sum_for_mean", p=lambda u, p, y: 2 * u * (p - y)),
    bug(single("logsumexp"), "not normalised", "missing_factor", x=lambda u, x: u[:, None] * np.exp(x)),
    bug(single("inverse"), "second factor left out", "missing_factor", a=lambda u, a: -np.linalg.inv(a).T @ u),
    bug(H["tanh through float32"], "x for tanh x", "wrong_argument", x=lambda u, x: u * (1 - x * x)),
    factor(H["matmul through float32"], 1.0, block=1),
)

ODD = (
    sign(H["0-d input"]),
    factor(H["0-d times array"], 1.0),
    factor(H["one entry"], 1e-4),
    factor(H["python float from an array"], 1.0),
    bug(
        H["transposed view in"],
        "memory order",
        "permuted",
        x=lambda u, x: (u * (1 - np.tanh(x) ** 2)).ravel(order="F").reshape(x.shape),
    ),
    bug(H["integer exponents"], "exponent not lowered", "missing_factor", x=lambda u, x, n: u * n * x**n),
    bug(
        H["two index arrays"],
        "indices swapped",
        "swapped",
        W=lambda u, W, i, j: np.roll(H["two index arrays"].vjp((W, i, j), u)[0], 1, 1),
    ),
    bug(H["five inputs"], "d as c", "wrong_argument", d=lambda u, a, b, c, d, e: u * np.sin(d)),
    bug(
        H["three outputs of unlike shapes"],
        "third output left out",
        "cotangent_ignored",
        x=lambda u, x: H["three outputs of unlike shapes"].vjp((x,), (u[0], u[1], 0 * u[2]))[0],
    ),
    bug(H["polar to cartesian"], "second output only", "cotangent_ignored", r=lambda u, r, a: u[1] * np.sin(a)),
    bug(
        H["output and its square"],
        "second output by the first",
        "wrong_argument",
        x=lambda u, x: u[0] * np.cos(x) + 2 * u[1] * np.sin(x),
    ),
    factor(H["float32 weights, float64 data"], 1.0, block=1),
)


def assigned(like, at, u):
    g = np.zeros_like(like)
    g[at] = u
    return g


RULES = KINKS + EDGES + SCALES + MANY + SINGLE + ODD
