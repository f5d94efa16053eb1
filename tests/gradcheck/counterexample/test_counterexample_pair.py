"""The notebook's own form, parameters on the object: its mistakes are made small and written out too."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gradcheck
from gradcheck import adapt
from gradcheck.counterexample.replay import replayed
from tests.planted.notebook import Layer, Sigmoid

ROOT = Path(__file__).parents[3]


class Turned:
    """y = −c x without parameters, its backward without the sign."""

    def __init__(self, c=3.0):
        self.c = c

    def forward(self, X):
        return -self.c * X, None

    def backward(self, X, Z, dY):
        return self.c * dY


class Mended(Layer):
    def backward(self, X, Z, dX):
        dx, dW, db = super().backward(X, Z, dX)
        return dx, dW * len(X), db * len(X)


def layer_of(kind=Layer):
    layer = kind.__new__(kind)
    rng = np.random.default_rng(4)
    layer.W, layer.b, layer.act = rng.normal(size=(4, 3)), rng.normal(size=(1, 3)), Sigmoid()
    return layer


X = np.random.default_rng(5).normal(size=(5, 4))


def failures(target):
    report = gradcheck.check(target, counterexample=True)
    return {f.wrt: f for f in report.failures if f.counterexample is not None}


def test_an_average_over_the_batch_comes_down_to_two_samples_and_one_number_each():
    """Layer.backward divides dW and db by the batch, which a batch of one would hide."""
    found = failures(adapt.pair(layer_of(), X))
    assert set(found) == {"W", "b"}
    shapes = {numbers.name: numbers.shape for numbers in found["W"].counterexample.inputs}
    assert shapes == {"x": (2, 1), "W": (1, 1), "b": (1, 1)}
    assert found["W"].counterexample.claimed == pytest.approx(found["W"].counterexample.measured / 2, rel=1e-6)


def test_the_program_of_a_layer_whose_constructor_draws_runs_by_itself():
    code = failures(adapt.pair(layer_of(), X))["W"].counterexample.code
    assert "layer = Layer.__new__(Layer)\nvars(layer).update(act=Sigmoid())\n" in code
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("claimed +0.125, measured +0.25")


def test_a_layer_without_parameters_may_hand_back_its_gradient_alone():
    [found] = failures(adapt.pair(Turned(), X)).values()
    code = found.counterexample.code
    assert "layer = Turned()" in code
    told = []
    exec(compile(code, "pasted", "exec"), {"print": told.append})
    assert told == ["claimed +3, measured -3"]


def test_the_layer_is_left_as_it_was():
    layer = layer_of()
    before = {n: np.array(getattr(layer, n)) for n in ("W", "b")}
    failures(adapt.pair(layer, X))
    assert all(np.array_equal(getattr(layer, n), value) for n, value in before.items())


def test_a_mended_layer_is_told_to_be_fixed_by_its_old_counterexample():
    found = failures(adapt.pair(layer_of(), X, name="layer"))["W"]
    assert replayed(adapt.pair(layer_of(), X, name="layer"), found).answer == "still failing"
    assert replayed(adapt.pair(layer_of(Mended), X, name="layer"), found).answer == "fixed"
