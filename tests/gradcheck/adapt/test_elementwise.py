"""Activations and losses: what they may be given, what is refused, and where their claims are looked at."""

import numpy as np
import pytest

import gradcheck
import netcore
from gradcheck import InputError, Verdict, adapt

RNG = np.random.default_rng(52)
X, Y, Y_HAT = RNG.normal(size=(2, 3)), RNG.normal(size=(5, 2)), RNG.normal(size=(5, 2))


class Sine:
    def __call__(self, x):
        return np.sin(x)

    def grad(self, x):
        return np.cos(x)


class Row(Sine):
    def grad(self, x):
        return np.cos(x)[0]


class Squares:
    def __init__(self, factor=2.0):
        self.factor = factor

    def __call__(self, y, y_hat):
        return np.sum((y_hat - y) ** 2)

    def grad(self, y, y_hat):
        return self.factor * (y_hat - y)


class Each(Squares):
    """No reduction: grad is that of the sum."""

    def __call__(self, y, y_hat):
        return (y_hat - y) ** 2


REFUSED = [
    pytest.param(
        lambda: adapt.activation(Sine, X),
        r"Expected an object for act but got the class Sine; make one: Sine\(\)",
        id="a class",
    ),
    pytest.param(
        lambda: adapt.activation(np.sin, X),
        r"Expected act to be callable and to have act.grad\(x\) -> derivative of each entry, but got act=<ufunc 'sin'>",
        id="no grad",
    ),
    pytest.param(
        lambda: adapt.activation(Sine(), np.arange(3)),
        r"Expected floating-point numbers for x but got dtype=int64: .* pass x.astype\(float\)",
        id="integers",
    ),
    pytest.param(lambda: adapt.activation(Sine(), np.zeros((0, 2))), r"got shape \(0, 2\)", id="empty"),
    pytest.param(lambda: adapt.activation(Sine(), X * np.nan), r"got 6 NaN or infinite of 6", id="NaN"),
    pytest.param(
        lambda: adapt.activation(Sine(), None), r"Expected an array of floats for x but got x=None", id="None"
    ),
    pytest.param(
        lambda: adapt.loss(Squares, Y, Y_HAT),
        r"Expected an object for loss but got the class Squares; make one: Squares\(\)",
        id="a class of losses",
    ),
    pytest.param(
        lambda: adapt.loss(lambda y, y_hat: 0.0, Y, Y_HAT),
        r"Expected loss to be callable and to have loss.grad\(y, y_hat\) -> array of y_hat's shape",
        id="a loss without grad",
    ),
    pytest.param(
        lambda: adapt.loss(Squares(), Y, np.arange(10).reshape(5, 2)),
        r"Expected floating-point numbers for y_hat but got dtype=int64",
        id="integer predictions",
    ),
    pytest.param(
        lambda: adapt.loss(Squares(), Y * np.inf, Y_HAT),
        r"Expected finite numbers in y but got 10",
        id="infinite truth",
    ),
]


@pytest.mark.parametrize(("call", "sentence"), REFUSED)
def test_what_cannot_be_checked_is_refused_in_clear_words(call, sentence):
    with pytest.raises(InputError, match=sentence):
        call()


@pytest.mark.parametrize("x", [X, X.astype(np.float32), 0.5, X[0], X[:, ::2], np.asfortranarray(X)], ids=str)
def test_a_right_activation_agrees_at_any_shape_and_dtype(x):
    assert gradcheck.check(adapt.activation(Sine(), x)).ok


def test_a_slope_of_another_shape_is_malformed():
    report = gradcheck.check(adapt.activation(Row(), X))
    assert report.verdict is Verdict.MALFORMED
    assert "act.grad(x) has shape (3,) where x has shape (2, 3)" in str(report)


def test_slopes_of_true_and_false_count_as_zero_and_one():
    class Step(netcore.ReLU):
        def grad(self, x):
            return x > 0

    assert gradcheck.check(adapt.activation(Step(), X)).ok


@pytest.mark.parametrize("loss", [Squares(), Each()], ids=["a number", "no reduction"])
@pytest.mark.parametrize("y", [Y, np.array([[1, 0]] * 5)], ids=["floats", "integers"])
def test_a_right_loss_agrees_reduced_or_not_and_never_looks_at_the_truths_gradient(loss, y):
    report = gradcheck.check(adapt.loss(loss, y, Y_HAT))
    assert report.ok
    assert {f.wrt for f in report.findings} == {"", "y_hat"}


@pytest.mark.parametrize("factor", [1.0, -2.0, 2 + 2e-6, 2 / 5, 2 / 10])
def test_a_loss_whose_gradient_is_another_multiple_disagrees(factor):
    report = gradcheck.check(adapt.loss(Squares(factor), Y, Y_HAT))
    assert report.verdict is Verdict.DISAGREES
    assert report.culprits == (("Squares", "y_hat"),)


class Tail(Sine):
    """Right for |x| ≤ 3 or beyond, wrong on the other side; x itself lies within ±2."""

    def __init__(self, tail):
        self.tail = tail

    def grad(self, x):
        inside = np.abs(x) <= 3
        return np.cos(x) * np.where(inside == (self.tail == "inside"), 1.5, 1.0)


@pytest.mark.parametrize(("tail", "check"), [("outside", "gradient.points"), ("inside", "gradient.direction")])
def test_an_activation_is_looked_at_along_the_whole_line(tail, check):
    report = gradcheck.check(adapt.activation(Tail(tail), np.clip(X, -2, 2)))
    assert check in {f.check for f in report.failures}


def test_a_derivative_that_underflows_to_nan_far_out_is_malformed():
    class Logistic:
        def __call__(self, x):
            return 1 / (1 + np.exp(-x))

        def grad(self, x):
            t = np.exp(40 * np.abs(x))  # overflows beyond |x| = 17.7
            return np.exp(-x) / (1 + np.exp(-x)) ** 2 * t / t

    report = gradcheck.check(adapt.activation(Logistic(), X))
    [failure] = report.failures
    assert (failure.check, failure.verdict) == ("gradient.points", Verdict.MALFORMED)
    assert "not finite at x = " in failure.message


@pytest.mark.parametrize("name", sorted(netcore.ACTIVATIONS))
def test_every_activation_of_the_core_agrees(name):
    report = gradcheck.check(adapt.activation(netcore.ACTIVATIONS[name], 2 * RNG.normal(size=(3, 5))))
    assert report.verdict in (Verdict.AGREES, Verdict.KINK), str(report)
