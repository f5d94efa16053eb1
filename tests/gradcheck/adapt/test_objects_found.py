"""What of an object is a parameter, what a gradient and what neither is told by what moves its output, not by names."""

import numpy as np
import pytest
from found_in_objects import X, assert_right, assert_wrong_in, draw


class Neuron:
    """y = tanh(x w + b) of one unit, its bias a plain number."""

    def __init__(self, b, factor=1.0):
        self.w, self.b, self.factor = draw(4), b, factor

    def forward(self, x):
        self.x, self.y = x, np.tanh(x @ self.w.astype(x.dtype) + self.b)
        return self.y

    def parts(self, dy):
        dz = dy * (1 - self.y**2)
        w = self.w.astype(dy.dtype)
        return dz[:, None] * w, self.x.T @ dz, self.shaped(self.factor * dz.sum())

    def shaped(self, db):
        return db

    def backward(self, dy):
        dx, self.dw, self.db = self.parts(dy)
        return dx


class Returning(Neuron):
    def backward(self, dy):
        return self.parts(dy)


class Naming(Neuron):
    def backward(self, dy):
        return dict(zip(("dx", "dw", "db"), self.parts(dy), strict=True))


class KeepingDimensions(Neuron):
    def shaped(self, db):
        return np.reshape(db, (1, 1))


class Stepping(Neuron):
    def backward(self, dy, lr):
        dx, dw, db = self.parts(dy)
        self.w, self.b = self.w - lr * dw, self.b - lr * db
        return dx


class Starting(Neuron):
    """The store stands at zero, of the same number as the bias, before the backward."""

    def __init__(self, b, factor=1.0):
        super().__init__(b, factor)
        self.db = 0.0


NEURONS = (Neuron, Returning, Naming, KeepingDimensions, Stepping, Starting)


@pytest.mark.parametrize("b", [0.0, 0, np.float64(0.3), -1.0], ids=repr)
@pytest.mark.parametrize("cls", NEURONS, ids=lambda cls: cls.__name__)
def test_a_plain_number_with_a_gradient_is_a_parameter(cls, b):
    assert_right(cls(b), X, claimed={"x", "w", "b"})
    assert_wrong_in(cls(b, 2.0), X, wrt="b")


class Forgetting(Starting):
    def backward(self, dy):
        dx, self.dw, _ = self.parts(dy)
        return dx


def test_a_bias_whose_gradient_stays_at_zero_disagrees():
    assert_wrong_in(Forgetting(0.0), X, wrt="b")


class Rectifier:
    def __init__(self, alpha, factor=1.0):
        self.params, self.grads, self.factor = {"alpha": alpha}, {}, factor

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.params["alpha"] * x)

    def backward(self, dy):
        self.grads["alpha"] = self.factor * (dy * np.minimum(self.x, 0)).sum()
        return dy * np.where(self.x > 0, 1, self.params["alpha"]).astype(dy.dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_slope_in_a_dictionary_is_a_parameter_in_the_dtype_of_its_input(dtype):
    x = X.astype(dtype)
    assert_right(Rectifier(0.25), x, claimed={"x", "alpha"})
    assert_wrong_in(Rectifier(0.25, 3.0), x, wrt="alpha")


class Euler:
    """One step of a decay: eps, t, dt, rate and sizes are no parameters, although dt is called as a gradient of t."""

    def __init__(self, factor=1.0):
        self.t, self.dt, self.eps, self.momentum, self.n = 1.0, 0.1, 1e-3, 0.9, 4
        self.W, self.factor = draw(4, 5), factor
        self.sizes = {"n_in": 4, "n_out": 5}

    def forward(self, x):
        self.x = x
        return (self.t * self.dt + self.eps) * (x @ self.W) / self.n

    def backward(self, dy):
        scale = (self.t * self.dt + self.eps) / self.n
        self.dW = self.factor * scale * self.x.T @ dy
        return scale * dy @ self.W.T


def test_numbers_without_a_gradient_are_constants():
    assert_right(Euler(), X, claimed={"x", "W"})
    assert_wrong_in(Euler(0.5), X, wrt="W")


class Tuples(Neuron):
    def backward(self, dy):
        dx, *self.grads = self.parts(dy)
        self.params = [self.w, self.b]
        self.dw, self.db = self.grads = tuple(self.grads)
        return dx


def test_gradients_left_in_tuples_are_no_hindrance():
    layer = Tuples(0.3)
    layer.backward(np.cos(layer.forward(X)))
    assert_right(layer, X, claimed={"x", "w", "b"})


class Gain:
    """y = g tanh(x) + b, its gain called as gradients are; the last cotangent is kept under such a name, too."""

    def __init__(self, factor=1.0):
        self.g, self.b, self.factor, self.grad = draw(4), draw(1, 4), factor, np.full((3, 4), 0.5)

    def forward(self, x):
        self.y = np.tanh(x)
        return self.g * self.y + self.b

    def backward(self, dy):
        self.grad = dy
        self.dg, self.db = self.factor * (dy * self.y).sum(0), dy.sum(0, keepdims=True)
        return dy * self.g * (1 - self.y**2)


class ReturningGain(Gain):
    def backward(self, dy):
        return super().backward(dy), self.dg, self.db


class GainInDictionary:
    def __init__(self, factor=1.0):
        self.grads = {"g": np.zeros(4)}
        self.params, self.factor = {"g": draw(4)}, factor

    def forward(self, x):
        self.y = np.tanh(x)
        return self.params["g"] * self.y

    def backward(self, dy):
        self.grads["g"] = self.factor * (dy * self.y).sum(0)
        return dy * self.params["g"] * (1 - self.y**2)


class GradientLayer:
    """Holds a layer under the name of a store."""

    def __init__(self, factor=1.0):
        self.gradient = Gain(factor)

    def forward(self, x):
        return self.gradient.forward(x)

    def backward(self, dy):
        return self.gradient.backward(dy)


GAINS = {
    Gain: ("g", {"x", "g", "b"}),
    ReturningGain: ("g", {"x", "g", "b"}),
    GainInDictionary: ("g", {"x", "g"}),
    GradientLayer: ("gradient.g", {"x", "gradient.g", "gradient.b"}),
}


@pytest.mark.parametrize("cls", GAINS, ids=lambda cls: cls.__name__)
def test_a_parameter_may_be_called_as_a_store_of_gradients_is(cls):
    wrong, claimed = GAINS[cls]
    assert_right(cls(), X, claimed=claimed)
    assert_wrong_in(cls(2.0), X, wrt=wrong)


class Projections:
    """Down and up again: W_d and gW are parameters, no gradients of W."""

    def __init__(self, factor=1.0, n=5):
        self.W, self.W_d, self.gW, self.factor = draw(4, n), draw(n, 2), draw(4, 2), factor

    def forward(self, x):
        self.x, self.h, self.s = x, np.tanh(x @ self.W), np.sin(x @ self.gW)
        return self.h @ self.W_d + self.s

    def backward(self, dy):
        dz, ds = (dy @ self.W_d.T) * (1 - self.h**2), dy * np.cos(self.x @ self.gW)
        self.grads = {"W_d": self.factor * self.h.T @ dy, "gW": self.x.T @ ds, "W": self.x.T @ dz}
        return dz @ self.W.T + ds @ self.gW.T


class ReturningProjections(Projections):
    def backward(self, dy):
        dx = super().backward(dy)
        return dx, self.grads["W"], self.grads["W_d"], self.grads["gW"]


@pytest.mark.parametrize("n", [5, 4], ids=["oblong", "square"])
@pytest.mark.parametrize("cls", [Projections, ReturningProjections], ids=lambda cls: cls.__name__)
def test_what_moves_the_output_is_no_gradient_of_another(cls, n):
    assert_right(cls(n=n), X, claimed={"x", "W", "W_d", "gW"})
    assert_wrong_in(cls(2.0, n), X, wrt="W_d")
