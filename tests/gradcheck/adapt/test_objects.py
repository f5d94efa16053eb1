"""Objects with forward and backward are recognised under the conventions in which people write them."""

import numpy as np
import pytest
from object_classes import ALL, Base, CacheOnObject, Counting, spoilt

from gradcheck import InputError, Verdict, adapt, check

X = np.random.default_rng(7).normal(size=(4, 3))


def blocks(target):
    return {name.rpartition(".")[2] for name in target.point.blocks}


@pytest.mark.parametrize("cls", ALL, ids=lambda cls: cls.__name__)
def test_a_right_layer_agrees_with_respect_to_input_and_every_parameter(cls):
    target = adapt.object(cls(), X)
    assert len(target.point.blocks) == 3
    report = check(target)
    assert report.ok, str(report)


@pytest.mark.parametrize("cls", ALL, ids=lambda cls: cls.__name__)
def test_half_of_a_gradient_disagrees_and_only_there(cls):
    target = adapt.object(spoilt(cls)(), X)
    report = check(target)
    assert report.verdict is Verdict.DISAGREES, str(report)
    assert len(report.culprits) == 1
    assert report.culprits[0][1] in ("W", "params.0")


def test_the_object_is_left_as_it_was():
    layer = Counting()
    before = {k: np.copy(v) for k, v in vars(layer).items()}
    check(adapt.object(layer, X))
    assert vars(layer).keys() == before.keys()
    assert all(np.array_equal(vars(layer)[k], v) for k, v in before.items())


def test_state_that_a_forward_keeps_is_told():
    target = adapt.object(Counting(), X)
    assert target.keeps == ("calls", "running_mean")
    finding = next(f for f in check(target).findings if f.check == "value.repeatable")
    assert "calls, running_mean" in finding.message


def test_the_global_generator_is_left_as_it_was():
    from object_classes import Dropping

    before = np.random.get_state()[1].copy()  # noqa: NPY002
    check(adapt.object(Dropping(), X))
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


class Unknown(CacheOnObject):
    def backward(self, foo, bar):
        return foo


class Forgetful(CacheOnObject):
    def backward(self, dy):
        self.dW = self.x.T @ dy
        return dy @ self.W.T


class Unnamed(Base):
    def run(self, x):
        self.x = x
        return x @ self.W + self.b

    def back(self, dy):
        return self.parts(self.x, dy)


class Extra(CacheOnObject):
    """Its scale moves the output, and is no parameter; its history is nothing to its output."""

    def __init__(self):
        super().__init__()
        self.scale, self.history = np.full(5, 0.5), np.zeros(3)

    def forward(self, x):
        return self.scale * super().forward(x)

    def backward(self, dy):
        return self.parts(self.x, self.scale * dy)


REFUSED = {
    "arguments of the backward": (lambda: adapt.object(Unknown(), X), "Cannot tell what Unknown.backward"),
    "no gradient for an array that moves": (lambda: adapt.object(Forgetful(), X), "'b' that moves its output"),
    "no forward": (lambda: adapt.object(Unnamed(), X), 'name it: forward="..."'),
    "more gradients than it can place": (lambda: adapt.object(Extra(), X), r"name them .* params="),
    "a class": (lambda: adapt.object(CacheOnObject, X), "make one"),
    "an unknown parameter": (lambda: adapt.object(CacheOnObject(), X, params=("V",)), "'V'"),
    "an unknown method": (lambda: adapt.object(CacheOnObject(), X, backward="back"), "'back'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_recognised_is_refused_with_what_to_name(case):
    make, message = REFUSED[case]
    with pytest.raises(InputError, match=message):
        make()


def test_what_was_refused_is_accepted_once_it_is_named():
    assert check(adapt.object(Unnamed(), X, forward="run", backward="back")).ok
    assert check(adapt.object(Extra(), X, params=("W", "b"))).ok
    assert blocks(adapt.object(Forgetful(), X, constants=("b",))) == {"x", "W"}


class Tanh:
    def __call__(self, x):
        return np.tanh(x)

    def gradient(self, x):
        return 1 - np.tanh(x) ** 2


class Square:
    def loss(self, y, y_pred):
        return 0.5 * np.sum((y - y_pred) ** 2)

    def gradient(self, y, y_pred):
        return -(y - y_pred)


def test_activations_and_losses_under_other_names_are_recognised():
    assert check(adapt.object(Tanh(), X)).ok
    assert check(adapt.object(Square(), X, 2 * X)).ok


class ReLU:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


def test_a_layer_without_parameters_has_none():
    assert adapt.object(ReLU(), X).point.names == ("x",)
    assert check(adapt.object(ReLU(), X)).ok


class Leaking(CacheOnObject):
    """Its output depends on how often it was called."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return self.calls * super().forward(x)

    def backward(self, dy):
        return super().backward(self.calls * dy)


def test_every_call_is_made_on_a_fresh_copy_so_that_state_cannot_leak():
    layer = Leaking()
    target = adapt.object(layer, X)
    assert target.keeps == ("calls",)
    report = check(target)
    assert report.ok, str(report)
    assert layer.calls == 0


def test_an_array_that_two_attributes_hold_is_one_parameter():
    class Shared(CacheOnObject):
        def __init__(self):
            super().__init__()
            self.parameters = {"weight": self.W, "bias": self.b}

    target = adapt.object(Shared(), X)
    assert target.point.names == ("x", "W", "b")
    assert check(target, effort="quick").ok


def test_words_for_the_arguments_of_a_backward_are_checked():
    with pytest.raises(InputError, match=r"takes to hold x, y, cache, dy, rate or .self.attribute. but got 'upstream'"):
        adapt.object(Unknown(), X, takes=("upstream", "x"))
    with pytest.raises(InputError, match=r'to be the cotangent.*takes=\("dy", ...\)'):
        adapt.object(Unknown(), X, takes=("x", "y"))
