"""A case as code: objects by their constructors and import paths, arrays as literals, names that hide nothing."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from planted_small import Dense, Scale, softmax

import gradcheck
from gradcheck import adapt
from gradcheck.counterexample.writing import literal


@pytest.mark.parametrize(
    "value",
    [
        np.array([[1.0, -0.5]]),
        np.array([[1.0, -0.5]], dtype=np.float32),
        np.zeros((2, 3)),
        np.zeros((2, 3), dtype=np.float32),
        np.zeros((2, 3), dtype=np.int64),
        np.array([3, 1], dtype=np.int32),
        np.array([True, False]),
        np.array(2.5),
        np.float32(0.1),
        1.5,
    ],
)
def test_a_literal_makes_the_same_array_again(value):
    made = eval(literal(value), {"np": np})
    assert np.asarray(made).dtype == np.asarray(value).dtype
    assert np.shape(made) == np.shape(value)
    np.testing.assert_array_equal(made, value)


@dataclass(frozen=True)
class Block:
    """Two layers in one, with nested parameters, a seed, and an input of two arrays."""

    inner: Dense
    outer: object = field(default_factory=lambda: Scale(5))
    sizes: tuple = (3, 5)

    def init(self, rng):
        return {"inner": self.inner.init(rng), "in": {"lambda": rng.normal(size=(1, self.inner.n_out))}}

    def forward(self, params, x, *, rng=None):
        first, second = x
        y, cache = self.inner.forward(params["inner"], first + second)
        z, _ = self.outer.forward({}, y + params["in"]["lambda"])
        keep = np.ones(z.shape) if rng is None else np.where(rng.random(z.shape) < 2, 1.0, 0.0)
        return z * keep, cache

    def backward(self, params, cache, dz):
        dy = 3.0 * dz
        dx, d = self.inner.backward(params["inner"], cache, dy)
        return (dx, 2 * dx), {"inner": d, "in": {"lambda": dy.sum(axis=0, keepdims=True)}}


def run(code):
    """Run a program and return what it printed."""
    told = []
    exec(compile(code, "pasted", "exec"), {"print": told.append})
    return told


def small_of(target, **more):
    report = gradcheck.check(target, counterexample=True, **more)
    return next(f for f in report.failures if f.counterexample is not None)


def test_nests_seeds_and_names_that_are_words_of_the_language():
    rng = np.random.default_rng(11)
    layer = Block(Dense(3, 5))
    x = (rng.normal(size=(4, 3)), rng.normal(size=(4, 3)))
    found = small_of(adapt.layer(layer, layer.init(rng), x, seed=5))
    assert found.wrt == "x.1"
    code = found.counterexample.code
    assert "from planted_small import Dense, Scale\nfrom test_counterexample_code import Block\n" in code
    assert 'params = {"inner": {"W": inner_W, "b": inner_b}, "in": {"lambda": in_lambda}}' in code
    assert "rng=np.random.default_rng(5)" in code
    assert "claimed = dx[1][0, 0]" in code
    assert run(code)[0].startswith("claimed ")
    sizes = dict(found.counterexample.sizes)
    assert sizes["layer.inner.n_in"] == 1
    assert {"layer.inner.n_out", "layer.outer.size"} & set(sizes)  # one size in two places: lowered together


def test_an_object_without_an_import_path_is_told_of_in_a_comment():
    def vjp(inputs, u):
        return (u * 2,)

    found = small_of(adapt.vjp(softmax, vjp, np.array([[0.1, -0.7, 1.2], [0.4, 2.0, -0.3]]), name="nested"))
    lines = found.counterexample.code.splitlines()
    assert "forward = softmax" in lines
    assert any(line.startswith("# vjp: put it here; no import leads to test_an_object_without") for line in lines)


def test_outputs_by_name_are_weighed_by_name():
    def forward(x):
        return {"a": np.sin(x), "b": x.sum(axis=1)}

    def vjp(inputs, u):
        return (u["a"] * np.cos(inputs[0]) - u["b"][:, None],)

    found = small_of(adapt.vjp(forward, vjp, np.array([[0.1, -0.7, 1.2], [0.4, 2.0, -0.3]]), name="named"))
    code = found.counterexample.code
    assert "sum(np.sum(dy[name] * y) for name, y in forward(x).items())" in code
    told = []
    exec(compile(code, "pasted", "exec"), {"print": told.append, "forward": forward, "vjp": vjp})
    assert told == ["claimed -1, measured +1"]
