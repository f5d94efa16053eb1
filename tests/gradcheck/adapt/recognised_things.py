"""Things as people write them, right ones and the same with a mistake; names matter here."""

import numpy as np


def affine_forward(x, w, b):
    return x @ w + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(0)


def faulty_forward(x, w):
    return x @ w, (x, w)


def faulty_backward(dout, cache):
    x, w = cache
    return dout @ w.T, 0.5 * (x.T @ dout)


def cell_step_forward(x, prev_h, prev_c, W):
    a = np.tanh(x @ W + prev_h)
    c = 0.5 * prev_c + a
    h = np.tanh(c)
    return h, c, (x, W, a, h)


def cell_step_backward(dnext_h, dnext_c, cache):
    x, W, a, h = cache
    dc = dnext_c + dnext_h * (1 - h * h)
    da = dc * (1 - a * a)
    return da @ W.T, da, 0.5 * dc, x.T @ da


def faulty_step_forward(x, prev_h, prev_c, W):
    return cell_step_forward(x, prev_h, prev_c, W)


def faulty_step_backward(dnext_h, dnext_c, cache):
    dx, dprev_h, _, dW = cell_step_backward(dnext_h, dnext_c, cache)
    return dx, dprev_h, 0.5 * dnext_h * (1 - cache[3] ** 2), dW


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_grad(x):
    return sigmoid(x) * (1 - sigmoid(x))


def energy(x):
    return float((x**3).sum())


def energy_grad(x):
    return 3 * x**2


def mse(y_pred, y_true):
    return ((y_pred - y_true) ** 2).mean()


def mse_grad(y_pred, y_true):
    return 2 * (y_pred - y_true) / y_pred.size


def logarithm(x):
    return np.log(x), lambda dy: dy / x


def scores_loss(x, y):
    p = np.exp(x - x.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    rows = np.arange(len(x))
    gradient = p.copy()
    gradient[rows, y] -= 1
    return float(-np.log(p[rows, y]).sum()), gradient


def scaled(x, *, factor):
    return factor * x, lambda dy: factor * dy


def bare(x):
    return np.sin(x)


class Operations:
    def double(self, x):
        return x + x

    def backprop_double(self, dY):
        return 2 * dY


class Protocol:
    def init(self, rng):
        return {"W": rng.normal(size=(3, 5))}

    def forward(self, params, x, *, rng=None):
        return x @ params["W"], x

    def backward(self, params, cache, dy):
        return dy @ params["W"].T, {"W": cache.T @ dy}


class Dense:
    factor = 1.0

    def __init__(self, n_in, n_out, seed):
        rng = np.random.default_rng(seed)
        self.W, self.b = rng.normal(size=(n_in, n_out)), rng.normal(size=n_out)
        self.dW = np.zeros_like(self.W)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW, self.db = self.factor * (self.x.T @ dout), dout.sum(0)
        return dout @ self.W.T


class Tanh:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, dout):
        return dout * (1 - self.y**2)


class Network:
    """No gradient of its own: each layer keeps its own."""

    def __init__(self):
        self.layers = [Dense(3, 5, 0), Tanh(), Dense(5, 2, 1)]

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dout):
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout


class Faulty(Network):
    def __init__(self):
        super().__init__()
        self.layers[2].factor = 2.0


class Silent(Dense):
    """Its backward returns gradients of parameters only, as that of a first layer may."""

    def __init__(self):
        super().__init__(3, 5, 0)

    def backward(self, dout):
        super().backward(dout)


class Pairs:
    factor = 1.0

    def __init__(self):
        rng = np.random.default_rng(0)
        self.params = [[rng.normal(size=(3, 5)), rng.normal(size=5)], [rng.normal(size=(5, 2)), rng.normal(size=2)]]

    def forward(self, x):
        (w, b), (v, c) = self.params
        self.x, self.h = x, np.tanh(x @ w + b)
        return self.h @ v + c

    def backward(self, dout):
        (w, _), (v, _) = self.params
        dz = (dout @ v.T) * (1 - self.h**2)
        self.grads = [[self.x.T @ dz, dz.sum(0)], [self.factor * (self.h.T @ dout), dout.sum(0)]]
        return dz @ w.T


class FaultyPairs(Pairs):
    factor = -1.0


class Nielsen:
    def __init__(self):
        rng = np.random.default_rng(0)
        self.weights = [rng.normal(size=(3, 5)), rng.normal(size=(5, 2))]
        self.biases = [rng.normal(size=5), rng.normal(size=2)]

    def forward(self, x):
        self.x, self.h = x, np.tanh(x @ self.weights[0] + self.biases[0])
        return self.h @ self.weights[1] + self.biases[1]

    def backward(self, delta):
        dz = (delta @ self.weights[1].T) * (1 - self.h**2)
        self.nabla_biases = [dz.sum(0), delta.sum(0)]
        self.nabla_weights = [self.x.T @ dz, self.h.T @ delta]
        return dz @ self.weights[0].T


class Scored:
    """The whole in one method: loss(X, y) -> (number, gradients)."""

    left_out = 0.0

    def __init__(self):
        rng = np.random.default_rng(0)
        self.params, self.reg = {"W": rng.normal(size=(3, 5)), "b": rng.normal(size=5)}, 0.1

    def loss(self, X, y=None):
        W, b = self.params["W"], self.params["b"]
        value, d = scores_loss(X @ W + b, y)
        return value + 0.5 * self.reg * (W * W).sum(), {
            "W": X.T @ d + (1 - self.left_out) * self.reg * W,
            "b": d.sum(0),
        }


class FaultyScored(Scored):
    left_out = 1.0


class Squared:
    factor = 2.0

    def forward(self, y_pred, y):
        self.gap = y_pred - y
        return (self.gap**2).mean()

    def backward(self):
        return self.factor * self.gap / self.gap.size


class FaultySquared(Squared):
    factor = 1.0


class Needy(Dense):
    pass


class Odd(Tanh):
    def backward(self, foo, bar):
        return foo


class Nothing(Tanh):
    def backward(self, dout):
        dout * (1 - self.y**2)
