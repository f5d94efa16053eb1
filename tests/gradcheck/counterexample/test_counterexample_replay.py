"""A kept case run again on today's code: fixed, still failing, or open; never fixed for the wrong reason."""

import re
from dataclasses import replace

import numpy as np
import pytest
from planted_small import Dense, dense, relu, relu_without_mask

import gradcheck
from gradcheck import adapt
from gradcheck.counterexample import replayed


def failed(target):
    return next(f for f in gradcheck.check(target, counterexample=True).failures if f.counterexample is not None)


TRANSPOSED = failed(dense("transposed"))


class MissingDense(Dense):
    def backward(self, params, x, dy):
        return dy @ params["W"].T, {"W": None, "b": dy.sum(axis=0, keepdims=True)}


class OtherShapeDense(Dense):
    def backward(self, params, x, dy):
        return dy @ params["W"].T, {"W": x.T @ dy, "b": dy.sum(axis=0)}


def made(layer):
    return adapt.layer(layer, layer.init(np.random.default_rng(5)), np.full((4, 3), 0.5), name="transposed")


@pytest.mark.parametrize(
    ("layer", "answer", "told"),
    [
        (Dense(3, 5, "transposed"), "still failing", r"gradient of W has shape \(2, 1\) where W has shape \(1, 2\)"),
        (Dense(3, 5), "fixed", "the gradient of W has the right shape"),
        (OtherShapeDense(3, 5), "fixed", "the gradient of W has the right shape"),  # b is another mistake
        (MissingDense(3, 5), "still failing", "its gradient cannot be compared"),
    ],
)
def test_a_wrong_shape_is_fixed_only_by_the_right_one(layer, answer, told):
    found = replayed(made(layer), TRANSPOSED)
    assert found.answer == answer
    assert re.match(told, found.told)


def test_what_cannot_be_made_or_taken_any_more_is_open():
    x = np.array([[0.5, -1.5, 2.0], [-0.25, 0.75, -3.0]])
    finding = failed(adapt.vjp(relu, relu_without_mask, x, name="relu"))
    right = adapt.vjp(relu, lambda inputs, u: (u * (inputs[0] > 0),), x, name="relu")
    assert replayed(right, finding).answer == "fixed"
    assert replayed(replace(right, recipe=None), finding).told == "the target can no longer be made at another point"
    renamed = adapt.vjp(lambda z: relu(z), lambda inputs, u: (u,), x, name="relu")
    assert replayed(renamed, finding).told == "the target takes other inputs now: z"
    summed = adapt.vjp(lambda x: relu(x).sum(), lambda inputs, u: (u * (inputs[0] > 0),), x, name="relu")
    assert replayed(summed, finding).told.endswith("the outputs have another form now: ()")
