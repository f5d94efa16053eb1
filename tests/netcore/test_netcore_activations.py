"""Activations against mpmath at fifty digits."""

import functools

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netcore

ORACLES = {
    "Sigmoid": lambda t: 1 / (1 + mp.exp(-t)),
    "Tanh": mp.tanh,
    "ReLU": lambda t: max(t, mp.mpf(0)),
    "LeakyReLU": lambda t: t if t > 0 else mp.mpf(0.01) * t,
    "ELU": lambda t: t if t > 0 else mp.expm1(t),
    "SELU": lambda t: selu_constants()[1] * (t if t > 0 else selu_constants()[0] * mp.expm1(t)),
    "CELU": lambda t: t if t > 0 else mp.expm1(t),
    "GELU": lambda t: t * mp.ncdf(t),
    "GELUTanh": lambda t: t * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (t + mp.mpf("0.044715") * t**3))) / 2,
    "SiLU": lambda t: t / (1 + mp.exp(-t)),
    "Mish": lambda t: t * mp.tanh(mp.log1p(mp.exp(t))),
    "Softplus": lambda t: mp.log1p(mp.exp(t)),
    "Softsign": lambda t: t / (1 + abs(t)),
    "HardSigmoid": lambda t: min(max((t + 3) / 6, mp.mpf(0)), mp.mpf(1)),
    "HardTanh": lambda t: min(max(t, mp.mpf(-1)), mp.mpf(1)),
    "HardSwish": lambda t: t * min(max((t + 3) / 6, mp.mpf(0)), mp.mpf(1)),
    "Exp": mp.exp,
    "Identity": lambda t: t,
}
KINKS = {"ReLU": [0], "LeakyReLU": [0], "SELU": [0], "HardSigmoid": [-3, 3], "HardTanh": [-1, 1], "HardSwish": [-3, 3]}


@functools.cache
def selu_constants():
    """α and λ from the moments: mean 0 and variance 1 stay so, for a standard normal argument."""
    negative_mean = mp.exp(0.5) * mp.erfc(1 / mp.sqrt(2)) / 2 - mp.mpf(1) / 2  # E[(e^z - 1); z < 0]
    alpha = -(1 / mp.sqrt(2 * mp.pi)) / negative_mean
    square = mp.exp(2) * mp.erfc(mp.sqrt(2)) / 2 - mp.exp(0.5) * mp.erfc(1 / mp.sqrt(2)) + mp.mpf(1) / 2
    return alpha, 1 / mp.sqrt(mp.mpf(1) / 2 + alpha**2 * square)


def named(name):
    return next(act for act in netcore.ACTIVATIONS.values() if type(act).__name__ == name)


def derivative(f, t):
    with mp.workdps(400):
        h = mp.mpf(10) ** -100  # central: error h², relative to tails no smaller than 1e-190
        return (f(mp.mpf(t) + h) - f(mp.mpf(t) - h)) / (2 * h)


def test_every_elementwise_activation_has_an_oracle():
    assert {type(act).__name__ for act in netcore.ACTIVATIONS.values()} == set(ORACLES)


@pytest.mark.parametrize("name", ORACLES)
@settings(deadline=None)
@given(t=st.floats(-30, 30))
def test_the_value_and_the_derivative_are_those_of_the_formula(name, t):
    if min((abs(t - kink) for kink in KINKS.get(name, [])), default=1) < 1e-12:
        return
    act, x = named(name), np.array([[t]])
    with mp.workdps(60):
        value, slope = float(ORACLES[name](mp.mpf(t))), float(derivative(ORACLES[name], t))
    # A few ulp of the result (an argument off by one ulp moves it by 30 eps of itself), or of the terms, which are
    # below 2, where a value or a derivative passes through 0.
    assert act(x)[0, 0] == pytest.approx(value, rel=2e-14, abs=2e-15)
    assert act.grad(x)[0, 0] == pytest.approx(slope, rel=2e-14, abs=2e-15)


@pytest.mark.parametrize(
    "name", ["Sigmoid", "Tanh", "GELU", "GELUTanh", "SiLU", "Mish", "Softplus", "ELU", "CELU", "Exp"]
)
@pytest.mark.parametrize("t", [-30.0, -17.0, -6.5, -1e-9, 1e-9, 6.5, 17.0, 30.0])
def test_the_tails_keep_their_relative_accuracy(name, t):
    if name == "GELUTanh" and t < -10:
        return  # there σ(2u) is below 1e-30 and one ulp of 2u = 1e3 is 1e3 eps of it
    x = np.array([t])
    with mp.workdps(60 + int(abs(t))):
        value, slope = float(ORACLES[name](mp.mpf(t))), float(derivative(ORACLES[name], t))
    # The exponent of a Gaussian tail is up to 450, so one ulp of it is 450 eps = 1e-13 of the result.
    if abs(value) > 1e-300:
        assert relative_error(named(name)(x)[0], value) < 5e-13
    if abs(slope) > 1e-300:
        assert relative_error(named(name).grad(x)[0], slope) < 5e-13


def relative_error(found, exact):
    return abs(found - exact) / abs(exact)


@pytest.mark.parametrize("name", sorted(set(ORACLES) - {"Exp"}))  # e^1000 is truly infinite
@pytest.mark.parametrize("far", [1e3, 1e30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_out_nothing_overflows_or_warns(name, far, dtype):
    x = np.array([[-far, far, 0.0]], dtype)
    assert np.all(np.isfinite(named(name)(x)))
    flat = named(name).grad(x)[0, :2]
    np.testing.assert_allclose(flat, named(name).grad(x / 2)[0, :2], atol=1e-5)  # Softsign's is 1 / 500²


@pytest.mark.parametrize("name", ORACLES)
def test_integers_are_the_numbers_that_they_are(name):
    x = np.array([[-3, 0, 2], [1, -1, 4]])
    np.testing.assert_array_equal(named(name)(x), named(name)(x.astype(float)))
    np.testing.assert_array_equal(named(name).grad(x), named(name).grad(x.astype(float)))


@pytest.mark.parametrize("z", [0.3 + 0.4j, -2.0 + 1.0j, 40.0 - 3.0j, -800.0 + 0.5j])
def test_sigmoid_and_silu_hold_for_complex_arguments(z):
    x = np.array([[z, 0.1j]])
    with mp.workdps(400):  # for 1 - σ
        value = 1 / (1 + mp.exp(-mp.mpc(z)))
        slope = value * (1 - value)
        expected = [complex(v) for v in (value, slope, z * value, value + z * slope)]
    found = [f(x)[0, 0] for act in (netcore.Sigmoid(), netcore.SiLU()) for f in (act, act.grad)]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


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
