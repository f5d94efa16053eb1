"""Inputs of an object that are owed a gradient, and those that are not: masks, single numbers, the truth of a loss."""

import numpy as np
import pytest
from found_in_objects import H, X, assert_right, draw, rows

from gradcheck import InputError, Verdict, adapt, check


class Cell:
    """h' = tanh(x W + h V)."""

    def __init__(self):
        self.W, self.V = draw(4, 2), draw(2, 2)

    def forward(self, x, h):
        self.x, self.h, self.y = x, h, np.tanh(x @ self.W + h @ self.V)
        return self.y

    def backward(self, dy):
        dz = dy * (1 - self.y**2)
        self.dW, self.dV = self.x.T @ dz, self.h.T @ dz
        return dz @ self.W.T, dz @ self.V.T


class Half(Cell):
    def backward(self, dy):
        return super().backward(dy)[0]


class HalfNone(Cell):
    def backward(self, dy):
        return super().backward(dy)[0], None


class Keeping(Cell):
    def backward(self, dy):
        self.dx, _ = super().backward(dy)


class Neither(Cell):
    """As the backward of a network, which gives gradients of parameters alone."""

    def backward(self, dy):
        super().backward(dy)


@pytest.mark.parametrize("cls", [Half, Keeping], ids=lambda cls: cls.__name__)
def test_an_input_that_moves_the_output_without_a_gradient_is_refused(cls):
    told = rf"{cls.__name__}.backward gives a gradient of x and none of h, which moves .* constants=\('h',\)"
    with pytest.raises(InputError, match=told):
        adapt.object(cls(), X, H)
    with pytest.raises(InputError, match=told):
        adapt.object(cls(), X, np.zeros((3, 2)))
    assert_right(cls(), X, H, constants=("h",), claimed={"x", "W", "V"})
    assert_right(Cell(), X, H, claimed={"x", "h", "W", "V"})
    assert_right(Neither(), X, H, claimed={"W", "V"})


def test_none_for_an_input_that_moves_the_output_is_malformed():
    report, _ = rows(adapt.object(HalfNone(), X, H))
    assert {(f.check, f.wrt) for f in report.findings if f.verdict is Verdict.MALFORMED} == {("contract.none", "h")}
    assert_right(HalfNone(), X, H, constants=("h",), claimed={"x", "W", "V"})


class Masked:
    def forward(self, x, mask):
        self.mask = mask
        return x**2 * mask, x

    def backward(self, dy, cache):
        return 2 * cache * self.mask * dy


class MaskedNone(Masked):
    def backward(self, dy, cache):
        return super().backward(dy, cache), None


class SquaredGap:
    def forward(self, y_pred, y):
        self.gap = y_pred - y
        return (self.gap**2).sum(1)

    def backward(self, dy):
        return 2 * self.gap * dy[:, None]


def test_masks_single_numbers_and_the_truth_of_a_loss_are_owed_no_gradient():
    mask = np.where(X > 0, 1.25, 0.0)
    for cls in (Masked, MaskedNone):
        assert_right(cls(), X, mask, claimed={"x"})
        assert_right(cls(), X, 0.7, claimed={"x"})
    assert_right(SquaredGap(), X, X[::-1] * 2, claimed={"y_pred"})


class CrossEntropy:
    """A loss of each sample; `calculate` is the mean, and the gradient that of the mean, from the prediction."""

    factor = 1.0

    def calculate(self, output, y):
        return np.mean(self.forward(output, y))

    def forward(self, y_pred, y_true):
        return -np.log(y_pred[range(len(y_pred)), y_true])

    def backward(self, dvalues, y_true):
        samples, labels = len(dvalues), len(dvalues[0])
        self.dinputs = -self.factor * np.eye(labels)[y_true] / dvalues / samples


class SoftmaxCrossEntropy:
    """One number, whose backward takes the probabilities that the object keeps."""

    factor = 1.0

    def forward(self, inputs, y_true):
        e = np.exp(inputs - inputs.max(axis=1, keepdims=True))
        self.output = e / e.sum(axis=1, keepdims=True)
        return CrossEntropy().calculate(self.output, y_true)

    def backward(self, dvalues, y_true):
        samples = len(dvalues)
        self.dinputs = dvalues.copy()
        self.dinputs[range(samples), y_true] -= self.factor
        self.dinputs = self.dinputs / samples


@pytest.mark.parametrize("loss", [CrossEntropy, SoftmaxCrossEntropy])
def test_a_loss_that_takes_its_prediction_for_a_cotangent_is_understood(loss):
    rng = np.random.default_rng(9)
    p = rng.dirichlet(np.ones(4), size=3)
    y = np.array([2, 0, 3])
    thing = loss()
    assert check(adapt.object(thing, p, y)).verdict is Verdict.AGREES
    thing.factor = 0.5
    assert check(adapt.object(thing, p, y)).verdict is Verdict.DISAGREES


def test_what_a_backward_raises_while_its_arguments_are_guessed_is_told_with_them():
    class Picky:
        def forward(self, x):
            return x**2

        def backward(self, dy):
            raise ValueError("no slope today")

    with pytest.raises(InputError, match=r"Picky.backward raised ValueError: no slope today, .* \(dy\); if these"):
        adapt.object(Picky(), np.array([[0.5, 1.5, 2.0], [2.0, -0.3, 1.0]]))


class Scaled:
    """x w · p["scale"], with gradients of arrays alone, as (dx, dw)."""

    factor = 1.0

    def forward(self, x, w, p):
        self.kept = x, w, p
        return x @ w * p["scale"]

    def backward(self, dy):
        x, w, p = self.kept
        return p["scale"] * dy @ w.T, self.factor * p["scale"] * x.T @ dy


class Moded:
    """Has an option beside its input, and returns (dx, dW, db), or (dx, {"W": dW, "b": db})."""

    factor = 1.0

    def __init__(self, in_dictionary):
        self.W, self.b, self.in_dictionary = draw(4, 2), draw(2), in_dictionary

    def forward(self, x, train):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dy):
        dx, dW, db = dy @ self.W.T, self.factor * self.x.T @ dy, dy.sum(0)
        return (dx, {"W": dW, "b": db}) if self.in_dictionary else (dx, dW, db)


@pytest.mark.parametrize("constants", [(), ("p",)])
@pytest.mark.parametrize("p", [{"scale": 2.0}, {"scale": 2.0, "mode": "train"}])
def test_a_dictionary_of_options_is_owed_no_gradient(p, constants):
    thing, w = Scaled(), draw(4, 2)
    assert check(adapt.object(thing, X, w, p, constants=constants)).verdict is Verdict.AGREES
    thing.factor = 1.01
    assert check(adapt.object(thing, X, w, p, constants=constants)).verdict is Verdict.DISAGREES


@pytest.mark.parametrize("in_dictionary", [False, True])
@pytest.mark.parametrize("train", [True, "train", 3])
def test_an_option_beside_the_input_is_owed_no_gradient(train, in_dictionary):
    thing = Moded(in_dictionary)
    assert_right(thing, X, train, claimed={"x", "W", "b"})
    thing.factor = -1.0
    report, _ = rows(adapt.object(thing, X, train))
    assert {quantity for _, quantity in report.culprits} == {"W"}
