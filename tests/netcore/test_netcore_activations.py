"""Activations against mpmath at fifty digits."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import netcore

ORACLES = {
    "Sigmoid": lambda t: 1 / (1 + mp.exp(-t)),
    "Tanh": mp.tanh,
    "ReLU": lambda t: max(t, mp.mpf(0)),
    "Identity": lambda t: t,
}
KINKS = {"ReLU": [0.0]}


def named(name):
    return next(act for act in netcore.ACTIVATIONS.values() if type(act).__name__ == name)


def derivative(f, t):
    with mp.workdps(60):
        return mp.diff(f, mp.mpf(t), h=mp.mpf(10) ** -20)


def test_every_elementwise_activation_has_an_oracle():
    assert {type(act).__name__ for act in netcore.ACTIVATIONS.values()} == set(ORACLES)


@pytest.mark.parametrize("name", ORACLES)
@given(t=st.floats(-30, 30))
def test_the_value_and_the_derivative_are_those_of_the_formula(name, t):
    if min((abs(t - kink) for kink in KINKS.get(name, [])), default=1) < 1e-12:
        return
    act, x = named(name), np.array([[t]])
    with mp.workdps(60):
        value, slope = float(ORACLES[name](mp.mpf(t))), float(derivative(ORACLES[name], t))
    # A few ulp of the result, plus one ulp of an argument: x f' eps and x f'' eps, both below 30 eps.
    assert act(x)[0, 0] == pytest.approx(value, rel=2e-14, abs=1e-300)
    assert act.grad(x)[0, 0] == pytest.approx(slope, rel=2e-14, abs=1e-18 if abs(t) < 1e-3 else 1e-300)


@pytest.mark.parametrize("name", ORACLES)
def test_far_out_nothing_overflows_or_warns(name):
    x = np.array([[-1000.0, 1000.0]])
    assert np.all(np.isfinite(named(name)(x)))
    assert np.all(np.isfinite(named(name).grad(x)))


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shape_and_dtype_are_kept_and_x_is_not_touched(name, dtype):
    x = np.linspace(-3, 3, 30, dtype=dtype).reshape(5, 6)[:, ::2]
    before = x.copy()
    for found in (named(name)(x), named(name).grad(x)):
        assert (found.shape, found.dtype) == (x.shape, x.dtype)
    np.testing.assert_array_equal(x, before)
    assert named(name)(x[:0]).shape == (0, 3)


@pytest.mark.parametrize("name", ORACLES)
def test_an_activation_is_a_layer(name):
    act, x = named(name), np.random.default_rng(1).normal(size=(3, 5))
    dy = np.random.default_rng(2).normal(size=(3, 5))
    assert isinstance(act, netcore.Layer)
    assert act.init(np.random.default_rng(0)) == {}
    y, cache = act.forward({}, x)
    np.testing.assert_array_equal(y, act(x))
    dx, dparams = act.backward({}, cache, dy)
    np.testing.assert_array_equal(dx, dy * act.grad(x))
    assert dparams == {}


def test_relu_at_zero_takes_the_slope_zero():
    assert netcore.ReLU().grad(np.array([0.0, -0.0])).tolist() == [0.0, 0.0]
