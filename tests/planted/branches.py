"""Models whose classes join, gate and repeat right layers by hand, and go back through that wrongly."""

import numpy as np

import netcore
from tests.planted.wirings import X, Y, last, whole

DENSE, ACT = netcore.Dense, netcore.ACTIVATIONS


class Hand:
    """Layers, their parameters and gradients, and a forward and backward that somebody wrote out."""

    def __init__(self, *layers, mistake=None):
        rng = np.random.default_rng(3)
        self.layers, self.mistake = list(layers), mistake
        self.params = [layer.init(rng) for layer in layers]
        self.params = [{n: a + 0.1 * rng.normal(size=a.shape) for n, a in p.items()} for p in self.params]
        self.grads = [{} for _ in layers]
        self.loss = netcore.LOSSES["mse"]

    def run(self, i, x):
        y, self.caches[i] = self.layers[i].forward(self.params[i], x)
        return y

    def back(self, i, dy):
        dx, self.grads[i] = self.layers[i].backward(self.params[i], self.caches[i], dy)
        return dx


def dense(n, m):
    return DENSE(n, m, initialiser="glorot")


class Gated(Hand):
    """y = W₄ (tanh(W₀ x) · softmax(W₂ x))."""

    def __init__(self, mistake=None):
        super().__init__(dense(3, 4), ACT["tanh"], dense(3, 4), netcore.Softmax(), dense(4, 2), mistake=mistake)

    def forward(self, x):
        self.caches = {}
        self.value, self.gate = self.run(1, self.run(0, x)), self.run(3, self.run(2, x))
        return self.run(4, self.value * self.gate)

    def backward(self, y, y_hat):
        d = self.back(4, self.loss.grad(y, y_hat))
        dvalue, dgate = d * self.gate, d * self.value
        if self.mistake == "exchanged":
            dvalue, dgate = dgate, dvalue
        elif self.mistake == "gate as a constant":
            dgate = 0 * dgate
        elif self.mistake == "gate left out":
            dvalue = d
        self.back(0, self.back(1, dvalue))
        self.back(2, self.back(3, dgate))


class Joined(Hand):
    """y = W₃ [W₀ x, tanh(W₁ x)]."""

    def __init__(self, mistake=None):
        super().__init__(dense(3, 2), dense(3, 4), ACT["tanh"], dense(6, 2), mistake=mistake)

    def forward(self, x):
        self.caches = {}
        return self.run(3, np.concatenate([self.run(0, x), self.run(2, self.run(1, x))], axis=1))

    def backward(self, y, y_hat):
        d = self.back(3, self.loss.grad(y, y_hat))
        left, right = d[:, :2], d[:, 2:]
        if self.mistake == "right reversed":
            right = right[:, ::-1]
        elif self.mistake == "left taken from the end":
            left = d[:, 4:]
        self.back(0, left)
        self.back(1, self.back(2, right))


class Again(Hand):
    """y = W₃ tanh(W₁ tanh(W₁ W₀ x)), layers 1 and 2 called twice."""

    def __init__(self, mistake=None):
        super().__init__(dense(3, 4), dense(4, 4), ACT["tanh"], dense(4, 2), mistake=mistake)

    def forward(self, x):
        self.caches, self.kept = {}, []
        x = self.run(0, x)
        for _ in range(2):
            x = self.run(2, self.run(1, x))
            self.kept.append(dict(self.caches))
        return self.run(3, x)

    def backward(self, y, y_hat):
        d = self.back(3, self.loss.grad(y, y_hat))
        found = []
        for k in (1, 0):
            for i in (2, 1):
                mixed = (i, self.mistake) in ((2, "one slope for both"), (1, "one input for both"))
                self.caches[i] = self.kept[1 if mixed else k][i]
                d = self.back(i, d)
            found.append(self.grads[1])
        sign = {"counted once": 0, "subtracted": -1}.get(self.mistake, 1)
        self.grads[1] = {n: found[1][n] + sign * found[0][n] for n in found[0]}
        self.back(0, d)


class Twofold(Hand):
    """h = h + f(h), then h = h / 2 + g(h)."""

    def __init__(self, mistake=None):
        layers = (dense(3, 4), dense(4, 4), ACT["tanh"], dense(4, 4), ACT["tanh"], dense(4, 2))
        super().__init__(*layers, mistake=mistake)

    def forward(self, x):
        self.caches = {}
        h = self.run(0, x)
        h = h + self.run(2, self.run(1, h))
        h = h / 2 + self.run(4, self.run(3, h))
        return self.run(5, h)

    def backward(self, y, y_hat):
        d = self.back(5, self.loss.grad(y, y_hat))
        d = d / 2 + self.back(3, self.back(4, d))
        through = self.back(1, self.back(2, d))
        if self.mistake == "first branch around left out":
            d = through
        else:
            d = d + (2 if self.mistake == "first branch through twice" else 1) * through
        self.back(0, d)


def made(kind, mistake=None):
    return lambda: kind(mistake)


# (name, model, all who are to blame)
BRANCHES = (
    ("gate and value exchanged", made(Gated, "exchanged"), last("1 Tanh", "4 Dense") + last("3 Softmax", "4 Dense")),
    ("a gate taken for a constant", made(Gated, "gate as a constant"), last("3 Softmax", "4 Dense")),
    ("a gate left out", made(Gated, "gate left out"), last("1 Tanh", "4 Dense")),
    ("a part joined in reverse", made(Joined, "right reversed"), last("2 Tanh", "3 Dense")),
    ("a part taken from another's place", made(Joined, "left taken from the end"), last("0 Dense", "3 Dense")),
    ("one slope for two calls", made(Again, "one slope for both"), whole("2 Tanh")),
    ("one input for two calls", made(Again, "one input for both"), whole("1 Dense")),
    ("a layer used twice counted once", made(Again, "counted once"), whole("1 Dense.W", "1 Dense.b")),
    ("its gradients subtracted", made(Again, "subtracted"), whole("1 Dense.W", "1 Dense.b")),
    ("the first skip left out", made(Twofold, "first branch around left out"), last("0 Dense", "1 Dense, 3 Dense, 5 Dense")),
    ("the first branch twice", made(Twofold, "first branch through twice"), last("0 Dense", "1 Dense, 3 Dense, 5 Dense")),
)  # fmt: skip
RIGHT = tuple((kind.__name__, made(kind)) for kind in (Gated, Joined, Again, Twofold))
__all__ = ["BRANCHES", "RIGHT", "X", "Y"]
