"""Networks with one, two or three faults planted in them, and networks without: who is to blame is known.

Networks are netcore's, of every kind of layer that it has; a faulty layer is a right one behind `Wrapped`, which edits
what its backward returns, and a faulty wiring is a `netcore.Model` whose own backward is wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

import netcore
from gradcheck import adapt
from netcore import layers as L

WHOLE = None


class Wrapped:
    """A layer that calls another and edits one gradient that its backward returns."""

    def __init__(self, inner, name=None, edit=None):
        self.inner, self.name, self.edit = inner, name, edit

    def init(self, rng):
        return self.inner.init(rng)

    def forward(self, params, x, *, rng=None):
        y, cache = self.inner.forward(params, x, rng=rng)
        return y, (x, y, cache)

    def backward(self, params, cache, dy):
        x, _, inner = cache
        dx, grads = self.inner.backward(params, inner, dy)
        found = {"x": dx, **grads}
        if self.name is not None:
            found[self.name] = self.edit(found[self.name], params.get(self.name, x), dy)
        return found.pop("x"), found


class WrappedLoss:
    def __init__(self, inner, edit):
        self.inner, self.edit = inner, edit

    def __call__(self, y, y_hat):
        return self.inner(y, y_hat)

    def grad(self, y, y_hat):
        return self.edit(self.inner.grad(y, y_hat), y_hat, np.ones(()))


def one(g, factor):
    """One entry, that of the middle, times a factor."""
    g = g.copy()
    g[tuple(n // 2 for n in g.shape)] *= factor
    return g


def at(g, place, factor):
    g = g.copy()
    g[place] *= factor
    return g


@dataclass(frozen=True)
class Kind:
    """A kind of mistake: edit(gradient, the array it belongs to, dy), and the slugs that name it rightly."""

    how: str
    edit: Callable[..., Any]
    slugs: tuple[str, ...]
    fits: Callable[[Any], bool] = lambda g: True


def square(g):
    return g.ndim >= 2 and g.shape[0] == g.shape[1] > 1


KINDS = (
    Kind("sign", lambda g, a, dy: -g, ("sign",)),
    Kind("twice", lambda g, a, dy: 2 * g, ("factor",)),
    Kind("1e-4 too large", lambda g, a, dy: g * (1 + 1e-4), ("factor",)),
    Kind("a mean over the batch", lambda g, a, dy: g / len(dy), ("mean_for_sum", "factor")),
    Kind("zero", lambda g, a, dy: 0 * g, ("zero",)),
    Kind("transposed", lambda g, a, dy: np.swapaxes(g, 0, 1).copy(), ("transposed", "permuted"), square),
    Kind("last axis reversed", lambda g, a, dy: g[..., ::-1].copy(), ("permuted",), lambda g: g.shape[-1] > 2),
    Kind("off by one", lambda g, a, dy: np.roll(g, 1, -1), ("shift", "permuted"), lambda g: g.shape[-1] > 3),
    Kind("one entry × 1.01", lambda g, a, dy: one(g, 1.01), ("one_entry", "one_row", "one_channel"), lambda g: g.size > 4),
    Kind("one entry zero", lambda g, a, dy: one(g, 0.0), ("one_entry", "one_row", "one_channel"), lambda g: g.size > 4),
    Kind("first row × 0.9", lambda g, a, dy: at(g, 0, 0.9), ("one_row",), lambda g: g.ndim > 1 and len(g) > 2),
    Kind("a column × 1.5", lambda g, a, dy: at(g, (slice(None), 1), 1.5), ("one_channel", "one_gate", "one_entry"), lambda g: g.ndim > 1 and g.shape[1] > 2),
    Kind("weight decay", lambda g, a, dy: g + 0.01 * a, ("extra_term",), lambda g: g.ndim > 1),
    Kind("cut at 0.05", lambda g, a, dy: np.clip(g, -0.05, 0.05), ("clipped",)),
    Kind("float32", lambda g, a, dy: g.astype(np.float32).astype(float), ("low_precision",)),
    Kind("alternately ± 10 %", lambda g, a, dy: g * (1 + 0.1 * (-1.0) ** np.arange(g.size).reshape(g.shape)), ("alternating",), lambda g: g.size > 5),
    # outside the catalogue: nothing is to be said, or at least nothing that is not so
    Kind("entries scattered by 10 %", lambda g, a, dy: g * np.random.default_rng(5).uniform(0.9, 1.1, g.shape), (), lambda g: g.size > 5),
    Kind("bent", lambda g, a, dy: g * (1 + 0.1 * np.cos(a)), (), lambda g: g.ndim > 1),
)  # fmt: skip


@dataclass(frozen=True)
class Network:
    """A right network: what it is made of and where it stands."""

    name: str
    layers: tuple[Any, ...]
    x: Any
    y: Any
    loss: str = "mse"
    seed: int = 42

    def model(self):
        return netcore.Model(list(self.layers), loss=self.loss, seed=self.seed)

    def targets(self):
        return adapt.model(self.model(), self.x, self.y, name=self.name)


def networks():
    """Yield thirty right networks."""
    rng = np.random.default_rng(77)
    n = rng.normal
    wide, y = n(size=(5, 3)), n(size=(5, 2))
    images, seq, ids = n(size=(2, 2, 5, 6)), n(size=(2, 5, 3)), rng.integers(0, 6, size=(2, 5))
    dense = lambda *s: [L.Dense(a, b, initialiser="glorot") for a, b in pairwise(s)]  # noqa: E731  # short in tables
    act = {**netcore.ACTIVATIONS, "softmax": netcore.Softmax()}
    for name in ("tanh", "sigmoid", "softplus", "gelu", "silu", "elu", "relu", "softmax"):
        a, b, c = dense(3, 4, 4, 2)
        yield Network(f"chain {name}", (a, act[name], b, act[name], c), wide, y)
    a, b = dense(3, 5, 2)
    for name, loss, truth in (
        ("huber", "huber", y), ("log-cosh", "log_cosh", y), ("quantile", "quantile", y), ("mae", "mae", y),
        ("with logits", "logloss_with_logits", rng.uniform(0.1, 0.9, size=(5, 2))),
    ):  # fmt: skip
        yield Network(f"loss {name}", (a, act["tanh"], b), wide, truth, loss)
    yield Network("classes", (a, act["tanh"], b), wide, np.eye(2)[[0, 1, 1, 0, 1]], "cross_entropy")
    yield Network("batch norm", (a, L.BatchNorm(5), act["relu"], b), wide, y)
    yield Network("layer norm", (a, L.LayerNorm(5), act["tanh"], b), wide, y)
    yield Network("root mean square norm", (a, L.RMSNorm(5), act["tanh"], b), wide, y)
    for pool in (L.MaxPool2d((2, 3)), L.AvgPool2d((2, 3))):
        image = (L.Conv2d(2, 3, (2, 1)), act["tanh"], pool, L.Flatten(), L.Dense(12, 2, initialiser="glorot"))
        yield Network(f"images {type(pool).__name__}", image, images, n(size=(2, 2)))
    for layer in (L.RNN(3, 4), L.LSTM(3, 2), L.GRU(3, 4)):
        states = 2 if isinstance(layer, L.LSTM) else 4
        yield Network(f"recurrent {type(layer).__name__}", (layer, L.Dense(states, 2)), seq, n(size=(2, 5, 2)))
    yield Network("last state", (L.GRU(3, 4, sequences=False), L.Dense(4, 2)), seq, n(size=(2, 2)))
    yield Network("attention", (L.Embedding(6, 4), L.MultiHeadAttention(4, 2), L.Dense(4, 2)), ids, n(size=(2, 5, 2)))
    yield Network("block", (L.Dense(3, 4), L.TransformerBlock(4, 2, hidden=3), L.Dense(4, 2)), seq, n(size=(2, 5, 2)))
    inner = L.Sequential([L.Dense(4, 4, initialiser="glorot"), act["tanh"]])
    yield Network("residual", (L.Dense(3, 4), L.Residual(inner), act["tanh"], L.Dense(4, 2)), wide, y)
    deep = L.Residual(L.Sequential([L.LayerNorm(4), inner]))
    yield Network("residual, twice", (L.Dense(3, 4), deep, L.Residual(inner), L.Dense(4, 2)), wide, y)
    yield Network("branches", (L.Dense(3, 3), branches(), L.Dense(6, 2)), wide, y)
    yield Network("shared", (L.Dense(3, 3), shared(), act["tanh"], L.Dense(3, 2)), wide, y)


def branches():
    return L.Graph(
        [
            L.Node("left", L.Dense(3, 2)),
            L.Node("right", L.Dense(3, 4)),
            L.Node("bent", netcore.ACTIVATIONS["tanh"], "right"),
            L.Node("end", L.Concatenate(), ("left", "bent")),
        ]
    )


def shared():
    return L.Graph(
        [
            L.Node("first", L.Dense(3, 3)),
            L.Node("bent", netcore.ACTIVATIONS["tanh"], "first"),
            L.Node("second", L.Dense(3, 3), "bent", shares="first"),
            L.Node("end", L.Add(), ("first", "second", "x")),
        ]
    )


@dataclass(frozen=True)
class Plant:
    """A network with faults: where, of what kind; and who is to be blamed."""

    network: Network
    faults: tuple[tuple[Any, str, Kind], ...]  # (layer or "loss", quantity, kind)

    def __str__(self):
        return f"{self.network.name}: " + ", ".join(f"{i}.{q} {k.how}" for i, q, k in self.faults)

    @property
    def culprits(self):
        return {("loss" if i == "loss" else f"{i} Wrapped", q) for i, q, _ in self.faults}

    def slugs(self, culprit):
        [kind] = [k for i, q, k in self.faults if culprit == ("loss" if i == "loss" else f"{i} Wrapped", q)]
        return kind.slugs

    def targets(self):
        model = self.network.model()
        for i, quantity, kind in self.faults:
            if i == "loss":
                model.loss = WrappedLoss(model.loss, kind.edit)
            else:
                model.layers[i] = Wrapped(model.layers[i], quantity, kind.edit)
        return adapt.model(model, self.network.x, self.network.y, name="planted")


def void(network, i, quantity, kind):
    """Whether a fault would change nothing at this point, or the gradient has not the shape for it."""
    model = network.model()
    y_hat = model.forward(network.x)
    rng = np.random.default_rng(3)
    if i == "loss":
        g = right = model.loss.grad(network.y, y_hat)
        if not kind.fits(g):
            return True
        wrong = kind.edit(right, y_hat, np.ones(()))
    else:
        x = network.x
        for k in range(i):
            x, _ = model.layers[k].forward(model.params[k], x)
        y, cache = model.layers[i].forward(model.params[i], x)
        dy = rng.choice([-1.0, 1.0], y.shape) * rng.uniform(0.5, 1.5, y.shape)
        dx, grads = model.layers[i].backward(model.params[i], cache, dy)
        right = {"x": dx, **grads}[quantity]
        if right is None or not kind.fits(right):
            return True
        wrong = kind.edit(right, model.params[i].get(quantity, x), dy)
    return bool(np.linalg.norm(wrong - right) <= 1e-9 * np.linalg.norm(right))


def places(network):
    """(layer, quantity) of everything that has a gradient."""
    model = network.model()
    found = [("loss", "y_hat")]
    for i, params in enumerate(model.params):
        quantities = [*params] if i == 0 and network.x.dtype.kind == "i" else ["x", *params]
        found += [(i, q) for q in quantities if not q.startswith("running_")]
    return found


def plants(count=1, wanted=110, seed=9):
    """Yield plants of so many faults each, all networks, layers and kinds in turn."""
    rng = np.random.default_rng([seed, count])
    all_ = list(networks())
    found = 0
    while found < wanted:
        network = all_[found % len(all_)]
        options = places(network)
        chosen = [options[k] for k in rng.permutation(len(options))]
        kinds = [KINDS[(found + k) % len(KINDS)] for k in range(count)]
        faults, layers = [], set()
        for kind in kinds:
            for i, quantity in chosen:
                skip = i == "loss" and (
                    kind.how in ("a mean over the batch", "weight decay", "cut at 0.05", "off by one")
                )
                if i not in layers and not skip and not void(network, i, quantity, kind):
                    faults.append((i, quantity, kind))
                    layers.add(i)
                    break
        if len(faults) == count:
            yield Plant(replace(network), tuple(faults))
        found += 1
