"""Mistakes in activations as people make them."""

import numpy as np
from scipy.special import expit

from ..right import activations
from ..right.activations import (
    C_GELU,
    SELU_A,
    SELU_L,
    cdf,
    d_gelu_tanh,
    d_silu,
    halves,
    maxout_pull,
    phi,
    softmax,
    softmax_pull,
    softplus,
)
from .mutators import bug, shelf

A = shelf(activations)


def each(name, how, slug, df, **more):
    return bug(A[name], how, slug, x=lambda u, x: u * df(x), **more)


def glu_bug(name, how, slug, first, second):
    return bug(A[name], how, slug, x=lambda u, x: np.concatenate([u * first(*halves(x)), u * second(*halves(x))], -1))


def d_sigmoid(x):
    return expit(x) * expit(-x)


RULES = (
    each("gelu", "derivative of the tanh form", "approximation", d_gelu_tanh),
    each("gelu by tanh", "derivative of the erf form", "approximation", lambda x: cdf(x) + x * phi(x)),
    each("gelu by tanh", "0.044715 without its 3", "missing_factor", lambda x: gelu_without_three(x)),
    each("gelu by sigmoid", "derivative of the erf form", "approximation", lambda x: cdf(x) + x * phi(x)),
    each("gelu", "density term left out", "missing_term", cdf),
    each("gelu", "density term without x", "missing_factor", lambda x: cdf(x) + phi(x)),
    each("sigmoid", "x taken for the output", "wrong_argument", lambda x: x * (1 - x)),
    each("sigmoid", "output taken for the input", "wrong_argument", lambda x: d_sigmoid(expit(x))),
    each("sigmoid", "1 − s instead of s (1 − s)", "missing_factor", lambda x: expit(-x)),
    each("tanh", "x taken for the output", "wrong_argument", lambda x: 1 - x * x),
    each("tanh", "output taken for the input", "wrong_argument", lambda x: 1 - np.tanh(np.tanh(x)) ** 2),
    each("tanh", "not squared", "missing_factor", lambda x: 1 - np.tanh(x)),
    each("silu", "product rule half done", "missing_term", expit),
    each("silu", "second term without x", "missing_factor", lambda x: expit(x) + d_sigmoid(x)),
    each("silu", "derivative of the sigmoid", "wrong_function", d_sigmoid),
    each("softplus", "sigmoid of −x", "sign_inside", lambda x: expit(-x)),
    each("softplus, beta 3", "beta left out", "missing_factor", expit),
    each("log-sigmoid", "sigmoid of x", "sign_inside", expit),
    each("elu", "output instead of output + 1 for x < 0", "mask", lambda x: np.where(x > 0, 1, np.expm1(x))),
    each("celu, alpha 0.5", "exponent not divided by alpha", "missing_factor", lambda x: np.where(x > 0, 1, np.exp(x))),
    each("selu", "scale left out", "factor", lambda x: np.where(x > 0, 1, SELU_A * np.exp(x)), size=1 - 1 / SELU_L),
    each(
        "selu",
        "1.0570 for 1.0507",
        "constant",
        lambda x: 1.0570 * np.where(x > 0, 1, SELU_A * np.exp(x)),
        size=1.0570 / SELU_L - 1,
    ),
    each("selu", "alpha 1.6732 for 1.67326", "constant", lambda x: SELU_L * np.where(x > 0, 1, 1.6732 * np.exp(x))),
    each("mish", "second term left out", "missing_term", lambda x: np.tanh(softplus(x))),
    each("mish", "tanh of x", "wrong_argument", lambda x: np.tanh(x) + x * (1 - np.tanh(x) ** 2) * expit(x)),
    each("leaky relu", "slope 0 for x < 0", "mask", lambda x: x > 0),
    each("leaky relu", "slope 0.1 for 0.01", "constant", lambda x: np.where(x > 0, 1, 0.1)),
    each("relu", "mask where the output is not 0, turned", "mask", lambda x: x < 0),
    each("relu", "no mask", "mask", lambda x: 1 + 0 * x),
    each("squared relu", "factor 2 left out", "factor", lambda x: np.maximum(x, 0), size=0.5),
    each("softsign", "not squared", "missing_factor", lambda x: 1 / (1 + np.abs(x))),
    each("hard sigmoid", "slope 0.2", "constant", lambda x: (np.abs(x) < 3) * 0.2, size=0.2),
    each("hard swish", "x/6 for x/3", "missing_term", lambda x: x / 6 + 0.5),
    each("tanh-shrink", "derivative of tanh", "wrong_function", lambda x: 1 - np.tanh(x) ** 2),
    each("bent identity", "the identity left out", "missing_term", lambda x: x / (2 * np.sqrt(x * x + 1))),
    each("gaussian", "factor 2 left out", "factor", lambda x: -x * np.exp(-x * x), size=0.5),
    each("sinc", "quotient rule half done", "missing_term", lambda x: np.cos(x) / x),
    each("snake", "sin 3x for sin 6x", "wrong_argument", lambda x: 1 + np.sin(3 * x)),
    each("inverse root unit", "power −1/2", "missing_factor", lambda x: (1 + 2 * x * x) ** -0.5),
    each("squareplus", "a half left out", "missing_factor", lambda x: 1 + x / np.sqrt(x * x + 4)),
    each("arctan", "that of arcsinh", "wrong_function", lambda x: 1 / np.sqrt(1 + x * x)),
    each("sine unit", "frequency left out", "factor", lambda x: np.cos(30 * x), size=1 - 1 / 30),
    each("sine unit", "cos x", "wrong_argument", lambda x: 30 * np.cos(x)),
    bug(A["softmax"], "diagonal only", "diagonal", x=lambda u, x: u * softmax(x) * (1 - softmax(x))),
    bug(A["softmax"], "mean not subtracted", "missing_term", x=lambda u, x: u * softmax(x)),
    bug(A["softmax"], "fused with cross-entropy", "fused", x=lambda u, x: softmax(x) - u),
    bug(A["softmax"], "over the other axis", "wrong_axis", x=lambda u, x: softmax(x) * (u - (u * softmax(x)).sum(0))),
    bug(
        A["softmax"],
        "plain mean subtracted",
        "missing_factor",
        x=lambda u, x: softmax(x) * (u - u.mean(-1, keepdims=True)),
    ),
    bug(
        A["softmax, temperature 0.1"],
        "temperature left out",
        "factor",
        x=lambda u, x: softmax_pull(u, softmax(x / 0.1)),
        size=0.9,
    ),
    bug(
        A["softmax, temperature 0.1"],
        "softmax without temperature",
        "stale_cache",
        x=lambda u, x: softmax_pull(u, softmax(x)) / 0.1,
    ),
    bug(A["softmin"], "that of softmax", "sign_inside", x=lambda u, x: softmax_pull(u, softmax(x))),
    bug(A["log-softmax"], "fused", "fused", x=lambda u, x: u - softmax(x)),
    bug(
        A["log-softmax"],
        "mean of the cotangent",
        "mean_for_sum",
        x=lambda u, x: u - softmax(x) * u.mean(-1, keepdims=True),
    ),
    bug(A["log-softmax"], "normaliser left out", "missing_term", x=lambda u, x: u),
    glu_bug("glu", "halves swapped", "swapped", lambda a, b: a * d_sigmoid(b), lambda a, b: expit(b)),
    glu_bug("glu", "value's factor left out", "missing_factor", lambda a, b: expit(b), lambda a, b: d_sigmoid(b)),
    glu_bug(
        "swiglu", "gate's product rule half done", "missing_term", lambda a, b: b * expit(b), lambda a, b: a * expit(b)
    ),
    glu_bug("geglu", "gate by tanh", "approximation", lambda a, b: b * cdf(b), lambda a, b: a * d_gelu_tanh(b)),
    bug(A["maxout"], "sent to every entry", "mask", x=lambda u, x: np.repeat(u[..., None], x.shape[-1], -1)),
    bug(A["maxout"], "sent to the least", "mask", x=lambda u, x: maxout_pull(u, -x)),
    bug(A["prelu"], "slope's gradient not masked", "mask", a=lambda u, x, a: (u * x).sum(0)),
    bug(
        A["prelu"], "slope's gradient a mean", "mean_for_sum", a=lambda u, x, a: (u * x * (x <= 0)).mean(0), size=2 / 3
    ),
    bug(
        A["swish with beta"],
        "beta's gradient lacks an x",
        "missing_factor",
        beta=lambda u, x, beta: (u * x * d_sigmoid(beta * x)).sum(0),
    ),
    bug(A["swish with beta"], "beta left out in x", "missing_factor", x=lambda u, x, beta: u * d_silu(x)),
    bug(
        A["concatenated relu"],
        "sign of the second half",
        "sign",
        x=lambda u, x: u[:, :5] * (x > 0) + u[:, 5:] * (x < 0),
    ),
)


def gelu_without_three(x):
    t = np.tanh(C_GELU * (x + 0.044715 * x**3))
    return (1 + t) / 2 + x / 2 * (1 - t * t) * C_GELU * (1 + 0.044715 * x * x)
