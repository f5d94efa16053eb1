"""Right layers agree and spoiled ones do not, at any shape, size and weights that Hypothesis can think of."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gradcheck
import netcore
from gradcheck import Verdict, adapt

VALID = (Verdict.AGREES, Verdict.KINK)
FEW = settings(
    max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
SIZES = st.sampled_from([2, 3, 5, 7])
SEEDS = st.integers(0, 2**32 - 1)
ELEMENTWISE = sorted(set(netcore.ACTIVATIONS) - {"softmax", "log_softmax"})
LOSSES = {
    "mse": "real",
    "mae": "real",
    "huber": "real",
    "logcosh": "real",
    "logloss": "share",
}


@st.composite
def shapes(draw):
    """Two or three axes of different sizes."""
    return tuple(draw(st.permutations([2, 3, 5, 7]))[: draw(st.integers(1, 3))])


def spoil(target, factor):
    """The same target whose gradients are all off by a relative factor."""

    def linearize(*inputs):
        y, pullback = target.linearize(*inputs)
        return y, lambda u: {
            n: None if g is None else (g * np.asarray(1 + factor, np.asarray(g).dtype)) for n, g in pullback(u).items()
        }

    return replace(target, linearize=linearize)


def agrees(target):
    report = gradcheck.check(target, effort="quick")
    assert report.verdict in VALID, str(report)


def disagrees(target, factor):
    assert gradcheck.check(spoil(target, factor), effort="quick").verdict is Verdict.DISAGREES


@pytest.mark.parametrize("name", ELEMENTWISE)
@FEW
@given(shape=shapes(), scale=st.sampled_from([1e-3, 0.1, 1.0, 3.0]), seed=SEEDS)
def test_activations_agree_at_any_shape_and_scale(name, shape, scale, seed):
    x = scale * np.random.default_rng(seed).normal(size=shape)
    agrees(adapt.activation(netcore.ACTIVATIONS[name], x))


@pytest.mark.parametrize("name", [n for n in LOSSES if n in netcore.LOSSES])
@FEW
@given(shape=shapes(), reduction=st.sampled_from(["mean", "sum"]), seed=SEEDS)
def test_losses_agree_at_any_shape_and_reduction_and_half_of_them_does_not(name, shape, reduction, seed):
    rng = np.random.default_rng(seed)
    if LOSSES[name] == "share":
        y, y_hat = rng.uniform(0.05, 0.95, size=(2, *shape))
    else:
        y, y_hat = rng.normal(size=(2, *shape))
    target = adapt.loss(replace(netcore.LOSSES[name], reduction=reduction), y, y_hat)
    agrees(target)
    disagrees(target, -0.5)


@FEW
@given(batch=SIZES, n_in=SIZES, n_out=SIZES, scale=st.sampled_from([1e-4, 1.0, 1e4]), seed=SEEDS)
def test_dense_layers_agree_at_any_size_and_weights_and_a_millionth_more_does_not(batch, n_in, n_out, scale, seed):
    rng = np.random.default_rng(seed)
    layer = netcore.Dense(n_in, n_out)
    params = {name: scale * value for name, value in layer.init(rng).items()}
    target = adapt.layer(layer, params, rng.normal(size=(batch, n_in)))
    agrees(target)
    disagrees(target, 1e-6)


@FEW
@given(batch=SIZES, n_in=SIZES, n_out=SIZES, seed=SEEDS)
def test_dense_layers_of_float32_agree_and_a_thousandth_more_does_not(batch, n_in, n_out, seed):
    rng = np.random.default_rng(seed)
    layer = netcore.Dense(n_in, n_out)
    params = {name: value.astype(np.float32) for name, value in layer.init(rng).items()}
    target = adapt.layer(layer, params, rng.normal(size=(batch, n_in)).astype(np.float32))
    agrees(target)
    disagrees(target, 1e-3)


@FEW
@given(
    sizes=st.lists(SIZES, min_size=2, max_size=4),
    act=st.sampled_from(["relu", "tanh", "sigmoid", "gelu", "elu"]),
    batch=SIZES,
    seed=st.integers(0, 10_000),
)
def test_models_agree_at_any_depth_and_width(sizes, act, batch, seed):
    model = netcore.Model(sizes, act=act, out_act="identity", initialiser="glorot", seed=seed)
    rng = np.random.default_rng([seed, 1])
    x, y = rng.normal(size=(batch, sizes[0])), rng.normal(size=(batch, sizes[-1]))
    report = gradcheck.check(adapt.model(model, x, y), effort="quick")
    assert report.verdict in VALID, str(report)
    assert report.culprits == report.contaminated == ()


@FEW
@given(shape=shapes(), place=st.integers(0, 10**6), factor=st.sampled_from([-1.0, 0.0, 1.01, 1.0001, 10.0]), seed=SEEDS)
def test_one_wrong_entry_is_found_wherever_it_is(shape, place, factor, seed):
    x = np.random.default_rng(seed).normal(size=shape)

    def pull(inputs, u):
        g = u * np.cosh(inputs[0])
        g.flat[place % g.size] *= factor
        return (g,)

    report = gradcheck.check(adapt.vjp(np.sinh, pull, x, names=("x",), name="sinh"))
    assert report.verdict is Verdict.DISAGREES
    found = [f for f in report.findings if f.check == "gradient.entries"]
    assert [f.worst for f in found] == [tuple(int(i) for i in np.unravel_index(place % x.size, shape))]
    assert [f.wrong for f in found] == [1]
