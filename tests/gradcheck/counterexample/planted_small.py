"""Wrong layers, functions, activations and losses, each with the smallest case that a person would write by hand."""

from dataclasses import dataclass

import numpy as np

from gradcheck import adapt


@dataclass(frozen=True)
class Dense:
    """y = x W + b with one of several mistakes in its backward."""

    n_in: int
    n_out: int
    mistake: str = "none"

    def init(self, rng):
        return {"W": rng.normal(size=(self.n_in, self.n_out)), "b": rng.normal(size=(1, self.n_out))}

    def forward(self, params, x, *, rng=None):
        return x @ params["W"] + params["b"], x

    def backward(self, params, x, dy):
        dx, dW, db = dy @ params["W"].T, x.T @ dy, dy.sum(axis=0, keepdims=True)
        if self.mistake == "transposed":
            dW = dy.T @ x
        elif self.mistake == "mean for sum":
            dW = dW / len(x)
        elif self.mistake == "one entry":
            dW[2, 1] *= 1.1
        elif self.mistake == "sign":
            dx = -dx
        elif self.mistake == "missing sum":
            db = dy[:1]
        elif self.mistake == "input weight":
            dx = dy @ params["W"]
        return dx, {"W": dW, "b": db}


class Scale:
    """y = c x on the last axis; no dataclass, but its constructor's arguments are its attributes."""

    def __init__(self, size, c=3.0):
        self.size = size
        self.c = c

    def forward(self, params, x, *, rng=None):
        if x.shape[-1] != self.size:
            raise ValueError(f"Expected {self.size} columns but got {x.shape}")
        return self.c * x, None

    def backward(self, params, cache, dy):
        return dy, {}


def leaky(x):
    return np.where(x > 0, x, 0.1 * x)


def leaky_wrong_below(inputs, u):
    return (u * np.where(inputs[0] > 0, 1.0, 0.3),)


def leaky_two_mistakes(inputs, u):
    return (u * np.where(inputs[0] > 0, -1.0, 0.3),)


def relu(x):
    return np.maximum(x, 0.0)


def relu_without_mask(inputs, u):
    return (u * 1.0,)


def relu_mask_of_cotangent(inputs, u):
    return (u * (u > 0),)


def relu_twice_at_zero_too(inputs, u):
    return (2.0 * u * (inputs[0] >= 0),)


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_diagonal(inputs, u):
    s = softmax(inputs[0])
    return (u * s * (1 - s),)


def product(x, W):
    return np.tanh(x @ W)


def product_swapped(inputs, u):
    x, W = inputs
    d = u * (1 - np.tanh(x @ W) ** 2)
    return d @ W.T, -(x.T @ d)


def scaled(x, params):
    y = params["gain"] * np.sin(x)
    return y, lambda u: (u * params["gain"] * np.cos(x), {"gain": np.full(params["gain"].shape, (u * x).sum())})


def lookup(ids, E):
    return E[ids]


def lookup_overwritten(inputs, u):
    ids, E = inputs
    dE = np.zeros_like(E)
    dE[ids] = u
    return None, dE


def two_outputs(x):
    return x**2, x.sum(axis=1)


def two_outputs_first_only(inputs, u):
    return (2 * inputs[0] * u[0],)


def norm(x):
    return float(np.sqrt(x @ x))


def norm_unscaled(x):
    return np.array(x)


class Tanh:
    def __call__(self, x):
        return np.tanh(x)

    def grad(self, x):
        return 1 - x**2


class MSE:
    def __call__(self, y, y_hat):
        return np.mean((y_hat - y) ** 2)

    def grad(self, y, y_hat):
        return 2 * (y_hat - y)


def dense(mistake, n_in=3, n_out=5, rng=None):
    rng = rng or np.random.default_rng(7)
    layer = Dense(n_in, n_out, mistake)
    return adapt.layer(layer, layer.init(np.random.default_rng(5)), rng.normal(size=(4, n_in)), name=mistake)


def function(forward, vjp, *inputs):
    return adapt.vjp(forward, vjp, *inputs, name=vjp.__name__)


def targets():
    """Return the wrong targets by name."""
    rng = np.random.default_rng(7)
    X = rng.normal(size=(4, 3))
    one_negative = np.abs(rng.normal(size=(3, 5)))
    one_negative[2, 1] *= -1
    made = [
        *(dense(how, rng=rng) for how in ("transposed", "mean for sum", "one entry", "sign", "missing sum")),
        dense("input weight", 3, 3, rng),
        adapt.layer(Scale(3), {}, X, name="scale"),
        function(leaky, leaky_wrong_below, one_negative),
        function(leaky, leaky_two_mistakes, X),
        function(relu, relu_without_mask, X),
        function(relu, relu_mask_of_cotangent, X),
        function(relu, relu_twice_at_zero_too, X),
        function(softmax, softmax_diagonal, X),
        function(product, product_swapped, X, rng.normal(size=(3, 5))),
        function(lookup, lookup_overwritten, np.array([[4, 1, 4], [0, 1, 4]]), rng.normal(size=(5, 2))),
        function(two_outputs, two_outputs_first_only, X),
        adapt.closure(scaled, X, {"gain": np.array(1.7)}, name="scaled"),
        adapt.gradient(norm, norm_unscaled, X[0], name="norm"),
        adapt.activation(Tanh(), X, name="Tanh"),
        adapt.loss(MSE(), rng.normal(size=(4, 3)), X, name="MSE"),
    ]
    return {target.name: target for target in made}
