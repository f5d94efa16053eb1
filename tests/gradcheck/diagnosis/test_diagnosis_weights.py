"""A transpose that is missing at square weights behind an activation, which no rearrangement of the gradient shows."""

import numpy as np
import pytest

import gradcheck
from gradcheck import adapt

R = np.random.default_rng(17)
X, W, B = R.normal(size=(4, 3)), R.normal(size=(3, 3)), R.normal(size=3)


def patterns(handed, turned=False, slope=lambda z: 1 - np.tanh(z) ** 2, forward=np.tanh):
    own = (lambda w: w.T) if turned else (lambda w: w)

    def pull(inputs, u):
        x, w, b = inputs
        d = u * slope(x @ own(w) + b)
        return d @ handed(own(w)), own(x.T @ d), d.sum(axis=0)

    target = adapt.vjp(lambda x, W, b: forward(x @ own(W) + b), pull, X, W, B, name="dense")
    return {f.wrt: f.pattern for f in gradcheck.check(target).findings if f.verdict.wrong}


@pytest.mark.parametrize("turned", [False, True])
def test_square_weights_without_their_transpose_are_named_behind_an_activation(turned):
    assert patterns(lambda w: w, turned) == {"x": "transposed"}
    assert patterns(lambda w: w.T, turned) == {}
    logistic = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    assert patterns(lambda w: w, turned, lambda z: logistic(z) * (1 - logistic(z)), logistic) == {"x": "transposed"}


@pytest.mark.parametrize("handed", [lambda w: w.T[::-1], lambda w: 2 * w.T, lambda w: w @ w])
def test_what_is_no_transpose_is_not_called_one(handed):
    (pattern,) = patterns(handed).values()
    assert pattern != "transposed"
