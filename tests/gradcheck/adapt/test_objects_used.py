"""Objects that have been used before they are checked: gradients that add up, or are left from a step of training."""

import numpy as np
from found_in_objects import X, assert_right, assert_wrong_in, draw


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
