"""Mistakes in dense networks: each is told of the layer and quantity it was planted in, and of nothing else.

A network is netcore's own, tanh (3, 5, 4, 2) at a batch of 7, with one layer replaced by a faulty wrapper. The right
twin of each is the same wrapper without its fault.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import gradcheck
import netcore
from gradcheck import Verdict, adapt

RNG = np.random.default_rng(31)
X, Y = RNG.normal(size=(7, 3)), RNG.normal(size=(7, 2))
P = RNG.uniform(0.05, 0.95, size=(7, 2))
SIZES = (3, 5, 4, 2)


class Wrapped:
    """A layer that calls another and edits what its backward returns; without an edit it is that layer."""

    def __init__(self, inner, edit=None):
        self.inner, self.edit = inner, edit
        self.kept = None  # what a faulty edit may remember from call to call

    def init(self, rng):
        return self.inner.init(rng)

    def forward(self, params, x, *, rng=None):
        y, cache = self.inner.forward(params, x, rng=rng)
        return y, (x, y, cache)

    def backward(self, params, cache, dy):
        x, y, inner = cache
        dx, grads = self.inner.backward(params, inner, dy)
        grads = {"x": dx, **grads}
        if self.edit is not None:
            grads.update(self.edit(self, params, x, y, dy, grads))
        return grads.pop("x"), grads


class WrappedLoss:
    def __init__(self, inner, edit=lambda g, y, y_hat: g):
        self.inner, self.edit = inner, edit

    def __call__(self, y, y_hat):
        return self.inner(y, y_hat)

    def grad(self, y, y_hat):
        return self.edit(self.inner.grad(y, y_hat), y, y_hat)


@dataclass(frozen=True)
class Fault:
    """What is spoiled in which layer (its index, or "loss"), and which quantities that makes wrong."""

    how: str
    layer: int | str
    edit: Any
    wrong: tuple[str, ...]
    act: str = "tanh"
    loss: str = "mse"
    sizes: tuple[int, ...] = SIZES

    def __str__(self):
        return f"{self.layer} {self.how}"

    def targets(self, *, right=False):
        model = netcore.Model(self.sizes, act=self.act, out_act="identity", loss=self.loss, initialiser="glorot")
        x = X[:, : self.sizes[0]] if self.sizes[0] <= 3 else np.concatenate([X, X**2], axis=1)[:, : self.sizes[0]]
        y = Y[:, : self.sizes[-1]] if self.sizes[-1] <= 2 else np.concatenate([Y, Y**2], axis=1)[:, : self.sizes[-1]]
        if self.loss == "logloss":
            model.layers[-1], y = netcore.Sigmoid(), P
        if self.layer == "loss":
            model.loss = WrappedLoss(model.loss) if right else WrappedLoss(model.loss, self.edit)
        else:
            model.layers[self.layer] = Wrapped(model.layers[self.layer], None if right else self.edit)
        return adapt.model(model, x, y, name="model")

    @property
    def culprits(self):
        label = "loss" if self.layer == "loss" else f"{self.layer} Wrapped"
        return {(label, quantity) for quantity in self.wrong}


def of(name, change):
    """Edit one gradient: change(gradient, x, y, dy, params)."""
    return lambda self, params, x, y, dy, grads: {name: change(grads[name], x, y, dy, params)}


def entry(place, factor):
    def change(g, *_):
        g = g.copy()
        g[place] *= factor
        return g

    return change


def stale(self, params, x, y, dy, grads):
    """dW with the input of the call before, which the layer kept."""
    before, self.kept = self.kept, x + 0.1
    return {"W": (x if before is None else before).T @ dy}


def cached_forever(self, params, x, y, dy, grads):
    """dx with the weights of the first call, kept on the layer."""
    self.kept = np.roll(params["W"], 1, axis=0) if self.kept is None else self.kept
    return {"x": dy @ self.kept.T}


def rounded(g, *_):
    return g.astype(np.float32).astype(np.float64)


SQUARE = (3, 4, 4, 2)
DENSE = (
    Fault("dW twice", 2, of("W", lambda g, *_: 2 * g), ("W",)),
    Fault("dW 1e-6 larger", 2, of("W", lambda g, *_: g * (1 + 1e-6)), ("W",)),
    Fault("dW averaged over the batch", 2, of("W", lambda g, x, *_: g / len(x)), ("W",)),
    Fault("db averaged over the batch", 2, of("b", lambda g, x, *_: g / len(x)), ("b",)),
    Fault("dW of the other sign", 0, of("W", lambda g, *_: -g), ("W",)),
    Fault("db of the other sign", 0, of("b", lambda g, *_: -g), ("b",)),
    Fault("dx of the other sign", 2, of("x", lambda g, *_: -g), ("x",)),
    Fault("dx of the first layer of the other sign", 0, of("x", lambda g, *_: -g), ("x",)),
    Fault("db zero", 4, of("b", lambda g, *_: 0 * g), ("b",)),
    Fault("dW zero", 4, of("W", lambda g, *_: 0 * g), ("W",)),
    Fault("dx zero", 4, of("x", lambda g, *_: 0 * g), ("x",)),
    Fault("db without the sum over the batch", 2, of("b", lambda g, x, y, dy, p: dy), ("b",)),
    Fault("db of the last row only", 2, of("b", lambda g, x, y, dy, p: dy[-1:]), ("b",)),
    Fault("db summed over outputs too", 2, of("b", lambda g, *_: np.full_like(g, g.sum())), ("b",)),
    Fault("db flat", 0, of("b", lambda g, *_: g.ravel()), ("b",)),
    Fault("dW transposed, 5 × 4", 2, of("W", lambda g, *_: g.T), ("W",)),
    Fault("dW transposed, 4 × 4", 2, of("W", lambda g, *_: g.T.copy()), ("W",), sizes=SQUARE),
    Fault("dx by W instead of Wᵀ, 4 × 4", 2, of("x", lambda g, x, y, dy, p: dy @ p["W"]), ("x",), sizes=SQUARE),
    Fault("dW from y instead of x, 4 × 4", 2, of("W", lambda g, x, y, dy, p: y.T @ dy), ("W",), sizes=SQUARE),
    Fault("dW = dyᵀ x, 4 × 4", 2, of("W", lambda g, x, y, dy, p: dy.T @ x), ("W",), sizes=SQUARE),
    Fault("one entry of dW × 1.001", 2, of("W", entry((3, 1), 1.001)), ("W",)),
    Fault("one entry of db zero", 2, of("b", entry((0, 2), 0.0)), ("b",)),
    Fault("one row of dW × 0.9", 2, of("W", entry((1,), 0.9)), ("W",)),
    Fault("one column of dW × 1.5", 2, of("W", entry((slice(None), 3), 1.5)), ("W",)),
    Fault("one sample of dx × 2", 2, of("x", entry((4,), 2.0)), ("x",)),
    Fault("last sample left out of dW", 2, of("W", lambda g, x, y, dy, p: x[:-1].T @ dy[:-1]), ("W",)),
    Fault("rows of dW reversed", 2, of("W", lambda g, *_: g[::-1].copy()), ("W",)),
    Fault("rows of dW off by one", 2, of("W", lambda g, *_: np.roll(g, 1, axis=0)), ("W",)),
    Fault("samples shuffled in dx", 2, of("x", lambda g, *_: g[::-1].copy()), ("x",)),
    Fault("weight decay in dW", 2, of("W", lambda g, x, y, dy, p: g + 0.01 * p["W"]), ("W",)),
    Fault("dW clipped", 2, of("W", lambda g, *_: np.clip(g, -0.3, 0.3)), ("W",)),
    Fault("dW through float32", 2, of("W", rounded), ("W",)),
    Fault("dW in float32", 2, of("W", lambda g, *_: g.astype(np.float32)), ("W",)),
    Fault("NaN in dW", 2, of("W", entry((0, 0), np.nan)), ("W",)),
    Fault("dW of the call before", 2, stale, ("W",)),
    Fault("dx with weights kept on the layer", 2, cached_forever, ("x",)),
    Fault("cotangent ignored in db", 2, of("b", lambda g, x, *_: np.full_like(g, len(x))), ("b",)),
    Fault("everything halved", 2, lambda self, p, x, y, dy, g: {k: v / 2 for k, v in g.items()}, ("x", "W", "b")),
    Fault("dW and dx both averaged", 4, lambda s, p, x, y, dy, g: {k: g[k] / 7 for k in ("W", "x")}, ("W", "x")),
)
MASKS = (
    Fault("tanh' taken at the output", 1, of("x", lambda g, x, y, dy, p: dy * (1 - np.tanh(y) ** 2)), ("x",)),
    Fault("tanh' = 1 − x²", 1, of("x", lambda g, x, y, dy, p: dy * (1 - x * x)), ("x",)),
    Fault("tanh' not squared", 3, of("x", lambda g, x, y, dy, p: dy * (1 - y)), ("x",)),
    Fault("σ' = x (1 − x)", 1, of("x", lambda g, x, y, dy, p: dy * x * (1 - x)), ("x",), act="sigmoid"),
    Fault("σ' = y", 3, of("x", lambda g, x, y, dy, p: dy * y), ("x",), act="sigmoid"),
    Fault("relu mask of the cotangent", 1, of("x", lambda g, x, y, dy, p: dy * (dy > 0)), ("x",), act="relu"),
    Fault("relu mask turned", 1, of("x", lambda g, x, y, dy, p: dy * (x <= 0)), ("x",), act="relu"),
    Fault("relu lets all through", 3, of("x", lambda g, x, y, dy, p: dy), ("x",), act="relu"),
    Fault("relu mask x > 0.1", 1, of("x", lambda g, x, y, dy, p: dy * (x > 0.1)), ("x",), act="relu"),
    Fault("relu leaks 1 %", 1, of("x", lambda g, x, y, dy, p: dy * np.where(x > 0, 1, 0.01)), ("x",), act="relu"),
)
LOSSES = (
    Fault("without its 2", "loss", lambda g, y, y_hat: g / 2, ("y_hat",)),
    Fault("without its 1/N", "loss", lambda g, y, y_hat: g * y.size, ("y_hat",)),
    Fault("mean over the batch only", "loss", lambda g, y, y_hat: g * y.shape[1], ("y_hat",)),
    Fault("the difference turned", "loss", lambda g, y, y_hat: -g, ("y_hat",)),
    Fault("the difference only", "loss", lambda g, y, y_hat: y_hat - y, ("y_hat",)),
    Fault("absolute value", "loss", lambda g, y, y_hat: np.abs(g), ("y_hat",)),
    Fault("one sample dropped", "loss", lambda g, y, y_hat: g * (np.arange(7)[:, None] > 0), ("y_hat",)),
    Fault("logloss of the logits", "loss", lambda g, y, p: (p - y) / p.size, ("y_hat",), loss="logloss"),
    Fault("logloss one term", "loss", lambda g, y, p: -y / p / p.size, ("y_hat",), loss="logloss"),
    Fault("logloss without 1/N", "loss", lambda g, y, p: g * p.size, ("y_hat",), loss="logloss"),
)
FAULTS = DENSE + MASKS + LOSSES


def test_there_are_more_than_forty_planted_faults():
    assert len(FAULTS) >= 50


def locally(fault):
    """The targets of single layers: a culprit is found by these alone."""
    return [target for target in fault.targets() if target.role == "local"]


@pytest.mark.parametrize(
    "fault", [pytest.param(f, marks=[pytest.mark.slow] if n % 3 else []) for n, f in enumerate(FAULTS)], ids=str
)
def test_a_fault_is_told_of_the_layer_and_quantity_it_sits_in_and_of_no_other(fault):
    report = gradcheck.check(locally(fault))
    assert set(report.culprits) == fault.culprits, str(report)
    assert report.exit_code == 1


@pytest.mark.parametrize("fault", FAULTS[1::12], ids=str)
def test_culprits_are_the_same_where_the_whole_network_is_checked_too(fault):
    assert set(gradcheck.check(fault.targets()).culprits) == fault.culprits


@pytest.mark.parametrize("fault", FAULTS[::4], ids=str)
def test_the_right_twin_of_a_network_has_no_culprit(fault):
    report = gradcheck.check(fault.targets(right=True))
    assert report.culprits == ()
    assert report.contaminated == ()
    assert report.verdict in (Verdict.AGREES, Verdict.KINK), str(report)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_fault_is_found_whatever_the_seed(seed):
    for fault in FAULTS[seed::8]:
        report = gradcheck.check(locally(fault), seed=seed)
        assert set(report.culprits) == fault.culprits, f"{fault}: {report}"


def test_two_faults_are_two_culprits():
    model = netcore.Model(SIZES, act="tanh", out_act="identity", initialiser="glorot")
    model.layers[0] = Wrapped(model.layers[0], of("b", lambda g, *_: 3 * g))
    model.layers[4] = Wrapped(model.layers[4], of("x", entry((2, 1), -1.0)))
    report = gradcheck.check(adapt.model(model, X, Y))
    assert set(report.culprits) == {("0 Wrapped", "b"), ("4 Wrapped", "x")}


def test_what_lies_below_a_wrong_dx_is_contaminated_and_what_lies_above_is_not():
    model = netcore.Model(SIZES, act="tanh", out_act="identity", initialiser="glorot")
    model.layers[2] = Wrapped(model.layers[2], of("x", lambda g, *_: 2 * g))
    report = gradcheck.check(adapt.model(model, X, Y))
    assert report.culprits == (("2 Wrapped", "x"),)
    named = set(report.contaminated)
    assert {("0 Dense", "W"), ("0 Dense", "b")} <= named
    assert not named & {("2 Wrapped", "W"), ("4 Dense", "W"), ("4 Dense", "b"), ("loss", "y_hat")}
