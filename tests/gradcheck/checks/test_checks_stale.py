"""What a backward needs and keeps from another call: masks and places as well as numbers, in float32 too."""

import numpy as np
import pytest

import gradcheck
from gradcheck import Verdict, adapt

X = np.random.default_rng(11).normal(size=(4, 6))
W = np.random.default_rng(12).normal(size=(6, 3))


def malformed(target, seed=0):
    findings = gradcheck.check(target, seed=seed).findings
    return {f.wrt: f for f in findings if f.verdict is Verdict.MALFORMED and f.check == "pullback.repeatable"}


class Mask:
    """A rectifier behind a product; it keeps its mask from every forward, from the first, or from the one before."""

    def __init__(self, kept="own"):
        self.kept, self.mask, self.before = kept, None, None

    def linearize(self, x, W):
        y = x @ W
        mask = y > 0
        first = self.mask if self.mask is not None else mask
        before = self.before if self.before is not None else mask
        self.mask, self.before = first, mask
        used = {"own": mask, "first": first, "before": before}[self.kept]
        return y * mask, lambda u: ((u * used) @ W.T, x.T @ (u * used))


class Pool:
    """The largest of each pair of columns, the places kept from every forward or from the first one."""

    def __init__(self, kept="own"):
        self.kept, self.places = kept, None

    def linearize(self, x):
        pairs = x.reshape(len(x), -1, 2)
        places = pairs.argmax(axis=2)
        if self.kept == "first":
            places = self.places = places if self.places is None else self.places

        def pull(u):
            g = np.zeros_like(pairs)
            np.put_along_axis(g, places[..., None], u[..., None], axis=2)
            return (g.reshape(x.shape),)

        return pairs.max(axis=2), pull


@pytest.mark.parametrize("kept", ["first", "before", "own"])
@pytest.mark.parametrize("seed", range(3))
def test_a_mask_of_another_call_is_told_though_small_moves_leave_it_as_it_is(kept, seed):
    told = malformed(adapt.closure(Mask(kept).linearize, X, W, names=("x", "W"), name="relu"), seed)
    assert bool(told) == (kept != "own")
    assert all(finding.pattern == "stale_cache" for finding in told.values())


@pytest.mark.parametrize("kept", ["first", "own"])
def test_places_of_the_first_call_are_told(kept):
    assert bool(malformed(adapt.closure(Pool(kept).linearize, X, names=("x",), name="pool"))) == (kept == "first")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("first", [True, False])
def test_a_cache_of_the_first_call_is_told_in_float32_too(dtype, first):
    kept = []

    def tanh(x):
        y = np.tanh(x)
        kept.append(y)
        slope = 1 - (kept[0] if first else y) ** 2
        return y, lambda u: (u * slope.astype(u.dtype),)

    assert bool(malformed(adapt.closure(tanh, X.astype(dtype), name="tanh"))) == first


def test_a_bias_that_the_backward_forgets_while_it_is_zero_is_said_to_be_left_out():
    def forward(x, b):
        return np.tanh(x @ W + b)

    def forgets(inputs, u):
        x, _ = inputs
        d = u * (1 - np.tanh(x @ W) ** 2)
        return d @ W.T, d.sum(axis=0)

    told = malformed(adapt.vjp(forward, forgets, X, np.zeros(3), names=("x", "b"), name="dense"))
    assert set(told) == {"x", "b"}
    for finding in told.values():
        assert "does not follow b, and the derivative does" in finding.message
        assert finding.pattern is None


def test_positive_numbers_are_not_shuffled_because_they_may_be_in_order():
    seen = []

    def forward(x):
        seen.append(np.all(np.diff(x) > 0))
        return 2 * x

    edges = np.array([0.5, 1.0, 4.0, 9.0])
    assert gradcheck.check(adapt.vjp(forward, lambda i, u: (2 * u,), edges, names=("x",))).verdict is Verdict.AGREES
    assert all(seen)


class Affine:
    """Keeps its input from every forward, or from the first one alone."""

    def __init__(self, lazy):
        self.W, self.b, self.x, self.lazy = W, np.array([0.3, -1.0, 0.5]), None, lazy

    def forward(self, x):
        if self.x is None or not self.lazy:
            self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.W.T


class Rectifier:
    """Its mask is that of this forward, of the first, or of the one before."""

    def __init__(self, kept):
        self.kept, self.first, self.before, self.mask = kept, None, None, None

    def forward(self, x):
        self.before = x > 0 if self.mask is None else self.mask
        self.mask = x > 0
        self.first = self.mask if self.first is None else self.first
        return np.maximum(x, 0)

    def backward(self, dout):
        return dout * {"own": self.mask, "first": self.first, "before": self.before}[self.kept]


class Running:
    """Normalises by the batch; its backward divides by that deviation, or by the running one."""

    def __init__(self, wrong):
        self.wrong, self.running = wrong, None

    def forward(self, x):
        self.deviation = np.sqrt(x.var(axis=0) + 1e-5)
        self.running = self.deviation if self.running is None else 0.9 * self.running + 0.1 * self.deviation
        self.h = (x - x.mean(axis=0)) / self.deviation
        return self.h

    def backward(self, dout):
        centred = dout - dout.mean(axis=0) - self.h * (dout * self.h).mean(axis=0)
        return centred / (self.running if self.wrong else self.deviation)


@pytest.mark.parametrize(
    ("thing", "wrong"),
    [
        (lambda: Affine(lazy=True), {"W"}),
        (lambda: Affine(lazy=False), set()),
        (lambda: Rectifier("first"), {"x"}),
        (lambda: Rectifier("before"), {"x"}),
        (lambda: Rectifier("own"), set()),
        (lambda: Running(wrong=True), {"x"}),
        (lambda: Running(wrong=False), set()),
    ],
)
def test_an_object_that_was_used_before_is_asked_although_every_call_gets_a_fresh_one(thing, wrong):
    target = adapt.object(thing(), X)
    assert set(malformed(target)) == wrong
    assert wrong or gradcheck.check(target).verdict in (Verdict.AGREES, Verdict.KINK)


def test_a_forward_that_iterates_is_not_asked_at_another_order_of_its_numbers():
    """x = tanh(A x + b) ends where A is small in norm; a matrix of the same numbers need not be."""
    a = 0.9 * np.linalg.qr(np.random.default_rng(6).normal(size=(5, 5)))[0]
    b = np.random.default_rng(7).normal(size=5)
    shuffled = []

    def solve(a):
        shuffled.append(np.linalg.norm(a, 2) > 1)
        x = np.zeros(5)
        for _ in range(400):
            x = np.tanh(a @ x + b)
        return x

    def pull(inputs, u):
        x = solve(inputs[0])
        slope = 1 - x**2
        return (np.outer(slope * np.linalg.solve(np.eye(5) - (slope[:, None] * inputs[0]).T, u), x),)

    gradcheck.check(adapt.vjp(solve, pull, a, names=("a",), name="solve"))
    assert not any(shuffled)


@pytest.mark.parametrize("wrong", [2, 4, 5])
@pytest.mark.parametrize("missing", [True, False])
def test_an_answer_that_is_off_once_is_told_though_nothing_is_off_when_it_is_asked_again(wrong, missing):
    count = 0

    def pull(inputs, u):
        nonlocal count
        count += 1
        if count == wrong:
            return None if missing else 2 * u * np.cos(inputs[0])
        return u * np.cos(inputs[0])

    told = malformed(adapt.vjp(np.sin, pull, X, names=("x",), name="sin"))
    assert "is not repeatable" in told["x"].message
