"""Models whose layers are right and whose own backward, or bookkeeping, is wrong."""

import numpy as np

import netcore

RNG = np.random.default_rng(19)
X, Y = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2))
SIZES = (3, 4, 4, 4, 2)  # Dense at 0, 2, 4, 6; tanh at 1, 3, 5; nothing at 7


class Loop(netcore.Model):
    """A model whose backward is a loop with hooks for what may go wrong in it."""

    def __init__(self, **more):
        super().__init__(SIZES, act="tanh", out_act="identity", initialiser="glorot", **more)

    def start(self, Y, Y_hat):
        return self.loss.grad(Y, Y_hat)

    def cache(self, i):
        return self._caches[i]

    def handed(self, i, dx):
        return dx

    def kept(self, i, grads):
        return grads

    def order(self):
        return reversed(range(len(self.layers)))

    def backward(self, Y, Y_hat):
        dx = self.start(Y, Y_hat)
        self.grads = [{n: np.zeros_like(a) for n, a in mine.items()} for mine in self.params]
        for i in self.order():
            dx, grads = self.layers[i].backward(self.params[i], self.cache(i), self.handed(i, dx))
            self.grads[i] = self.kept(i, grads)


def hook(name, function):
    return lambda: type("Faulty", (Loop,), {name: function})()


class Skips(Loop):
    """y = x + tanh(W x) around layers 2 and 3, by hand."""

    left = ()

    def forward(self, X, *, rng=None):
        self._caches = []
        for i, layer in enumerate(self.layers):
            if i == 2:
                self.skip = X
            X, cache = layer.forward(self.params[i], X, rng=rng)
            self._caches.append(cache)
            if i == 3:
                X = X + self.skip
        return X

    def backward(self, Y, Y_hat):
        dx = self.loss.grad(Y, Y_hat)
        self.grads = [{} for _ in self.layers]
        for i in reversed(range(len(self.layers))):
            if i == 3:
                around = dx
            dx, self.grads[i] = self.layers[i].backward(self.params[i], self._caches[i], dx)
            if i == 2:
                dx = self.joined(dx, around)

    def joined(self, dx, around):
        return dx + around


def skip(function):
    return lambda: type("Faulty", (Skips,), {"joined": lambda self, dx, around: function(dx, around)})()


class Tied(Loop):
    """Layers 2 and 4 have one weight and one bias."""

    counted = "both"

    def forward(self, X, *, rng=None):
        self.params[4] = self.params[2]
        return super().forward(X, rng=rng)

    def __init__(self):
        super().__init__()
        self.params[4] = self.params[2]

    def backward(self, Y, Y_hat):
        self.params[4] = self.params[2]
        super().backward(Y, Y_hat)
        if self.counted == "once":
            self.grads[2] = self.grads[4]
        elif self.counted == "both":
            both = {n: self.grads[2][n] + self.grads[4][n] for n in self.grads[2]}
            self.grads[2] = self.grads[4] = both


class Once(Tied):
    counted = "once"


class Stale(Loop):
    """Keeps the caches of its first forward."""

    def forward(self, X, *, rng=None):
        y = super().forward(X, rng=rng)
        if not getattr(self, "first", None):
            self.first = self._caches
        return y

    def cache(self, i):
        return self.first[i]


def stale():
    model = Stale()
    model.forward(X * 1.1 + 0.1)
    return model


def last(name, label):
    return (("wiring", f"{name} → {label}"),)


def whole(*names):
    return tuple(("wiring", name) for name in names)


# (name, model, all who are to blame)
WIRINGS = (
    ("a layer left out", hook("order", lambda self: (7, 6, 4, 3, 2, 1, 0)), last("5 Tanh", "6 Dense")),
    ("the first activation left out", hook("order", lambda self: (7, 6, 5, 4, 3, 2, 0)), last("1 Tanh", "2 Dense")),
    ("twice as much below 4", hook("handed", lambda self, i, dx: 2 * dx if i == 3 else dx), last("3 Tanh", "4 Dense")),
    ("the sign turned below 2", hook("handed", lambda self, i, dx: -dx if i == 1 else dx), last("1 Tanh", "2 Dense")),
    ("nothing below 2", hook("handed", lambda self, i, dx: 0 * dx if i == 1 else dx), last("1 Tanh", "2 Dense")),
    ("an average below 4", hook("handed", lambda self, i, dx: dx / len(dx) if i == 3 else dx), last("3 Tanh", "4 Dense")),
    ("cut below 6", hook("handed", lambda self, i, dx: np.clip(dx, -0.2, 0.2) if i == 5 else dx), last("5 Tanh", "6 Dense")),
    ("rows turned over below 6", hook("handed", lambda self, i, dx: dx[::-1] if i == 5 else dx), last("5 Tanh", "6 Dense")),
    ("half the loss", hook("start", lambda self, Y, Y_hat: self.loss.grad(Y, Y_hat) / 2), last("7 Identity", "loss")),
    ("the loss's arguments exchanged", hook("start", lambda self, Y, Y_hat: self.loss.grad(Y_hat, Y)), whole("loss")),
    ("the cache of 1 for 3", hook("cache", lambda self, i: self._caches[1 if i == 3 else i]), whole("3 Tanh")),
    ("the cache of 3 for 5", hook("cache", lambda self, i: self._caches[3 if i == 5 else i]), whole("5 Tanh")),
    ("the cache of 2 for 4", hook("cache", lambda self, i: self._caches[2 if i == 4 else i]), whole("4 Dense")),
    ("caches of another forward", stale, whole("7 Identity")),
    ("dW kept with a factor", hook("kept", lambda self, i, g: {n: 3 * a for n, a in g.items()} if i == 2 else g), whole("2 Dense.W", "2 Dense.b")),
    ("db forgotten", hook("kept", lambda self, i, g: {**g, "b": 0 * g["b"]} if i == 4 else g), whole("4 Dense.b")),
    ("the branch around left out", skip(lambda dx, around: dx), last("1 Tanh", "2 Dense, 4 Dense")),
    ("the branch through left out", skip(lambda dx, around: around), last("1 Tanh", "2 Dense, 4 Dense")),
    ("the branches subtracted", skip(lambda dx, around: dx - around), last("1 Tanh", "2 Dense, 4 Dense")),
    ("the branches averaged", skip(lambda dx, around: (dx + around) / 2), last("1 Tanh", "2 Dense, 4 Dense")),
    ("the branch around twice", skip(lambda dx, around: dx + 2 * around), last("1 Tanh", "2 Dense, 4 Dense")),
    ("a shared weight counted once", Once, whole("2 Dense.W", "2 Dense.b")),
)  # fmt: skip
SOUND = (("a loop", Loop), ("a skip by hand", Skips), ("a shared weight", Tied))
