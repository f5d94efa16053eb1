"""For each check a fault that it must find, beside the right twin that every check passes.

The function is y = tanh(x W) + b, written out by hand each time, with sizes 2, 3 and 5.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from gradcheck import Target, adapt

_RNG = np.random.default_rng(20)
X, W, B = _RNG.normal(size=(2, 3)), _RNG.normal(size=(3, 5)), _RNG.normal(size=(1, 5))
NAMES = ("x", "W", "b")


def forward(x, W, b):
    return np.tanh(x @ W) + b


def pull(inputs, u):
    x, W, _ = inputs
    dz = u * (1 - np.tanh(x @ W) ** 2)
    return dz @ W.T, x.T @ dz, u.sum(axis=0, keepdims=True)


def affine(vjp=pull, forward=forward, point=(X, W, B), **more):
    return adapt.vjp(forward, vjp, *(value.copy() for value in point), names=NAMES, name="affine", **more)


def spoiled(block, change):
    """The right pullback with one gradient replaced by change(gradient, inputs, u)."""

    def vjp(inputs, u):
        grads = list(pull(inputs, u))
        place = NAMES.index(block)
        grads[place] = change(grads[place], inputs, u)
        return tuple(grads)

    return vjp


@dataclass(frozen=True)
class Planted:
    """A target with a fault; the check that finds it, at which input ("" for the target as a whole); its right twin."""

    check: str
    how: str
    wrong: Callable[[], Target]
    right: Callable[[], Target] = affine
    wrt: str = ""

    def __str__(self):
        return f"{self.check}: {self.how}"


def fault(check, how, vjp, wrt="", **more):
    return Planted(check, how, lambda: affine(vjp, **more), wrt=wrt)


def spoil(check, how, block, change):
    return Planted(check, how, lambda: affine(spoiled(block, change)), wrt=block)


def single(f, vjp, x=X):
    return adapt.vjp(f, vjp, x.copy(), names=("x",), name="single")


def sine(x):
    return np.sin(x)


def cosine(inputs, u):
    return (u * np.cos(inputs[0]),)


def right_sine():
    return single(sine, cosine)


def in_place(x):
    x *= 1.5
    return np.sin(x)


def writes_into(block):
    def vjp(inputs, u):
        answer = pull(inputs, u)
        inputs[NAMES.index(block)][...] += 1.0
        return answer

    return vjp


def writes_into_cotangent(inputs, u):
    answer = pull(inputs, u)
    u *= 2.0
    return answer


def linearize_in_place():
    target = affine()

    def linearize(x, W, b):
        answer = target.linearize(x.copy(), W, b)
        x -= 0.25
        return answer

    return replace(target, linearize=linearize)


class Counter:
    """A forward that keeps state."""

    def __init__(self):
        self.calls = 0

    def __call__(self, x):
        self.calls += 1
        return np.sin(x) * (1 + 1e-3 * self.calls)


class Growing(Counter):
    def __call__(self, x):
        self.calls += 1
        return np.concatenate([np.sin(x)] * self.calls)


class Dropout:
    """Draws another mask in every forward; the right twin draws the same one each time."""

    def __init__(self, seed=None):
        self.seed = seed
        self.rng = np.random.default_rng(3)

    def mask(self, x):
        rng = self.rng if self.seed is None else np.random.default_rng(self.seed)
        return (rng.random(x.shape) < 0.5) * 2.0

    def __call__(self, x):
        mask = self.mask(x)
        return x * mask, lambda u: (u * mask,)


class ResampledMask(Dropout):
    """The forward's mask is fixed, the backward draws its own."""

    def __call__(self, x):
        fixed = (np.random.default_rng(self.seed).random(x.shape) < 0.5) * 2.0
        return x * fixed, lambda u: (u * (self.rng.random(x.shape) < 0.5) * 2.0,)


def other_primal(gap):
    """The forward that keeps a cache computes another function than the plain one."""
    target = affine()

    def linearize(x, W, b):
        y, pullback = target.linearize(x, W, b)
        return y * (1 + gap), pullback

    return replace(target, linearize=linearize)


def other_size():
    target = affine()

    def linearize(x, W, b):
        y, pullback = target.linearize(x, W, b)
        return y[:1], pullback

    return replace(target, linearize=linearize)


def embedding(vjp):
    ids, table = np.array([[0, 4], [2, 2], [1, 4]]), np.random.default_rng(1).normal(size=(5, 3))
    return adapt.vjp(lambda ids, table: table[ids], vjp, ids, table, name="embedding")


def scattered(inputs, u):
    ids, table = inputs
    found = np.zeros_like(table)
    np.add.at(found, ids, u)
    return found


def keyed(change):
    def vjp(inputs, u):
        found = dict(zip(NAMES, pull(inputs, u), strict=True))
        change(found)
        return found

    return vjp


class DenseWith:
    """The affine function as a layer whose backward edits its dictionary of gradients."""

    def __init__(self, change=lambda grads: None):
        self.change = change

    def forward(self, params, x, *, rng=None):
        return forward(x, params["W"], params["b"]), x

    def backward(self, params, x, dy):
        dx, dW, db = pull((x, params["W"], params["b"]), dy)
        grads = {"W": dW, "b": db}
        self.change(grads)
        return dx, grads


def dense(change=lambda grads: None):
    return adapt.layer(DenseWith(change), {"W": W.copy(), "b": B.copy()}, X.copy(), name="dense")


def as_float32(vjp):
    return affine(vjp, point=tuple(value.astype(np.float32) for value in (X, W, B)))


def buffered():
    buffer = np.zeros_like(X)

    def vjp(inputs, u):
        answer = pull(inputs, u)
        buffer[...] = answer[0]
        return buffer, *answer[1:]

    return vjp


def accumulating():
    total = np.zeros_like(W)

    def vjp(inputs, u):
        dx, dW, db = pull(inputs, u)
        total[...] += dW
        return dx, total.copy(), db

    return vjp


def consumed_cache():
    """The second backward on the same cache finds it spent."""

    def f(x):
        cache = [np.cos(x)]
        return np.sin(x), lambda u: (u * (cache.pop() if cache else 0.0),)

    return adapt.closure(f, X.copy(), names=("x",), name="spent")


def kept_cache():
    def f(x):
        return np.sin(x), lambda u: (u * np.cos(x),)

    return adapt.closure(f, X.copy(), names=("x",), name="kept")


def memory_order(inputs, u):
    """Reads the cotangent's memory from beginning to end, whatever its strides."""
    flat = u.ravel(order="K").reshape(u.shape)
    return (flat * np.cos(inputs[0]),)


def transposed_memory(inputs, u):
    (x,) = inputs
    return (u.ravel(order="A").reshape(u.shape) * np.cos(x),)  # of a transpose it reads the columns


def contiguous_only(inputs, u):
    strides = np.zeros(u.shape).strides
    read = np.lib.stride_tricks.as_strided(u, u.shape, strides) if u.base is not None else u
    return (read * np.cos(inputs[0]),)


def clipped(limit):
    def vjp(inputs, u):
        dx, dW, db = pull(inputs, u)
        return dx, dW * min(1.0, limit / np.linalg.norm(dW)), db

    return vjp


def entry(index, factor):
    def change(gradient, inputs, u):
        gradient[index] *= factor
        return gradient

    return change


class Bent:
    """An activation, right as far as |x| < far and wrong by 1 % beyond."""

    def __init__(self, far=np.inf):
        self.far = far

    def __call__(self, x):
        return x * np.arctan(x)

    def grad(self, x):
        return (np.arctan(x) + x / (1 + x * x)) * np.where(np.abs(x) < self.far, 1.0, 1.01)


def bent(far=np.inf):
    return adapt.activation(Bent(far), X.copy(), name="bent")


def both_modes(jvp):
    return adapt.jvp(np.sin, jvp, X.copy(), names=("x",), name="both", vjp=lambda inputs, u: (u * np.cos(inputs[0]),))


A = np.random.default_rng(4).normal(size=(5, 5))
S = A + A.T
POINT = np.random.default_rng(5).normal(size=5)


def quadratic(H):
    return adapt.hessian(lambda x: S @ x + x**3, lambda x: H + np.diag(3 * x**2), POINT.copy(), name="quadratic")


def batched(coupled):
    def f(x):
        return np.sin(x) + (x.mean(axis=0) if coupled else 0.0)

    def vjp(inputs, u):
        x = inputs[0]
        return (u * np.cos(x) + (u.sum(axis=0) / len(x) if coupled else 0.0),)

    return adapt.vjp(f, vjp, X.copy(), names=("x",), name="batched", batch=0)


PLANTED = (
    Planted("value.type", "objects", lambda: single(lambda x: np.sin(x).astype(object), cosine), right_sine),
    Planted("value.type", "integers", lambda: single(lambda x: np.rint(x).astype(int), cosine), right_sine),
    Planted("value.type", "nothing", lambda: single(lambda x: None, cosine), right_sine),
    Planted("value.finite", "NaN", lambda: single(np.log, lambda i, u: (u / i[0],)), right_sine),
    Planted("value.finite", "an infinity", lambda: single(lambda x: np.exp(1e3 * x), cosine), right_sine),
    Planted("value.mutation", "x scaled in place", lambda: single(in_place, cosine), right_sine, "x"),
    Planted("value.repeatable", "a counter", lambda: single(Counter(), cosine), right_sine),
    Planted("value.repeatable", "outputs grow", lambda: single(Growing(), cosine), right_sine),
    Planted(
        "value.repeatable",
        "dropout",
        lambda: adapt.closure(Dropout(), X.copy(), names=("x",)),
        lambda: adapt.closure(Dropout(seed=7), X.copy(), names=("x",)),
    ),
    Planted("value.primal", "1e-6 larger", lambda: other_primal(1e-6)),
    Planted("value.primal", "another size", other_size),
    fault("contract.keys", "W left out", keyed(lambda grads: grads.pop("W")), "W"),
    Planted("contract.keys", "a layer leaves b out", lambda: dense(lambda grads: grads.pop("b")), dense, "b"),
    Planted("contract.keys", "a layer adds c", lambda: dense(lambda grads: grads.update(c=np.zeros(2))), dense),
    Planted("contract.keys", "a layer renames W", lambda: dense(lambda g: g.update(weight=g.pop("W"))), dense, "W"),
    fault("contract.keys", "two of three", lambda inputs, u: pull(inputs, u)[:2]),
    fault("contract.keys", "four of three", lambda inputs, u: (*pull(inputs, u), u)),
    fault("contract.keys", "one bare array", lambda inputs, u: pull(inputs, u)[0]),
    spoil("contract.none", "W not differentiable", "W", lambda g, i, u: None),
    Planted(
        "contract.none",
        "a gradient for ids",
        lambda: embedding(lambda i, u: (np.ones(i[0].shape), scattered(i, u))),
        lambda: embedding(lambda i, u: (None, scattered(i, u))),
        "ids",
    ),
    spoil("contract.shape", "(5,) for (1, 5)", "b", lambda g, i, u: u.sum(axis=0)),
    spoil("contract.shape", "transposed", "W", lambda g, i, u: g.T),
    spoil("contract.shape", "sum over the batch missing", "b", lambda g, i, u: u),
    spoil("contract.shape", "flat", "W", lambda g, i, u: g.ravel()),
    Planted(
        "contract.dtype",
        "float64 for float32",
        lambda: as_float32(spoiled("W", lambda g, i, u: g.astype(np.float64))),
        lambda: as_float32(pull),
        "W",
    ),
    spoil("contract.dtype", "float32 for float64", "x", lambda g, i, u: g.astype(np.float32)),
    spoil("contract.dtype", "objects", "x", lambda g, i, u: g.astype(object)),
    spoil("contract.finite", "one NaN", "W", entry((1, 2), np.nan)),
    spoil("contract.finite", "one infinity", "x", entry((1, 0), np.inf)),
    fault("contract.mutation", "writes into x", writes_into("x"), "x"),
    fault("contract.mutation", "writes into W", writes_into("W"), "W"),
    fault("contract.mutation", "writes into the cotangent", writes_into_cotangent),
    Planted("contract.mutation", "the linearized forward writes into x", linearize_in_place, wrt="x"),
    fault("contract.aliasing", "an internal buffer", buffered(), "x"),
    Planted("contract.layout", "memory order", lambda: single(sine, memory_order), right_sine, "x"),
    Planted("contract.layout", "memory order of a transpose", lambda: single(sine, transposed_memory), right_sine, "x"),
    Planted("contract.layout", "assumes contiguity", lambda: single(sine, contiguous_only), right_sine, "x"),
    fault("pullback.repeatable", "accumulates dW", accumulating(), "W"),
    Planted("pullback.repeatable", "a cache used up", consumed_cache, kept_cache, "x"),
    Planted(
        "pullback.repeatable",
        "a mask of its own",
        lambda: adapt.closure(ResampledMask(seed=7), X.copy(), names=("x",)),
        lambda: adapt.closure(Dropout(seed=7), X.copy(), names=("x",)),
        "x",
    ),
    spoil("pullback.zero", "weight decay", "W", lambda g, i, u: g + 1e-3 * i[1]),
    spoil("pullback.zero", "cotangent ignored", "b", lambda g, i, u: np.full_like(g, len(u))),
    fault("pullback.linear", "norm clipped", clipped(1.0), "W"),
    spoil("pullback.linear", "cotangent squared", "b", lambda g, i, u: (u * u).sum(axis=0, keepdims=True)),
    spoil("pullback.linear", "only its sign", "b", lambda g, i, u: np.sign(u).sum(axis=0, keepdims=True)),
    spoil("pullback.linear", "entries clipped at 0.5", "x", lambda g, i, u: np.clip(g, -0.5, 0.5)),
    spoil("pullback.linear", "cubed", "x", lambda g, i, u: g**3),
    spoil("gradient.direction", "twice", "W", lambda g, i, u: 2 * g),
    spoil("gradient.direction", "1e-6 larger", "W", lambda g, i, u: (1 + 1e-6) * g),
    spoil("gradient.direction", "sign", "x", lambda g, i, u: -g),
    spoil("gradient.direction", "all zero", "b", lambda g, i, u: 0 * g),
    spoil("gradient.direction", "one entry of fifteen", "W", entry((2, 3), 1 + 1e-5)),
    spoil("gradient.direction", "a row", "W", entry((1,), 0.5)),
    spoil("gradient.entries", "one entry of six", "x", entry((1, 2), 1.001)),
    spoil("gradient.entries", "two entries swapped", "b", lambda g, i, u: g[:, [0, 2, 1, 3, 4]]),
    Planted("gradient.points", "far out only", lambda: bent(5.0), bent, "x"),
    Planted(
        "adjoint.dot",
        "the forward mode alone is wrong",
        lambda: both_modes(lambda inputs, tangents: 1.001 * np.cos(inputs[0]) * tangents[0]),
        lambda: both_modes(lambda inputs, tangents: np.cos(inputs[0]) * tangents[0]),
        "x",
    ),
    Planted("second_order.symmetric", "a triangle", lambda: quadratic(np.triu(S)), lambda: quadratic(S), "x"),
    Planted("structure.batch", "a mean over the batch", lambda: batched(True), lambda: batched(False), "x"),
)
