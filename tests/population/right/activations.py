"""Elementwise activations, and the gated and normalising ones; at ordinary, saturated, tiny and large points."""

from functools import partial
from math import pi, sqrt

import numpy as np
from scipy.special import erf, expit

from ..make import away, elementwise, moved, normal, rule, scaled, uniform

act, R = partial(elementwise, "activations"), partial(rule, "activations")
AWAY = away(3, 5)  # no entry near 0
SELU_A, SELU_L = 1.6732632423543772, 1.0507009873554805
C_GELU = sqrt(2 / pi)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def softmax_pull(u, y):
    return y * (u - (u * y).sum(-1, keepdims=True))


def softplus(x):
    return np.logaddexp(x, 0 * x)


def phi(x):
    return np.exp(-x * x / 2) / sqrt(2 * pi)


def cdf(x):
    return (1 + erf(x / sqrt(2))) / 2


def gelu_tanh(x):
    return x / 2 * (1 + np.tanh(C_GELU * (x + 0.044715 * x**3)))


def d_gelu_tanh(x):
    t = np.tanh(C_GELU * (x + 0.044715 * x**3))
    return (1 + t) / 2 + x / 2 * (1 - t * t) * C_GELU * (1 + 3 * 0.044715 * x * x)


def d_silu(x):
    s = expit(x)
    return s * (1 + x * (1 - s))


def d_mish(x):
    t = np.tanh(softplus(x))
    return t + x * (1 - t * t) * expit(x)


def halves(x):
    return np.split(x, 2, axis=-1)


def gated(name, gate, dgate):
    """y = a · gate(b) for x = [a, b]."""

    def pull(u, x):
        a, b = halves(x)
        return np.concatenate([u * gate(b), u * a * dgate(b)], axis=-1)

    return R(name, lambda x: halves(x)[0] * gate(halves(x)[1]), pull, normal(3, 10))


def maxout_pull(u, x):
    mask = x == x.max(-1, keepdims=True)
    return mask * u[..., None]


def swish_pull(u, x, beta):
    s = expit(beta * x)
    ds = s * (1 - s)
    return u * (s + beta * x * ds), (u * x * x * ds).sum(0)


SIGMOID = act("sigmoid", expit, lambda x: expit(x) * expit(-x))
TANH = act("tanh", np.tanh, lambda x: 1 - np.tanh(x) ** 2)
SOFTPLUS = act("softplus", softplus, expit)
LOGSIGMOID = act("log-sigmoid", lambda x: -softplus(-x), lambda x: expit(-x))
SILU = act("silu", lambda x: x * expit(x), d_silu)
GELU = act("gelu", lambda x: x * cdf(x), lambda x: cdf(x) + x * phi(x))
GELU_TANH = act("gelu by tanh", gelu_tanh, d_gelu_tanh)
MISH = act("mish", lambda x: x * np.tanh(softplus(x)), d_mish)
ELU = act("elu", lambda x: np.where(x > 0, x, np.expm1(x)), lambda x: np.where(x > 0, 1, np.exp(x)), AWAY)
RELU = act("relu", lambda x: np.maximum(x, 0), lambda x: x > 0, AWAY)
SINE = act("sine unit", lambda x: np.sin(30 * x), lambda x: 30 * np.cos(30 * x), uniform(-1, 1, 3, 5))
SOFTMAX = R("softmax", softmax, lambda u, x: softmax_pull(u, softmax(x)), normal(3, 5))
LOG_SOFTMAX = R(
    "log-softmax",
    lambda x: x - x.max(-1, keepdims=True) - np.log(np.exp(x - x.max(-1, keepdims=True)).sum(-1, keepdims=True)),
    lambda u, x: u - softmax(x) * u.sum(-1, keepdims=True),
    normal(3, 5),
)

RULES = (
    SIGMOID,
    TANH,
    SOFTPLUS,
    LOGSIGMOID,
    SILU,
    GELU,
    GELU_TANH,
    MISH,
    ELU,
    RELU,
    SOFTMAX,
    LOG_SOFTMAX,
    act("leaky relu", lambda x: np.where(x > 0, x, 0.01 * x), lambda x: np.where(x > 0, 1, 0.01), AWAY),
    act("relu6", lambda x: np.clip(x, 0, 6), lambda x: (x > 0) & (x < 6), away(3, 5, scale=4)),
    act("squared relu", lambda x: np.maximum(x, 0) ** 2, lambda x: 2 * np.maximum(x, 0)),
    act(
        "selu",
        lambda x: SELU_L * np.where(x > 0, x, SELU_A * np.expm1(x)),
        lambda x: SELU_L * np.where(x > 0, 1, SELU_A * np.exp(x)),
        AWAY,
    ),
    act(
        "celu, alpha 0.5",
        lambda x: np.where(x > 0, x, 0.5 * np.expm1(x / 0.5)),
        lambda x: np.where(x > 0, 1, np.exp(x / 0.5)),
        AWAY,
    ),
    act(
        "gelu by sigmoid",
        lambda x: x * expit(1.702 * x),
        lambda x: expit(1.702 * x) * (1 + 1.702 * x * expit(-1.702 * x)),
    ),
    act("softplus, beta 3", lambda x: softplus(3 * x) / 3, lambda x: expit(3 * x)),
    act("softsign", lambda x: x / (1 + np.abs(x)), lambda x: 1 / (1 + np.abs(x)) ** 2),
    act("hard tanh", lambda x: np.clip(x, -1, 1), lambda x: np.abs(x) < 1, uniform(-0.9, 0.9, 3, 5)),
    act("hard sigmoid", lambda x: np.clip(x / 6 + 0.5, 0, 1), lambda x: (np.abs(x) < 3) / 6, away(3, 5, scale=0.5)),
    act(
        "hard swish",
        lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
        lambda x: np.where(x < -3, 0, np.where(x > 3, 1, x / 3 + 0.5)),
        uniform(-2.9, 2.9, 3, 5),
    ),
    act("tanh-shrink", lambda x: x - np.tanh(x), lambda x: np.tanh(x) ** 2),
    act(
        "soft-shrink",
        lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
        lambda x: np.abs(x) > 0.5,
        away(3, 5, gap=0.6),
    ),
    act("hard-shrink", lambda x: x * (np.abs(x) > 0.5), lambda x: np.abs(x) > 0.5, away(3, 5, gap=0.6)),
    act("bent identity", lambda x: (np.sqrt(x * x + 1) - 1) / 2 + x, lambda x: x / (2 * np.sqrt(x * x + 1)) + 1),
    act("gaussian", lambda x: np.exp(-x * x), lambda x: -2 * x * np.exp(-x * x)),
    act("sinc", lambda x: np.sin(x) / x, lambda x: (x * np.cos(x) - np.sin(x)) / x**2, away(3, 5, gap=0.5)),
    act("snake", lambda x: x + np.sin(3 * x) ** 2 / 3, lambda x: 1 + np.sin(6 * x)),
    act("inverse root unit", lambda x: x / np.sqrt(1 + 2 * x * x), lambda x: (1 + 2 * x * x) ** -1.5),
    act("squareplus", lambda x: (x + np.sqrt(x * x + 4)) / 2, lambda x: (1 + x / np.sqrt(x * x + 4)) / 2),
    act("arctan", np.arctan, lambda x: 1 / (1 + x * x)),
    act("arcsinh", np.arcsinh, lambda x: 1 / np.sqrt(1 + x * x)),
    act("symlog", lambda x: np.sign(x) * np.log1p(np.abs(x)), lambda x: 1 / (1 + np.abs(x)), AWAY),
    SINE,
    R("softmin", lambda x: softmax(-x), lambda u, x: -softmax_pull(u, softmax(-x)), normal(3, 5)),
    R("softmax over rows", lambda x: softmax(x.T).T, lambda u, x: softmax_pull(u.T, softmax(x.T)).T, normal(3, 5)),
    R(
        "softmax, temperature 0.1",
        lambda x: softmax(x / 0.1),
        lambda u, x: softmax_pull(u, softmax(x / 0.1)) / 0.1,
        normal(3, 5, scale=0.2),
    ),
    gated("glu", expit, lambda b: expit(b) * expit(-b)),
    gated("swiglu", lambda b: b * expit(b), d_silu),
    gated("geglu", lambda b: b * cdf(b), lambda b: cdf(b) + b * phi(b)),
    R("maxout", lambda x: x.max(-1), maxout_pull, lambda rng: rng.permutation(30).reshape(2, 5, 3) / 7.0),
    R(
        "prelu",
        lambda x, a: np.where(x > 0, x, a * x),
        lambda u, x, a: (u * np.where(x > 0, 1 + 0 * a, a), (u * x * (x <= 0)).sum(0)),
        AWAY,
        uniform(0.1, 0.4, 5),
    ),
    R("swish with beta", lambda x, beta: x * expit(beta * x), swish_pull, normal(3, 5), uniform(0.5, 2, 5)),
    R(
        "concatenated relu",
        lambda x: np.maximum(np.concatenate([x, -x], -1), 0),
        lambda u, x: u[..., : x.shape[-1]] * (x > 0) - u[..., x.shape[-1] :] * (x < 0),
        AWAY,
    ),
    moved(SIGMOID, "saturated", scaled(15, 30, 3, 5), precision=1e-6),
    moved(TANH, "saturated low", uniform(4, 7, 3, 5)),
    moved(SOFTPLUS, "far left", uniform(-30, -20, 3, 5)),
    moved(LOGSIGMOID, "large", scaled(20, 200, 3, 5)),
    moved(SILU, "far left", uniform(-25, -15, 3, 5)),
    moved(GELU, "far left", uniform(-4, -3, 3, 5)),
    moved(GELU_TANH, "large", uniform(3, 100, 3, 5)),
    moved(MISH, "large", scaled(10, 40, 3, 5)),
    moved(ELU, "far left", uniform(-30, -15, 3, 5)),
    moved(RELU, "large", scaled(1e6, 1e9, 3, 5)),
    moved(RELU, "tiny", scaled(1e-9, 1e-7, 3, 5)),
    moved(TANH, "tiny", scaled(1e-10, 1e-6, 3, 5)),
    moved(SIGMOID, "tiny", scaled(1e-9, 1e-5, 3, 5)),
    moved(SOFTMAX, "confident", normal(3, 5, scale=8)),
    moved(LOG_SOFTMAX, "large scores", normal(3, 5, scale=300)),
)
