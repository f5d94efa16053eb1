"""Layers against differences, for shapes and sizes that Hypothesis draws, and the promises that all layers make."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from netcore_oracles import assert_pullback

from netcore import Dense, Sequential, Sigmoid, Tanh


@given(
    st.integers(1, 5),
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(0, 99),
    st.sampled_from(["normal", "he", "glorot"]),
)
def test_the_pullback_of_dense_is_the_derivative(batch, n_in, n_out, seed, initialiser):
    rng = np.random.default_rng(seed)
    layer = Dense(n_in, n_out, initialiser=initialiser)
    assert_pullback(layer, layer.init(rng), rng.normal(size=(batch, n_in)))


def test_dense_multiplies_and_adds():
    params = {"W": np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]), "b": np.array([[2.0, 3.0]])}
    x = np.array([[0.0, 1.0, -1.0], [2.0, -2.0, 0.0]])
    y, _ = Dense(3, 2).forward(params, x)
    np.testing.assert_array_equal(y, [[0.0, 1.0], [-2.0, -1.0]])  # the example in the notebook's docstring


def test_dense_sums_over_the_batch_and_never_averages():
    rng = np.random.default_rng(4)
    layer = Dense(3, 2)
    params, x, dy = layer.init(rng), rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    _, whole = layer.backward(params, layer.forward(params, x)[1], dy)
    rows = [layer.backward(params, layer.forward(params, x[i : i + 1])[1], dy[i : i + 1])[1] for i in range(5)]
    for name in ("W", "b"):
        np.testing.assert_allclose(whole[name], sum(row[name] for row in rows), rtol=1e-13, atol=1e-14)


def test_sequential_names_its_parameters_by_position():
    layer = Sequential([Dense(3, 5), Sigmoid(), Sequential([Dense(5, 2)])])
    params = layer.init(np.random.default_rng(0))
    assert {name: array.shape for name, array in params.items()} == {
        "0.W": (3, 5), "0.b": (1, 5), "2.0.W": (5, 2), "2.0.b": (1, 2),
    }  # fmt: skip
    assert_pullback(layer, params, np.random.default_rng(1).normal(size=(4, 3)))


def test_more_than_ten_layers_do_not_mix_up_their_parameters():
    layer = Sequential([Dense(2 + i % 2, 3 - i % 2) for i in range(12)])
    assert_pullback(layer, {k: 0.5 * v for k, v in layer.init(np.random.default_rng(3)).items()}, np.ones((4, 2)))


@pytest.mark.parametrize(("x", "message"), [((4, 2), "batch, 3"), ((3,), "batch, 3")])
def test_an_input_of_the_wrong_size_is_refused(x, message):
    with pytest.raises(ValueError, match=rf"Expected x of shape \({message}\) but got x.shape="):
        Dense(3, 2).forward(Dense(3, 2).init(np.random.default_rng(0)), np.zeros(x))


def test_an_unknown_initialiser_is_refused_when_the_layer_is_made():
    with pytest.raises(ValueError, match=r"got initialiser='glorott'; did you mean 'glorot'\?"):
        Dense(3, 2, initialiser="glorott")


@pytest.mark.parametrize("layer", [Dense(3, 2), Dense(3, 2, bias=False), Sequential([Dense(3, 2), Tanh()])])
def test_float32_stays_float32_and_empty_and_strided_batches_work(layer):
    rng = np.random.default_rng(6)
    params = {name: array.astype(np.float32) for name, array in layer.init(rng).items()}
    x = rng.normal(size=(3, 10)).astype(np.float32).T[::2]
    for batch in (x, x[:0]):
        y, cache = layer.forward(params, batch)
        dx, dparams = layer.backward(params, cache, np.ones_like(y))
        assert (y.shape, dx.shape) == ((len(batch), 2), batch.shape)
        assert {y.dtype, dx.dtype, *(g.dtype for g in dparams.values())} == {np.dtype(np.float32)}
        assert {k: g.shape for k, g in dparams.items()} == {k: p.shape for k, p in params.items()}
