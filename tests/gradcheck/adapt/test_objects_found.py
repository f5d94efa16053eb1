"""What of an object is a parameter, what a gradient and what neither is told by what moves its output, not by names."""

import numpy as np
import pytest

from gradcheck import InputError, Verdict, adapt, check

RNG = np.random.default_rng(11)
X, H = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 2))


def draw(*shape):
    return np.random.default_rng(shape).normal(size=shape)


def rows(target):
    report = check(target, effort="quick")
    return report, {f.wrt for f in report.findings if f.wrt}


def assert_right(thing, *inputs, claimed, **told):
    report, found = rows(adapt.object(thing, *inputs, **told))
    assert report.ok, str(report)
    assert found == claimed


def assert_wrong_in(thing, *inputs, wrt, **told):
    report, _ = rows(adapt.object(thing, *inputs, **told))
    assert report.verdict is Verdict.DISAGREES, str(report)
    assert {quantity for _, quantity in report.culprits} == {wrt}


class Neuron:
    """y = tanh(x w + b) of one unit, its bias a plain number."""

    def __init__(self, b, factor=1.0):
        self.w, self.b, self.factor = draw(4), b, factor

    def forward(self, x):
        self.x, self.y = x, np.tanh(x @ self.w.astype(x.dtype) + self.b)
        return self.y

    def parts(self, dy):
        dz = dy * (1 - self.y**2)
        w = self.w.astype(dy.dtype)
        return dz[:, None] * w, self.x.T @ dz, self.shaped(self.factor * dz.sum())

    def shaped(self, db):
        return db

    def backward(self, dy):
        dx, self.dw, self.db = self.parts(dy)
        return dx


class Returning(Neuron):
    def backward(self, dy):
        return self.parts(dy)


class Naming(Neuron):
    def backward(self, dy):
        return dict(zip(("dx", "dw", "db"), self.parts(dy), strict=True))


class KeepingDimensions(Neuron):
    def shaped(self, db):
        return np.reshape(db, (1, 1))


class Stepping(Neuron):
    def backward(self, dy, lr):
        dx, dw, db = self.parts(dy)
        self.w, self.b = self.w - lr * dw, self.b - lr * db
        return dx


class Starting(Neuron):
    """The store stands at zero, of the same number as the bias, before the backward."""

    def __init__(self, b, factor=1.0):
        super().__init__(b, factor)
        self.db = 0.0


NEURONS = (Neuron, Returning, Naming, KeepingDimensions, Stepping, Starting)


@pytest.mark.parametrize("b", [0.0, 0, np.float64(0.3), -1.0], ids=repr)
@pytest.mark.parametrize("cls", NEURONS, ids=lambda cls: cls.__name__)
def test_a_plain_number_with_a_gradient_is_a_parameter(cls, b):
    assert_right(cls(b), X, claimed={"x", "w", "b"})
    assert_wrong_in(cls(b, 2.0), X, wrt="b")


class Forgetting(Starting):
    def backward(self, dy):
        dx, self.dw, _ = self.parts(dy)
        return dx


def test_a_bias_whose_gradient_stays_at_zero_disagrees():
    assert_wrong_in(Forgetting(0.0), X, wrt="b")


class Rectifier:
    def __init__(self, alpha, factor=1.0):
        self.params, self.grads, self.factor = {"alpha": alpha}, {}, factor

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.params["alpha"] * x)

    def backward(self, dy):
        self.grads["alpha"] = self.factor * (dy * np.minimum(self.x, 0)).sum()
        return dy * np.where(self.x > 0, 1, self.params["alpha"]).astype(dy.dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_slope_in_a_dictionary_is_a_parameter_in_the_dtype_of_its_input(dtype):
    x = X.astype(dtype)
    assert_right(Rectifier(0.25), x, claimed={"x", "alpha"})
    assert_wrong_in(Rectifier(0.25, 3.0), x, wrt="alpha")


class Euler:
    """One step of a decay: eps, t, dt, rate and sizes are no parameters, although dt is called as a gradient of t."""

    def __init__(self, factor=1.0):
        self.t, self.dt, self.eps, self.momentum, self.n = 1.0, 0.1, 1e-3, 0.9, 4
        self.W, self.factor = draw(4, 5), factor
        self.sizes = {"n_in": 4, "n_out": 5}

    def forward(self, x):
        self.x = x
        return (self.t * self.dt + self.eps) * (x @ self.W) / self.n

    def backward(self, dy):
        scale = (self.t * self.dt + self.eps) / self.n
        self.dW = self.factor * scale * self.x.T @ dy
        return scale * dy @ self.W.T


def test_numbers_without_a_gradient_are_constants():
    assert_right(Euler(), X, claimed={"x", "W"})
    assert_wrong_in(Euler(0.5), X, wrt="W")


class Gain:
    """y = g tanh(x) + b, its gain called as gradients are; the last cotangent is kept under such a name, too."""

    def __init__(self, factor=1.0):
        self.g, self.b, self.factor, self.grad = draw(4), draw(1, 4), factor, np.full((3, 4), 0.5)

    def forward(self, x):
        self.y = np.tanh(x)
        return self.g * self.y + self.b

    def backward(self, dy):
        self.grad = dy
        self.dg, self.db = self.factor * (dy * self.y).sum(0), dy.sum(0, keepdims=True)
        return dy * self.g * (1 - self.y**2)


class ReturningGain(Gain):
    def backward(self, dy):
        return super().backward(dy), self.dg, self.db


class GainInDictionary:
    def __init__(self, factor=1.0):
        self.grads = {"g": np.zeros(4)}
        self.params, self.factor = {"g": draw(4)}, factor

    def forward(self, x):
        self.y = np.tanh(x)
        return self.params["g"] * self.y

    def backward(self, dy):
        self.grads["g"] = self.factor * (dy * self.y).sum(0)
        return dy * self.params["g"] * (1 - self.y**2)


class GradientLayer:
    """Holds a layer under the name of a store."""

    def __init__(self, factor=1.0):
        self.gradient = Gain(factor)

    def forward(self, x):
        return self.gradient.forward(x)

    def backward(self, dy):
        return self.gradient.backward(dy)


GAINS = {
    Gain: ("g", {"x", "g", "b"}),
    ReturningGain: ("g", {"x", "g", "b"}),
    GainInDictionary: ("g", {"x", "g"}),
    GradientLayer: ("gradient.g", {"x", "gradient.g", "gradient.b"}),
}


@pytest.mark.parametrize("cls", GAINS, ids=lambda cls: cls.__name__)
def test_a_parameter_may_be_called_as_a_store_of_gradients_is(cls):
    wrong, claimed = GAINS[cls]
    assert_right(cls(), X, claimed=claimed)
    assert_wrong_in(cls(2.0), X, wrt=wrong)


class Projections:
    """Down and up again: W_d and gW are parameters, no gradients of W."""

    def __init__(self, factor=1.0, n=5):
        self.W, self.W_d, self.gW, self.factor = draw(4, n), draw(n, 2), draw(4, 2), factor

    def forward(self, x):
        self.x, self.h, self.s = x, np.tanh(x @ self.W), np.sin(x @ self.gW)
        return self.h @ self.W_d + self.s

    def backward(self, dy):
        dz, ds = (dy @ self.W_d.T) * (1 - self.h**2), dy * np.cos(self.x @ self.gW)
        self.grads = {"W_d": self.factor * self.h.T @ dy, "gW": self.x.T @ ds, "W": self.x.T @ dz}
        return dz @ self.W.T + ds @ self.gW.T


class ReturningProjections(Projections):
    def backward(self, dy):
        dx = super().backward(dy)
        return dx, self.grads["W"], self.grads["W_d"], self.grads["gW"]


@pytest.mark.parametrize("n", [5, 4], ids=["oblong", "square"])
@pytest.mark.parametrize("cls", [Projections, ReturningProjections], ids=lambda cls: cls.__name__)
def test_what_moves_the_output_is_no_gradient_of_another(cls, n):
    assert_right(cls(n=n), X, claimed={"x", "W", "W_d", "gW"})
    assert_wrong_in(cls(2.0, n), X, wrt="W_d")


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


class Adding:
    """Adds to its gradients, as one that is zeroed by its trainer does."""

    def __init__(self, factor=1.0):
        self.W, self.b, self.factor = draw(4, 5), 0.5, factor
        self.dW, self.db = np.zeros((4, 5)), 0.0

    def forward(self, x):
        self.x, self.z = x, x @ self.W
        return self.z + self.b

    def backward(self, dy):
        self.dW += self.factor * self.x.T @ dy
        self.db += dy.sum()
        self.dx = dy @ self.W.T
        return self.dx


class NeverWriting(Adding):
    def backward(self, dy):
        kept = self.dW.copy()
        dx = super().backward(dy)
        self.dW = kept
        return dx


def used(layer):
    layer.backward(0.5 * np.cos(layer.forward(X)))
    return layer


def test_a_layer_that_adds_to_its_gradients_may_come_from_a_step_of_training():
    layer = used(Adding())
    before = layer.dW.copy()
    assert_right(layer, X, claimed={"x", "W", "b"})
    assert np.array_equal(layer.dW, before)
    assert_wrong_in(used(Adding(2.0)), X, wrt="W")


def test_a_gradient_of_an_earlier_step_is_not_taken_for_this_ones():
    layer = NeverWriting()
    layer.dW = draw(4, 5)
    assert_wrong_in(layer, X, wrt="W")


class Tuples(Neuron):
    def backward(self, dy):
        dx, *self.grads = self.parts(dy)
        self.params = [self.w, self.b]
        self.dw, self.db = self.grads = tuple(self.grads)
        return dx


def test_gradients_left_in_tuples_are_no_hindrance():
    layer = Tuples(0.3)
    layer.backward(np.cos(layer.forward(X)))
    assert_right(layer, X, claimed={"x", "w", "b"})


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

    with pytest.raises(InputError, match=r"Picky.backward raised ValueError: no slope today, .* \(dy\); say"):
        adapt.object(Picky(), np.array([[0.5, 1.5, 2.0], [2.0, -0.3, 1.0]]))
