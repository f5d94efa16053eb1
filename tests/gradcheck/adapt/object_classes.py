"""The same dense layer under the conventions in which people write it; `factor` plants a fault in W's gradient."""

import numpy as np


def weights():
    rng = np.random.default_rng(3)
    return rng.normal(size=(3, 5)), rng.normal(size=(1, 5))


class Base:
    factor = 1.0

    def __init__(self):
        self.W, self.b = weights()

    def parts(self, x, dy):
        return dy @ self.W.T, self.factor * (x.T @ dy), dy.sum(0, keepdims=True)


class CacheOnObject(Base):
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dy):
        dx, self.dW, self.db = self.parts(self.x, dy)
        return dx


class CacheReturned(Base):
    def forward(self, x):
        return x @ self.W + self.b, (x,)

    def backward(self, dout, cache):
        return self.parts(cache[0], dout)


class CacheFirst(Base):
    def forward(self, x):
        return x @ self.W + self.b, x

    def backward(self, cache, grad_output):
        dx, dW, db = self.parts(cache, grad_output)
        return dx, {"W": dW, "b": db}


class InputsAgain(Base):
    def forward(self, x):
        return x @ self.W + self.b

    def backward(self, x, dy):
        dx, dW, db = self.parts(x, dy)
        return {"dx": dx, "dW": dW, "db": db}


class Dictionaries:
    factor = 1.0

    def __init__(self):
        W, b = weights()
        self.params = {"W": W, "b": b}
        self.grads = {}

    def forward(self, x):
        self.cache = x
        return x @ self.params["W"] + self.params["b"]

    def backward(self, upstream):
        self.grads["W"] = self.factor * (self.cache.T @ upstream)
        self.grads["b"] = upstream.sum(0, keepdims=True)
        return upstream @ self.params["W"].T


class Lists:
    factor = 1.0

    def __init__(self):
        self.params = list(weights())
        self.grads = [np.zeros_like(p) for p in self.params]

    def forward(self, x):
        self.x = x
        return x @ self.params[0] + self.params[1]

    def backward(self, dout):
        self.grads[0][...] = self.factor * (self.x.T @ dout)
        self.grads[1][...] = dout.sum(0, keepdims=True)
        return dout @ self.params[0].T


class Accumulating(Base):
    def __init__(self):
        super().__init__()
        self.zero_grad()

    def zero_grad(self):
        self.grad_W, self.grad_b = np.zeros_like(self.W), np.zeros_like(self.b)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dy):
        dx, dW, db = self.parts(self.x, dy)
        self.grad_W += dW
        self.grad_b += db
        return dx


class Parameter:
    def __init__(self, data):
        self.data, self.grad = data, None


class ParameterObjects:
    factor = 1.0

    def __init__(self):
        self.W, self.b = map(Parameter, weights())

    def __call__(self, x):
        self.x = x
        return x @ self.W.data + self.b.data

    def backward(self, grad):
        self.W.grad = self.factor * (self.x.T @ grad)
        self.b.grad = grad.sum(0, keepdims=True)
        return grad @ self.W.data.T


class Attributes(Base):
    """Neither method returns anything: output and dinputs are attributes."""

    def forward(self, inputs):
        self.inputs = inputs
        self.output = inputs @ self.W + self.b

    def backward(self, dvalues):
        self.dinputs, self.dW, self.db = self.parts(self.inputs, dvalues)


class Updates(Base):
    """Backward takes a learning rate and writes the new parameters."""

    def forward(self, input):
        self.input = input
        return input @ self.W + self.b

    def backward(self, output_gradient, learning_rate):
        dx, dW, db = self.parts(self.input, output_gradient)
        self.W = self.W - learning_rate * dW
        self.b = self.b - learning_rate * db
        return dx


class Counting(CacheOnObject):
    """Keeps a count and a running mean, which do not matter to its output."""

    def __init__(self):
        super().__init__()
        self.calls, self.running_mean = 0, np.zeros(5)

    def forward(self, x):
        self.calls += 1
        y = super().forward(x)
        self.running_mean = 0.9 * self.running_mean + 0.1 * y.mean(0)
        return y


class Dropping(CacheOnObject):
    """Draws its mask from numpy's global generator."""

    def forward(self, x):
        self.mask = np.random.random_sample((len(x), 5)) > 0.4  # noqa: NPY002  # what the test is about
        return super().forward(x) * self.mask

    def backward(self, dy):
        return super().backward(dy * self.mask)


ALL = (
    CacheOnObject, CacheReturned, CacheFirst, InputsAgain, Dictionaries, Lists, Accumulating, ParameterObjects,
    Attributes, Updates, Counting, Dropping,
)  # fmt: skip


def spoilt(cls):
    """The same class with half of W's gradient."""
    return type(f"Spoilt{cls.__name__}", (cls,), {"factor": 0.5})
