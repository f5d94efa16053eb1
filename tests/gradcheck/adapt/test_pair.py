"""The notebook's form, forward(X) -> (Y, Z) and backward(X, Z, dY) -> (dX, dW, db)."""

import numpy as np
import pytest

import gradcheck
from gradcheck import InputError, Verdict, adapt

RNG = np.random.default_rng(54)
X = RNG.normal(size=(2, 3))


class Layer:
    def __init__(self, shape=(3, 5)):
        rng = np.random.default_rng(3)
        self.W, self.b = rng.normal(size=shape), rng.normal(size=(1, shape[1]))

    def forward(self, X):
        Z = X @ self.W + self.b
        return np.tanh(Z), Z

    def backward(self, X, Z, dY):
        dZ = dY * (1 - np.tanh(Z) ** 2)
        return dZ @ self.W.T, X.T @ dZ, dZ.sum(axis=0, keepdims=True)


class Swapped(Layer):
    def backward(self, X, Z, dY):
        dX, dW, db = super().backward(X, Z, dY)
        return dX, db, dW


class Two(Layer):
    def backward(self, X, Z, dY):
        return super().backward(X, Z, dY)[:2]


class Bare(Layer):
    def forward(self, X):
        return super().forward(X)[0]


class Keeper(Layer):
    """Writes what it saw onto itself, as many layers do."""

    def forward(self, X):
        self.X = X
        return super().forward(X)


class Renamed:
    def __init__(self):
        self.kernel = RNG.normal(size=(3, 5))

    def forward(self, X):
        return X @ self.kernel, None

    def backward(self, X, Z, dY):
        return dY @ self.kernel.T, X.T @ dY


class Nothing:
    def forward(self, X):
        return np.sin(X), X

    def backward(self, X, Z, dY):
        return dY * np.cos(Z)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: adapt.pair(Layer, X), r"Expected an object with forward\(X\) and backward\(X, Z, dY\) but got <class"),
        (lambda: adapt.pair(object(), X), r"Expected an object with forward\(X\) and backward"),
        (lambda: adapt.pair(Layer(), X, params=("W", "c")), r"Expected Layer to have the attribute 'c'; name its"),
        (lambda: adapt.pair(Layer(), np.arange(6).reshape(2, 3)), r"floating-point numbers for x but got dtype=int64"),
        (lambda: adapt.pair(Layer(), X[:0]), r"Expected at least one entry in x but got shape \(0, 3\)"),
    ],
)
def test_what_cannot_be_checked_is_refused_in_clear_words(call, sentence):
    with pytest.raises(InputError, match=sentence):
        call()


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        (Two(), r"Expected backward to return \(dX, dW, db\) but got 2 values"),
        (Bare(), r"Expected Bare.forward to return \(Y, Z\) but got ndarray"),
        (Swapped(), r"gradient of W has shape \(1, 5\) where W has shape \(3, 5\)"),
    ],
    ids=["two of three", "no Z", "dW and db swapped"],
)
def test_a_backward_that_answers_in_another_form_is_malformed(layer, sentence):
    report = gradcheck.check(adapt.pair(layer, X))
    assert report.verdict is Verdict.MALFORMED
    with pytest.raises(gradcheck.GradientMismatch, match=sentence):
        gradcheck.assert_agrees(adapt.pair(layer, X))


@pytest.mark.parametrize("layer", [Layer(), Keeper()], ids=["pure", "keeps its input"])
def test_a_right_pair_agrees_in_x_w_and_b(layer):
    report = gradcheck.check(adapt.pair(layer, X))
    assert report.verdict is Verdict.AGREES, str(report)
    assert {f.wrt for f in report.findings} == {"", "x", "W", "b"}


def test_parameters_of_other_names_are_named():
    report = gradcheck.check(adapt.pair(Renamed(), X, params=("kernel",)))
    assert report.verdict is Verdict.AGREES
    assert {f.wrt for f in report.findings} == {"", "x", "kernel"}


def test_a_pair_without_parameters_may_return_dx_bare():
    assert gradcheck.check(adapt.pair(Nothing(), X)).verdict is Verdict.AGREES


def test_the_layer_is_left_as_it_was():
    layer = Keeper()
    before = layer.W.copy()
    gradcheck.check(adapt.pair(layer, X))
    assert np.array_equal(layer.W, before)
    assert not hasattr(layer, "X")


def test_a_layer_is_labelled_by_where_it_stands():
    class Doubled(Layer):
        def backward(self, X, Z, dY):
            dX, dW, db = super().backward(X, Z, dY)
            return dX, 2 * dW, db

    report = gradcheck.check(adapt.pair(Doubled(), X, label="3 Doubled"))
    assert report.culprits == (("3 Doubled", "W"),)
